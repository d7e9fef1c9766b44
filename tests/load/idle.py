"""A code while strangers hold connections: python -m tests.load.idle

700 never say a word and 20 stop in the middle of a request; none of them hangs up. Two codes a second
are sent meanwhile, until long after the gateway has given up the strangers. Exits 1 if a goal is missed.
"""

import socket
from contextlib import ExitStack
from functools import partial

from tests import standin
from tests.load.calls import at_a_rate, codes, elsewhere
from tests.load.processes import machine, served
from tests.load.report import Goals, seconds, table

IDLE = 700
HALF_OPEN = 20
SECONDS = 12
RATE = 2


def main() -> None:
    goals = Goals()
    with standin.running() as signal, served(signal.url) as gateway:
        with ExitStack() as stack:
            for number in range(IDLE + HALF_OPEN):
                stranger = socket.create_connection(("127.0.0.1", gateway.port))
                stack.enter_context(stranger)
                stranger.sendall(first_words(number))
            sent = codes(RATE * SECONDS)
            told = elsewhere(partial(at_a_rate, gateway.port, sent, RATE))
    print(machine())
    table(f"a code, {IDLE} idle and {HALF_OPEN} half-open connections", told)
    goals.only(["201"], told)
    goals.at_most(2, "slowest s", max(seconds(told)))
    goals.exit()


def first_words(number: int) -> bytes:
    """What a stranger says: nothing, half of a head, or all but the last byte of a body."""
    if number < IDLE:
        return b""
    return codes(1)[0][: 20 if number % 2 else -1]


if __name__ == "__main__":
    main()
