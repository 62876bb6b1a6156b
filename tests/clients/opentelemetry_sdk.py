"""Sends traces, metrics and logs with the unmodified OpenTelemetry SDK, by gRPC or by HTTP.

Usage: opentelemetry_sdk.py grpc|http PORT SERVICE
Prints the trace id of the first trace.
"""

import logging
import sys

from opentelemetry import metrics, trace
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def exporters(protocol, port):
    """The three exporters of a protocol, pointed at the port."""
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        options = {"endpoint": f"http://127.0.0.1:{port}", "insecure": True}
        return OTLPSpanExporter(**options), OTLPMetricExporter(**options), OTLPLogExporter(**options)
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    base = f"http://127.0.0.1:{port}/v1/"
    return (
        OTLPSpanExporter(endpoint=base + "traces", compression=Compression.Gzip),
        OTLPMetricExporter(endpoint=base + "metrics"),
        OTLPLogExporter(endpoint=base + "logs", compression=Compression.Gzip),
    )


def main():
    """Sends ten requests of two spans each, a counter, a histogram, and a log line inside a span."""
    protocol, port, service = sys.argv[1:4]
    spans, measurements, records = exporters(protocol, port)
    resource = Resource.create({"service.name": service, "deployment.environment": "test"})

    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(spans))
    trace.set_tracer_provider(tracing)
    metering = MeterProvider(resource=resource, metric_readers=[PeriodicExportingMetricReader(measurements)])
    metrics.set_meter_provider(metering)
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(records))
    logger = logging.getLogger("shop")
    logger.setLevel(logging.INFO)
    logger.addHandler(LoggingHandler(logger_provider=logs))

    tracer = trace.get_tracer("shop")
    counter = metrics.get_meter("shop").create_counter("shop.orders", unit="1")
    duration = metrics.get_meter("shop").create_histogram("shop.duration", unit="s")
    first = None
    for number in range(10):
        with tracer.start_as_current_span("GET /cart", kind=trace.SpanKind.SERVER) as root:
            root.set_attribute("http.response.status_code", 200)
            with tracer.start_as_current_span("SELECT carts", kind=trace.SpanKind.CLIENT) as child:
                child.set_attribute("db.system", "postgresql")
                child.add_event("row", {"count": number})
            counter.add(1, {"route": "/cart"})
            duration.record(0.1 * number, {"route": "/cart"})
            logger.info("order %d accepted", number)
            first = first or root.get_span_context().trace_id
    for provider in (tracing, metering, logs):
        provider.force_flush()
        provider.shutdown()
    print(f"{first:032x}")


main()
