"""More than Signal can send, for half a minute: python -m tests.load.overload

Signal takes two seconds for each message and the gateway may send 16 at once, so that eight go out in a
second. 200 callers come each second, whether those before have their answer or not, each over a
connection of its own. Exits 1 if a goal is missed.
"""

import argparse
from functools import partial
from math import nan

from tests import standin
from tests.gateway import until
from tests.load.calls import elsewhere, send_all
from tests.load.processes import machine, served
from tests.load.report import Goals, seconds, table
from tests.standin import Behaviour

RATE = 200
DELAY = 2.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=30)
    length = parser.parse_args().seconds
    goals = Goals()
    with standin.running(lambda _: Behaviour(delay=DELAY)) as signal:
        with served(signal.url, SIGNAL_CONCURRENCY="16") as gateway:
            told = elsewhere(partial(send_all, gateway.port, RATE * length, RATE))
            until(lambda: not signal.books.under_way)
    print(machine())
    table(f"{RATE} a second for {length} s, 8 can be sent", told.values())
    goals.only(["201", "503 busy"], told.values())
    busy = [one for one in told.values() if one.label == "503 busy"]
    goals.at_most(1, "slowest busy s", max(seconds(busy), default=nan))
    goals.balanced(told, signal.books)
    goals.exit()


if __name__ == "__main__":
    main()
