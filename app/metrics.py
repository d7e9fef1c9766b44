"""What Prometheus is told: counted in every worker, summed over all of them when it asks.

The labels are words of the configuration or of our own, so that their number is bounded.
"""

import os
import platform
from collections.abc import Sequence
from functools import partial

import prometheus_client
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# From a send that the daemon queues to authentik's limit of 30 seconds.
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 25, 30)
PROBLEMS = (
    "no_sender",
    "sender_not_registered",
    "signal_unreachable",
    "limits_unreachable",
)
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

_Sum = partial(Gauge, multiprocess_mode="livesum")
_Latest = partial(Gauge, multiprocess_mode="mostrecent")

MESSAGES = Counter(
    "signal_gateway_messages_total",
    "Messages, one for each recipient, by what became of them.",
    ["client", "template", "backend", "outcome"],
)
REQUESTS = Counter(
    "signal_gateway_requests_total", "Answers by their code, ok for success.", ["code"]
)
LIMITS_HIT = Counter(
    "signal_gateway_limits_hit_total", "Refusals by the gateway's limits.", ["limit"]
)
REQUEST_SECONDS = Histogram(
    "signal_gateway_request_duration_seconds",
    "Time of a request that was to send.",
    buckets=_SECONDS,
)
SIGNAL_SECONDS = Histogram(
    "signal_gateway_signal_duration_seconds",
    "Time of one send in Signal's server.",
    ["backend"],
    buckets=_SECONDS,
)
IN_FLIGHT = _Sum("signal_gateway_requests_in_flight", "Requests under way.")
WAITING = _Sum("signal_gateway_sends_waiting", "Requests that wait for their turn.")
READY = _Latest("signal_gateway_ready", "Whether a message could be sent now.")
PROBLEM = _Latest("signal_gateway_problem", "What is in the way.", ["code"])
BUILD = _Latest("signal_gateway_build_info", "Versions.", ["version", "python"])


def exposition(version: str, problems: Sequence[str]) -> bytes:
    """All metrics as Prometheus' text. ``problems`` keep the gateway from being ready."""
    BUILD.labels(version, platform.python_version()).set(1)
    READY.set(not problems)
    for code in PROBLEMS:
        PROBLEM.labels(code).set(code in problems)
    registry = prometheus_client.REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = prometheus_client.CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return prometheus_client.generate_latest(registry)
