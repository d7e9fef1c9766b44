"""How the lines of the log look, and where they go: the gateway's own and gunicorn's."""

import json
import logging
import os
import time
import traceback
from functools import lru_cache
from types import TracebackType
from typing import Any

STANDARD_ERROR = 2
LOG = logging.getLogger("gateway")


def set_up_logging(level: str, log_format: str) -> None:
    """Let the gateway and gunicorn, unless it writes to a file of its own, log in the same form."""
    handler = LineHandler()
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    LOG.handlers = [handler]
    LOG.propagate = False
    LOG.setLevel(level)
    share_handler()
    # What no line of ours tells need not be asked of the system for each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    # It would log parts of answers.
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def share_handler() -> None:
    """Let gunicorn write as the gateway does, unless it was told to write to a file."""
    server = logging.getLogger("gunicorn.error")
    if not any(isinstance(known, logging.FileHandler) for known in server.handlers):
        server.handlers = list(LOG.handlers or server.handlers)


class LineHandler(logging.Handler):
    """Writes each line to standard error with one call of the kernel.

    That keeps lines whole without a lock, for which the threads would queue.
    """

    def handle(self, record: logging.LogRecord) -> bool:
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        try:
            os.write(STANDARD_ERROR, (self.format(record) + "\n").encode())
        except OSError:
            pass  # nobody is left to be told


class TextFormatter(logging.Formatter):
    """``time LEVEL message key=value …`` for people."""

    def format(self, record: logging.LogRecord) -> str:
        values = [
            f"{name}={json.dumps(value) if ' ' in str(value) else value}"
            for name, value in _entry(record).items()
        ]
        return " ".join([_time(record), record.levelname, _message(record), *values])


class JsonFormatter(logging.Formatter):
    """One JSON object a line for collectors."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(
            {
                "time": _time(record),
                "level": record.levelname,
                "message": _message(record),
                **_entry(record),
            }
        )


def _message(record: logging.LogRecord) -> str:
    """The sentence on one line; of an exception of gunicorn's without what it would fill in."""
    sentence = str(record.msg) if record.exc_info else record.getMessage()
    return " ".join(sentence.split())


def _entry(record: logging.LogRecord) -> dict[str, Any]:
    entry: dict[str, Any] = getattr(record, "entry", {})
    if record.exc_info and record.exc_info[0]:
        kind, _, trace = record.exc_info
        return {**entry, "exception": kind.__name__, "where": where(trace)}
    return entry


def _time(record: logging.LogRecord) -> str:
    return f"{_second(int(record.created))}.{int(record.msecs):03d}Z"


@lru_cache(maxsize=1)  # many lines fall into one
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def where(trace: TracebackType | None) -> str:
    """The way of an exception through the code, without its text, which could hold what it must not."""
    return " < ".join(
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(trace))
    )
