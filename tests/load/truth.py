"""The books of the gateway and of Signal's server beside each other: python -m tests.load.truth

The server behaves in every way of the outcome tables at once, and 32 callers send through the real
gateway. Then each answer is held against what the server accepted: a 201 has exactly one acceptance,
a message told as not sent has none, one told as unknown has at most one.
"""

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

from app.signal.outcome import State
from tests import gateway, standin
from tests.gateway import Gateway
from tests.signal.test_daemon import ERRORS, failed, result
from tests.signal.test_rest import TEXTS
from tests.standin import ACCEPTING, Behaviour

CALLERS = 32
ACCEPTS = {
    State.SENT: [True],
    State.NOT_SENT: [False],
    State.UNKNOWN: [True, False],
}
UNKNOWN_STATUS = 504

# What a connection can do to a request whose message was accepted, or was not.
BROKEN = [
    Behaviour(manner=manner, accepts=accepts)
    for manner in ("reset", "hang", "trickle")
    for accepts in (True, False)
]
REST = [
    *[ACCEPTING] * 10,
    Behaviour(201, '[{"timestamp":"1700000000000"}]'),
    Behaviour(201, "null"),
    Behaviour(201, "x" * 70_000),
    Behaviour(500, "", accepts=False),
    Behaviour(500, "oops"),
    Behaviour(502, ""),
    Behaviour(302, "", accepts=False, headers={"Location": "/v1/about"}),
    Behaviour(404, "404 page not found", accepts=False),
    Behaviour(429, '{"error":"due to rate limiting","challenge_tokens":[""]}', accepts=False),
    *BROKEN,
    *[
        Behaviour(400, json.dumps({"error": text}), accepts=accepts)
        for text, (state, _) in TEXTS
        for accepts in ACCEPTS[state]
    ],
]  # fmt: skip
DAEMON = [
    *[ACCEPTING] * 10,
    Behaviour(201, ""),
    Behaviour(421, "", accepts=False),
    Behaviour(415, "", accepts=False),
    Behaviour(404, "", accepts=False),
    Behaviour(502, ""),
    *BROKEN,
    *[
        Behaviour(200, json.dumps(failed(message, code)), accepts=accepts)
        for message, code, (state, _), _ in ERRORS
        for accepts in ACCEPTS[state]
    ],
    *[
        Behaviour(200, json.dumps(failed("x", response=result(kind))), accepts=accepts)
        for kind, accepts in (
            ("UNREGISTERED_FAILURE", False),
            ("IDENTITY_FAILURE", False),
            ("RATE_LIMIT_FAILURE", False),
            ("NETWORK_FAILURE", True),
            ("NETWORK_FAILURE", False),
        )
    ],
]
BACKENDS = {
    "signal-cli-rest-api": ("", REST),
    "signal-cli daemon": ("/api/v1/rpc", DAEMON),
}


def books(
    path: str, behaviours: Sequence[Behaviour], messages: int
) -> tuple[Counter[str], list[str]]:
    """How often each answer came, and every contradiction between the two books."""

    def plan(document: dict[str, Any]) -> Behaviour:
        number = document.get("params", document)["message"].removeprefix("message ")
        return behaviours[int(number) % len(behaviours)]

    with standin.running(plan) as server:
        with gateway.sending(
            server.url + path,
            SIGNAL_TIMEOUT="2",
        ) as running:
            with ThreadPoolExecutor(CALLERS) as callers:
                told = list(
                    callers.map(lambda number: send(running, number), range(messages))
                )
        accepted = Counter(server.books.accepted)
        received = Counter(
            document.get("params", document)["message"]
            for document in server.books.requests
        )
    wrong = [
        f"message {number}: told {status} {code}, accepted {accepted[f'message {number}']} times"
        for number, (status, code) in enumerate(told)
        if not is_true(status, accepted[f"message {number}"])
    ]
    twice = [
        f"{message}: handed over {times} times"
        for message, times in received.items()
        if times > 1
    ]
    return Counter(f"{status} {code}" for status, code in told), list(
        chain(wrong, twice)
    )


def send(running: Gateway, number: int) -> tuple[int, str]:
    """Status and code of a message to a recipient of its own."""
    document = {"to": f"+49151{10_000_000 + number}", "message": f"message {number}"}
    answer = running.post(document)
    return answer.status_code, answer.json().get("code", "sent")


def is_true(status: int, accepted: int) -> bool:
    if status == 201:
        return accepted == 1
    return accepted <= 1 if status == UNKNOWN_STATUS else accepted == 0


def main() -> None:
    for name, (path, behaviours) in BACKENDS.items():
        found, contradictions = books(path, behaviours, 4000)
        print(f"{name}: {len(behaviours)} behaviours, {CALLERS} at a time")
        for answer, count in sorted(found.items()):
            print(f"  {answer:28} {count:5}")
        print(f"  contradictions               {len(contradictions):5}")
        print("\n".join(contradictions[:10]))


if __name__ == "__main__":
    main()
