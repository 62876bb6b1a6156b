"""Runs the test queries of prometheus/compliance (promql) against a reference Prometheus and another server and compares.

Usage: promql_compliance.py QUERIES REFERENCE_PORT PORT. Both servers must take remote writes; each gets the same two hours of
synthetic series under the names that the queries expect. Prints "passed N/M" and what differs. As upstream's tester does,
values may differ by a hundred-thousandth, order and presence of points may not.
"""

import math
import struct
import sys
import time

import requests
import yaml

STEP = 5
START = int(time.time()) // 60 * 60 - 2 * 3600
COUNT = 2 * 3600 // STEP
# Template arguments and their values, as upstream's tester knows them.
ARGUMENTS = {
    "range": ["1s", "15s", "1m", "5m", "15m", "1h"],
    "offset": ["1m", "5m", "10m"],
    "simpleAggrOp": ["sum", "avg", "max", "min", "count", "stddev", "stdvar"],
    "simpleTimeAggrOp": ["sum", "avg", "max", "min", "count", "stddev", "stdvar", "absent", "last", "present"],
    "quantile": ["-0.5", "0.1", "0.5", "0.75", "0.95", "0.90", "0.99", "1", "1.5"],
    "topBottomOp": ["topk", "bottomk"],
    "arithBinOp": ["+", "-", "*", "/", "%", "^"],
    "compBinOp": ["==", "!=", "<", ">", "<=", ">="],
    "binOp": ["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">="],
    "simpleMathFunc": ["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "round"],
    "extrapolatedRateFunc": ["delta", "rate", "increase"],
    "clampFunc": ["clamp_min", "clamp_max"],
    "instantRateFunc": ["idelta", "irate"],
    "dateFunc": ["day_of_month", "day_of_week", "days_in_month", "hour", "minute", "month", "year"],
}


def series():
    """Label sets and their samples."""
    for number, instance in enumerate(f"demo.promlabs.com:{port}" for port in (10000, 10001, 10002)):
        base = {"instance": instance, "job": "demo"}

        def make(name, labels, value, keep=lambda i: True, base=base):
            points = [(START + i * STEP, value(i)) for i in range(COUNT) if keep(i)]
            return {"__name__": name, **base, **labels}, points

        for kind, level in (("buffers", 1e8), ("cached", 4e8), ("free", 2e9), ("used", 3e9)):
            yield make("demo_memory_usage_bytes", {"type": kind}, lambda i, l=level, n=number: l + 1e6 * n + l / 9 * math.sin(i / 40 + n))
        for mode, rate in (("idle", 0.7), ("system", 0.1), ("user", 0.2)):
            # Restarts set counters back.
            yield make("demo_cpu_usage_seconds_total", {"mode": mode}, lambda i, r=rate, n=number: (i % (500 + 90 * n)) * STEP * r * (1 + n / 7))
        yield make("demo_num_cpus", {}, lambda i: 4.0)
        yield make("demo_disk_usage_bytes", {}, lambda i, n=number: 1e10 + 1e5 * i * (n + 1))
        yield make("demo_batch_last_success_timestamp_seconds", {}, lambda i: float(START + i * STEP - i * STEP % 600))
        yield make("demo_intermittent_metric", {}, lambda i: 1.0, keep=lambda i, n=number: (i // 24 + n) % 2 == 0)
        for method, status in (("GET", "200"), ("GET", "500"), ("POST", "200")):
            labels = {"method": method, "path": "/api/foo", "status": status}
            for place, bound in enumerate(("0.0001", "0.00015", "0.001", "0.1", "1", "+Inf")):
                value = lambda i, p=place, n=number: float(i * (p + 1) * (n + 2) // 3)
                yield make("demo_api_request_duration_seconds_bucket", {**labels, "le": bound}, value)
            yield make("demo_api_request_duration_seconds_count", labels, lambda i, n=number: float(i * 6 * (n + 2) // 3))
            yield make("demo_api_request_duration_seconds_sum", labels, lambda i, n=number: i * 0.3 * (n + 1))


def varint(number):
    """A protobuf varint."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, payload):
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def snappy(message):
    """A snappy block of literals alone."""
    out = bytearray(varint(len(message)))
    for at in range(0, len(message), 65536):
        piece = message[at : at + 65536]
        out += bytes([61 << 2]) + struct.pack("<H", len(piece) - 1) + piece
    return bytes(out)


def write(port, written):
    """Sends series by remote write, oldest samples first."""
    headers = {"content-type": "application/x-protobuf", "content-encoding": "snappy", "x-prometheus-remote-write-version": "0.1.0"}
    for first in range(0, COUNT, 480):
        message = b""
        for labels, points in written:
            low, high = START + first * STEP, START + (first + 480) * STEP
            body = b"".join(field(1, field(1, k.encode()) + field(2, v.encode())) for k, v in sorted(labels.items()))
            for at, value in points:
                if low <= at < high:
                    body += field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(at * 1000))
            message += field(1, body)
        answer = requests.post(f"http://127.0.0.1:{port}/api/v1/write", data=snappy(message), headers=headers, timeout=60)
        answer.raise_for_status()


def variants(query, names):
    """All queries of a template."""
    if not names:
        yield query
        return
    for value in ARGUMENTS[names[0]]:
        yield from variants(query.replace("{{." + names[0] + "}}", value), names[1:])


def ask(port, query):
    """Status and series of a range query over the last ten minutes but two."""
    end = START + COUNT * STEP - 120
    given = {"query": query, "start": end - 600, "end": end, "step": 10}
    answer = requests.get(f"http://127.0.0.1:{port}/api/v1/query_range", params=given, timeout=120).json()
    if answer["status"] != "success":
        return answer["errorType"], answer["error"]
    return "success", [(row["metric"], row["values"]) for row in answer["data"]["result"]]


def close(one, other):
    """Whether two values are the same for upstream's tester."""
    one, other = float(one), float(other)
    return one == other or (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=1e-5)


def same(reference, tested):
    """Whether two answers agree."""
    if reference[0] != tested[0]:
        return False
    if reference[0] != "success":
        return True
    ours, theirs = (sorted(answer[1], key=lambda row: sorted(row[0].items())) for answer in (tested, reference))
    return [row[0] for row in ours] == [row[0] for row in theirs] and all(
        len(a[1]) == len(b[1]) and all(p[0] == q[0] and close(p[1], q[1]) for p, q in zip(a[1], b[1])) for a, b in zip(ours, theirs)
    )


def main():
    """Feeds, asks, compares."""
    cases = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))["test_cases"]
    reference, tested = sys.argv[2:4]
    written = list(series())
    write(reference, written)
    write(tested, written)
    passed, failures, empty, outdated = 0, [], 0, 0
    for case in cases:
        for query in variants(case["query"], case.get("variant_args", [])):
            wanted, found = ask(reference, query), ask(tested, query)
            empty += wanted == ("success", [])
            # The reference decides: label names that the file takes for wrong are good ones since 3.0.
            outdated += (wanted[0] != "success") != case.get("should_fail", False)
            if same(wanted, found):
                passed += 1
            else:
                failures.append(f"{query}: {str(wanted)[:300]} / {str(found)[:300]}")
    print(f"passed {passed}/{passed + len(failures)} ({empty} empty answers, {outdated} refusals of the file that the reference does not make)")
    print("\n".join(failures))


if __name__ == "__main__":
    main()
