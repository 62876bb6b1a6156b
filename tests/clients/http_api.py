"""Walks an OpenAPI description of the Prometheus HTTP API and asks a server for each path, method and parameter of it.

Usage: http_api.py DESCRIPTION PORT METRIC. Every answer is checked against the schema that the description gives it, every
named parameter is used, and the wrong calls are refused with the documented error. Prints "passed N/M" and what failed.
"""

import json
import struct
import sys
import time
import urllib.parse

import jsonschema
import requests
import yaml

NOW = time.time()
# Requests whose bodies are no forms, and one that this server has on another port.
BINARY = {"/read", "/write"}
ELSEWHERE = {"/otlp/v1/metrics"}


def values(metric):
    """A good value of every parameter that the description names."""
    return {
        "query": f"sum({metric})",
        "time": str(NOW),
        "start": str(NOW - 300),
        "end": str(NOW),
        "step": "15",
        "limit": "5",
        "timeout": "30s",
        "lookback_delta": "2m",
        "stats": "all",
        "match[]": metric,
        "name": "job",
        "limit_per_metric": "1",
        "metric": metric,
        "scrapePool": "gatewatch",
        "state": "any",
        "match_target": '{job="gatewatch"}',
        "labels": json.dumps({"__address__": "localhost:1"}),
        "type": "alert",
        "rule_name[]": "none",
        "rule_group[]": "none",
        "file[]": "none",
        "exclude_alerts": "true",
        "group_limit": "10",
        "metric_name_pattern": "process_.*",
        "skip_head": "true",
        "search[]": metric[:4],
        "fuzz_threshold": "10",
        "fuzz_alg": "subsequence",
        "case_sensitive": "false",
        "sort_by": "alpha",
        "sort_dir": "asc",
        "include_score": "true",
        "include_metadata": "true",
        "batch_size": "2",
        "label": "job",
    }


# Described as 200 with a body; the server that is described answers 204 without one, and so do its own documents say.
NOTHING_TO_TELL = ("/admin/tsdb/delete_series", "/admin/tsdb/clean_tombstones")

# A wrong value of a parameter and the code of the refusal.
WRONG = {
    "time": "noon",
    "start": "noon",
    "end": "noon",
    "step": "-1",
    "limit": "-1",
    "timeout": "soon",
    "lookback_delta": "long",
    "query": "sum(",
    "match[]": "{",
    "type": "other",
    "state": "other",
    "exclude_alerts": "maybe",
    "fuzz_alg": "other",
    "fuzz_threshold": "101",
    "sort_by": "other",
    "sort_dir": "up",
    "case_sensitive": "maybe",
    "include_score": "maybe",
    "batch_size": "0",
    "metric_name_pattern": "(",
    "group_limit": "0",
    "match_target": "{",
    "labels": "[",
}


