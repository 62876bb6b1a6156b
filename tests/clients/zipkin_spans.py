"""Sends a trace of two spans with py-zipkin, encoded as v2 JSON. Usage: zipkin_spans.py PORT SERVICE. Prints the trace id."""

import sys

import requests
from py_zipkin import Encoding, Kind
from py_zipkin.transport import BaseTransportHandler
from py_zipkin.zipkin import zipkin_client_span, zipkin_span


class Http(BaseTransportHandler):
    """Posts what the library encoded."""

    def __init__(self, port):
        super().__init__()
        self.address = f"http://127.0.0.1:{port}/api/v2/spans"

    def get_max_payload_bytes(self):
        return None

    def send(self, payload):
        answer = requests.post(self.address, data=payload, headers={"Content-Type": "application/json"}, timeout=10)
        answer.raise_for_status()


def main():
    """The library writes its trace id as 16 hexadecimal digits."""
    port, service = sys.argv[1:3]
    with zipkin_span(
        service_name=service,
        span_name="get /checkout",
        transport_handler=Http(port),
        sample_rate=100,
        encoding=Encoding.V2_JSON,
        kind=Kind.SERVER,
    ) as span:
        span.update_binary_annotations({"http.status_code": "200"})
        span.add_annotation("accepted")
        with zipkin_client_span(service_name=service, span_name="pay"):
            pass
        print(span.zipkin_attrs.trace_id)


main()
