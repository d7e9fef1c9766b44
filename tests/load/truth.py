"""The books of the gateway and of Signal's server beside each other: python -m tests.load.truth

The server behaves in every way of the outcome tables at once, and 32 callers send through the real
gateway. Then each answer is held against what the server accepted: a 201 has exactly one acceptance,
a message told as not sent has none, one told as unknown has at most one. Exits 1 on a contradiction.
"""

import asyncio
import json
from typing import Any

from tests import standin
from tests.load.calls import Told, in_turns, request
from tests.load.processes import machine, served
from tests.load.report import Goals, contradictions, table
from tests.signal.test_daemon import ERRORS, failed, result
from tests.signal.test_rest import TEXTS
from tests.standin import ACCEPTING, Behaviour

CALLERS = 32
MESSAGES = 4000
ACCEPTS = {"sent": [True], "not_sent": [False], "unknown": [True, False]}

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
        for accepts in ACCEPTS[state.value]
    ],
]  # fmt: skip
RESULTS = {
    "UNREGISTERED_FAILURE": [False],
    "IDENTITY_FAILURE": [False],
    "RATE_LIMIT_FAILURE": [False],
    "NETWORK_FAILURE": [True, False],
}
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
        for accepts in ACCEPTS[state.value]
    ],
    *[
        Behaviour(200, json.dumps(failed("x", response=result(kind))), accepts=accepts)
        for kind, accepted in RESULTS.items()
        for accepts in accepted
    ],
]
BACKENDS = {
    "signal-cli-rest-api": ("", REST),
    "signal-cli daemon": ("/api/v1/rpc", DAEMON),
}


def books(name: str, messages: int, timeout: int = 2) -> tuple[list[Told], list[str]]:
    """Each answer, and every contradiction between the two books."""
    path, behaviours = BACKENDS[name]

    def plan(document: dict[str, Any]) -> Behaviour:
        text = document.get("params", document)["message"]
        return behaviours[int(text.split()[1]) % len(behaviours)]

    sent = {f"message {number}": send(number) for number in range(messages)}
    with standin.running(plan) as server:
        with served(server.url + path, SIGNAL_TIMEOUT=str(timeout)) as gateway:
            told = asyncio.run(in_turns(gateway.port, sent.values(), CALLERS))
    return told, contradictions(dict(zip(sent, told)), server.books)


def send(number: int) -> bytes:
    """A message to a recipient of its own."""
    to = f"+49151{10_000_000 + number}"
    return request({"to": to, "message": f"message {number}"})


def main() -> None:
    print(machine())
    goals = Goals()
    for name, (_, behaviours) in BACKENDS.items():
        told, problems = books(name, MESSAGES)
        table(f"{name}, {len(behaviours)} behaviours", told)
        goals.none("contradictions to the books of Signal", problems)
    goals.exit()


if __name__ == "__main__":
    main()
