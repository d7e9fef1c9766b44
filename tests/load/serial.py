"""A crowd before a server that sends one message a second: python -m tests.load.serial

signal-cli-rest-api in the mode ``normal`` starts a process for each message, one after the other.
"""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests import gateway, standin
from tests.standin import Behaviour

CALLERS = 200


def main() -> None:
    with standin.running(lambda document: Behaviour(delay=1)) as server:
        server.mode = "normal"
        with gateway.sending(
            server.url,
        ) as running:

            def call(number: int) -> tuple[str, float]:
                started = time.monotonic()
                document = {"to": f"+4915112345{number:03}", "message": "hello"}
                code = running.post(document).json().get("code", "sent")
                return code, time.monotonic() - started

            with ThreadPoolExecutor(CALLERS) as threads:
                answers = list(threads.map(call, range(CALLERS)))
    print(f"{CALLERS} callers at once, deadline 20 s, one second a message")
    for code, count in Counter(code for code, _ in answers).items():
        longest = max(seconds for found, seconds in answers if found == code)
        print(f"  {code:8} {count:4}, the last after {longest:.1f} s")
    print(
        f"  at most {server.books.at_once} at a time, {len(server.books.accepted)} accepted"
    )


if __name__ == "__main__":
    main()
