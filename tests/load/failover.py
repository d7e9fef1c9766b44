"""Two servers, of which one fails in every way: python -m tests.load.failover

The first is well, then down, then hung, then well again, while callers go on sending.
"""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests import gateway, standin
from tests.gateway import Gateway
from tests.standin import Behaviour

CALLERS = 8
SECONDS = 12.0
LATENCY = 0.05
PLANS = {
    "both well": lambda document: Behaviour(delay=LATENCY),
    "first hung": lambda document: Behaviour(manner="hang", accepts=False),
}


def main() -> None:
    port = gateway.free_port()
    with standin.running(lambda document: Behaviour(delay=LATENCY)) as second:
        with gateway.sending(
            f"http://127.0.0.1:{port},{second.url}",
            SIGNAL_TIMEOUT="5",
        ) as running:
            print(
                f"{'phase':12} {'sent':>5} {'p50 ms':>7} {'p99 ms':>7}  not sent, with the code"
            )
            with standin.running(PLANS["both well"], port):
                phase("both well", running)
            phase("first down", running)
            with standin.running(PLANS["first hung"], port) as first:
                phase("first hung", running)
                print(
                    f"{'':12} {len(first.books.requests)} were handed to the hung server"
                )
                first.plan = PLANS["both well"]
                phase("first back", running)


def phase(name: str, running: Gateway) -> None:
    end = time.monotonic() + SECONDS
    with ThreadPoolExecutor(CALLERS) as threads:
        calls = [
            threads.submit(caller, running, number, end) for number in range(CALLERS)
        ]
        answers = [answer for call in calls for answer in call.result()]
    latencies = sorted(seconds for seconds, code in answers if code == "sent")
    codes = Counter(code for _, code in answers if code != "sent")
    middle, late = (
        latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99)
    )
    failed = ", ".join(f"{count} {code}" for code, count in codes.items()) or "0"
    print(f"{name:12} {len(latencies):5} {middle:7.0f} {late:7.0f}  {failed}")


def caller(running: Gateway, number: int, end: float) -> list[tuple[float, str]]:
    answers = []
    while time.monotonic() < end:
        started = time.monotonic()
        document = {"to": f"+4915112345{number:03}", "message": "hello"}
        answer = running.post(document)
        code = answer.json().get("code", "sent")
        answers.append((time.monotonic() - started, code))
    return answers


if __name__ == "__main__":
    main()