class Walk:
    """Counts what passed."""

    def __init__(self, description, port, metric):
        self.description = description
        self.base = f"http://127.0.0.1:{port}/api/v1"
        self.values = values(metric)
        self.passed, self.failures = 0, []
        self.session = requests.Session()

    def check(self, what, good, why=""):
        if good:
            self.passed += 1
        else:
            self.failures.append(f"{what}: {why}"[:600])

    def conforms(self, what, answer, schema):
        """The body is of the schema."""
        whole = {**schema, "components": self.description["components"]}
        try:
            jsonschema.Draft202012Validator(whole).validate(answer.json())
        except (jsonschema.ValidationError, ValueError) as error:
            self.check(what, False, f"{answer.status_code} {answer.text[:200]} {str(error)[:300]}")
            return
        self.check(what, True)

    def send(self, method, path, given):
        given = dict(given)
        path = path.replace("{name}", urllib.parse.quote(given.pop("name", "job")))
        if method == "post":
            return self.session.post(self.base + path, data=given, timeout=60)
        return self.session.request(method.upper(), self.base + path, params=given, timeout=60)

    def parameters(self, operation):
        """Names and whether they are required, of the query string or of the form."""
        listed = [(p["name"], p.get("required", False)) for p in operation.get("parameters", [])]
        form = operation.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded")
        if form:
            name = form["schema"]["$ref"].rsplit("/", 1)[1]
            schema = self.description["components"]["schemas"][name]
            listed += [(name, name in schema.get("required", [])) for name in schema.get("properties", {})]
        return listed

    def operation(self, method, path, operation):
        what = f"{method.upper()} {path}"
        names = self.parameters(operation)
        required = {name: self.values[name] for name, needed in names if needed}
        admin = path.startswith("/admin/")
        for name in [None] + [name for name, _ in names if name != "group_next_token"]:
            given = dict(required)
            if name:
                given[name] = self.values[name]
            self.answer(f"{what} {name or ''}", self.send(method, path, given), operation)
            wrong = WRONG.get(name)
            # A missing limit and a limit of another endpoint's meaning are told apart by the endpoint.
            if name and wrong is not None and not (name == "limit" and path.startswith("/targets")):
                refused = self.send(method, path, {**given, name: wrong})
                self.refused(f"{what} {name}={wrong}", refused, operation)
        for name in required:
            if name == "name":
                continue
            rest = {key: value for key, value in required.items() if key != name}
            self.refused(f"{what} without {name}", self.send(method, path, rest), operation)
        if admin:
            self.check(f"{what} GET", self.session.get(self.base + path, timeout=60).status_code == 405)

    def answer(self, what, answer, operation):
        content = operation["responses"]["200"]["content"]
        if "application/x-ndjson" in content:
            lines = [json.loads(line) for line in answer.text.splitlines()]
            good = answer.status_code == 200 and lines[-1]["status"] == "success" and "has_more" in lines[-1]
            return self.check(what, good, answer.text)
        if any(f" {path} " in what for path in NOTHING_TO_TELL):
            return self.check(what, answer.status_code == 204 and not answer.content, f"{answer.status_code} {answer.text}")
        if answer.status_code != 200:
            return self.check(what, False, f"{answer.status_code} {answer.text}")
        return self.conforms(what, answer, content["application/json"]["schema"])

    def refused(self, what, answer, operation):
        if answer.status_code != 400:
            return self.check(what, False, f"{answer.status_code} {answer.text}")
        schema = operation["responses"]["default"]["content"]["application/json"]["schema"]
        good = answer.headers["content-type"].startswith("application/json") and answer.json().get("errorType") == "bad_data"
        self.check(f"{what} is bad_data", good, answer.text)
        return self.conforms(what, answer, schema)

    def binary(self, path):
        """Requests that are snappy blocks: an empty one is a message without anything in it."""
        empty = b"\x00"
        headers = {"content-type": "application/x-protobuf", "content-encoding": "snappy"}
        answer = self.session.post(self.base + path, data=empty, headers=headers, timeout=60)
        self.check(f"POST {path}", answer.status_code in (200, 204), f"{answer.status_code} {answer.text}")
        answer = self.session.post(self.base + path, data=struct.pack("<I", 7), headers=headers, timeout=60)
        self.check(f"POST {path} of junk", answer.status_code == 400, f"{answer.status_code} {answer.text}")

    def run(self):
        for path, operations in self.description["paths"].items():
            if path in ELSEWHERE:
                continue
            if path in BINARY:
                self.binary(path)
                continue
            for method, operation in operations.items():
                self.operation(method, path, operation)
            answer = self.session.options(self.base + path.replace("{name}", "job"), timeout=60)
            self.check(f"OPTIONS {path}", answer.status_code == 204, str(answer.status_code))


def main():
    """Runs the walk."""
    description = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
    walk = Walk(description, *sys.argv[2:4])
    walk.run()
    # The server's own description must be one, and know the same paths.
    own = yaml.safe_load(walk.session.get(walk.base + "/openapi.yaml", timeout=60).text)
    missing = set(description["paths"]) - set(own["paths"]) - ELSEWHERE
    walk.check("openapi.yaml knows every path", not missing, str(missing))
    print(f"passed {walk.passed}/{walk.passed + len(walk.failures)}")
    for failure in walk.failures:
        print(failure)


if __name__ == "__main__":
    main()
