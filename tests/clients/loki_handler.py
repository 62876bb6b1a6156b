"""Logs ten lines through python-logging-loki's handler. Usage: loki_handler.py PORT MARK"""

import logging
import sys

import logging_loki


def main():
    """A failed push raises instead of being swallowed by the logging module."""
    port, mark = sys.argv[1:3]
    handler = logging_loki.LokiHandler(
        url=f"http://127.0.0.1:{port}/loki/api/v1/push",
        tags={"application": "shop"},
        version="1",
    )

    def fail(record):
        raise sys.exc_info()[1]

    handler.handleError = fail
    logger = logging.getLogger("till")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    for number in range(10):
        logger.warning("%s line %d 한글", mark, number, extra={"tags": {"till": str(number % 2)}})


main()
