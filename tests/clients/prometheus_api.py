"""Asks the Prometheus API with prometheus-api-client. Usage: prometheus_api.py PORT METRIC. Prints value and sample count."""

import datetime
import sys

from prometheus_api_client import PrometheusConnect


def main():
    """Names, an instant query and the samples of a range."""
    port, metric = sys.argv[1:3]
    server = PrometheusConnect(url=f"http://127.0.0.1:{port}")
    assert server.check_prometheus_connection(), "the server is not reachable"
    assert metric in server.all_metrics(), "the metric is not among the names"
    instant = server.get_current_metric_value(metric_name=metric)
    end = datetime.datetime.now()
    found = server.get_metric_range_data(metric_name=metric, start_time=end - datetime.timedelta(minutes=5), end_time=end)
    samples = sum(len(series["values"]) for series in found)
    print(instant[0]["value"][1], samples, len(found))


if __name__ == "__main__":
    main()
