"""A Signal that never answers, and 320 callers at once: python -m tests.load.hang

Meanwhile somebody asks for /health/live and somebody has a wrong token, each four times a second. Exits 1
if a goal is missed.
"""

import asyncio
from functools import partial

from tests import standin
from tests.load.calls import Told, at_a_rate, elsewhere, request, send_all
from tests.load.processes import machine, served
from tests.load.report import Goals, seconds, table
from tests.standin import Behaviour

CALLERS = 320
DEADLINE = 20  # seconds, the gateway's default
RATE = 4
LIVE = [request(path="/health/live")] * DEADLINE * RATE
WRONG = [request({}, token="wrong-token-0123456789")] * DEADLINE * RATE


async def callers(port: int) -> tuple[dict[str, Told], list[Told], list[Told]]:
    """What the crowd, the probe and the one with a wrong token were told."""
    return await asyncio.gather(
        send_all(port, CALLERS),
        at_a_rate(port, LIVE, RATE),
        at_a_rate(port, WRONG, RATE),
    )


def main() -> None:
    print(machine())
    goals = Goals()
    with standin.running(lambda _: Behaviour(manner="hang")) as signal:
        with served(signal.url) as gateway:
            crowd, live, wrong = elsewhere(partial(callers, gateway.port))
    table(f"{CALLERS} at once, Signal hangs", crowd.values())
    goals.only(["504 signal_timeout", "503 busy"], crowd.values())
    goals.at_most(DEADLINE + 1, "last answer s", max(seconds(crowd.values())))
    goals.balanced(crowd, signal.books)
    table("/health/live meanwhile", live)
    goals.only(["200"], live)
    goals.at_most(1, "slowest s", max(seconds(live)))
    table("a wrong token meanwhile", wrong)
    goals.only(["401 unauthorized", "429 rate_limited"], wrong)
    goals.at_most(1, "slowest s", max(seconds(wrong)))
    goals.exit()


if __name__ == "__main__":
    main()
