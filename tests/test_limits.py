"""How often: to a recipient, from a client, and wrong tokens from an address."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import pytest
import responses
from flask.testing import FlaskClient
from limits import parse

from app.errors import GatewayError
from app.limits import Limits
from app.templates import CODE_LIMIT
from tests import redis_server
from tests.conftest import BEARER, SIGNAL, TOKEN, client
from tests.gateway import free_port

ANNA, BERT = "+4915111111111", "+4915122222222"
CODE = {"To": ANNA, "Body": "482915"}
MEMORY = "memory://"
CODES = {"sms": CODE_LIMIT}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Redis server."""
    with redis_server.running(tmp_path_factory.mktemp("redis")) as found:
        yield found.uri


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.system)])
def uri(request: pytest.FixtureRequest) -> str:
    """Each storage in turn."""
    found: str = (
        MEMORY if request.param == "memory" else request.getfixturevalue("redis")
    )
    return found


def test_the_refusal_names_the_recipient_and_the_time_to_wait(uri: str) -> None:
    limits = Limits(uri)
    rules = {"": parse("1 per minute"), "free": None}
    assert limits.admit("wait", rules, [ANNA]) == {}
    refused = limits.admit("wait", rules, [ANNA, BERT])
    assert list(refused) == [ANNA]
    assert refused[ANNA].code == "rate_limited"
    assert 58 <= (refused[ANNA].retry_after or 0) <= 60


def test_the_limits_of_client_and_template_both_count(uri: str) -> None:
    limits = Limits(uri)
    both = {"": parse("3 per hour"), "door": parse("2 per hour")}
    found = [bool(limits.admit("both", both, [ANNA])) for _ in range(3)]
    assert found == [False, False, True]
    assert ANNA in limits.admit("both", {"": parse("3 per hour")}, [ANNA])
    assert limits.admit("both", {"other": parse("2 per hour")}, [ANNA]) == {}


def test_a_clients_own_limit_counts_its_messages(uri: str) -> None:
    limits = Limits(uri)
    with pytest.raises(GatewayError):  # those that were refused do not count
        limits.count("client", parse("5 per minute"), "own", 6)
    limits.count("client", parse("5 per minute"), "own", 2)
    limits.count("client", parse("5 per minute"), "own", 3)
    with pytest.raises(GatewayError) as error:
        limits.count("client", parse("5 per minute"), "own", 1)
    assert error.value.code == "rate_limited"
    assert 58 <= (error.value.retry_after or 0) <= 60
    limits.count("client", parse("5 per minute"), "other", 1)


@pytest.fixture
def slow_redis() -> Iterator[str]:
    """The address of a Redis that takes half a second for each answer."""

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while connection.recv(4096):
                sleep(0.55)
                connection.sendall(b":1\r\n" * 8)

    def accept() -> None:
        with suppress(OSError):
            while True:
                given = [listener.accept()[0]]
                threading.Thread(target=answer, args=given, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"


def test_a_slow_storage_cannot_use_up_the_time_of_a_message(slow_redis: str) -> None:
    started = monotonic()
    recipients = [f"+49151{number:08}" for number in range(30)]
    assert Limits(slow_redis).admit("a", CODES, recipients) == {}
    assert monotonic() - started < 2


def test_a_storage_that_was_slow_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = Limits(MEMORY)
    monkeypatch.setattr("app.limits.SLOWEST_SECONDS", 0)
    assert limits.admit("slow", {"": parse("1 per minute")}, [ANNA]) == {}
    monkeypatch.undo()
    assert limits.admit("slow", {"": parse("1 per minute")}, [ANNA]) == {}
    assert limits.is_down


@pytest.mark.system
def test_no_number_stands_in_the_storage(redis: str) -> None:
    import redis as library

    Limits(redis).admit("names", CODES, [ANNA])
    keys = library.Redis.from_url(redis).keys("*names*")
    assert keys and not any(ANNA.encode() in key for key in keys)


def test_without_its_storage_the_gateway_goes_on_sending(
    signal: responses.RequestsMock, capfd: pytest.CaptureFixture[str]
) -> None:
    signal.get(f"{SIGNAL}/v1/accounts", body='["+4915100000001"]')
    caller = client(rate_limit_storage_uri=f"redis://127.0.0.1:{free_port()}")
    for _ in range(12):
        assert caller.post("/v2/send", json=CODE, headers=BEARER).status_code == 201
    logged = capfd.readouterr().err
    complaint = "CRITICAL the storage of the limits does not answer: nothing is limited"
    assert logged.count(complaint) == 1
    assert caller.get("/health/ready").json == {
        "status": "not ready",
        "problems": ["limits_unreachable"],
    }


def test_the_eleventh_code_is_told_to_wait_and_others_get_theirs(
    signal: responses.RequestsMock,
) -> None:
    caller = client()
    answers = [caller.post("/v2/send", json=CODE, headers=BEARER) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [201] * 10 + [429]
    assert answers[10].json is not None
    assert answers[10].json["error"] == (
        "Too many messages. Try again in 5 minutes; for a new code, sign out and sign in again."
    )
    assert 298 <= int(answers[10].headers["Retry-After"]) <= 300
    assert len(signal.calls) == 10
    both = {**CODE, "recipients": [ANNA, BERT]}
    answer = caller.post("/v2/send", json=both, headers=BEARER)
    assert (answer.status_code, answer.json) == (
        201,
        {
            "timestamp": "1700000000000",
            "errors": {"recipients": [{"number": ANNA, "reason": "rate_limited"}]},
        },
    )


def guess(caller: FlaskClient, address: str, token: str = "wrong") -> int:
    headers = {"Authorization": f"Bearer {token}"}
    place = {"REMOTE_ADDR": address}
    answer = caller.post(
        "/v2/send", json=CODE, headers=headers, environ_overrides=place
    )
    if answer.status_code == 429:
        assert 0 < int(answer.headers["Retry-After"]) <= 60
    return answer.status_code


def test_guessing_is_slowed_by_address_and_a_right_token_is_never_locked_out(
    signal: responses.RequestsMock, capfd: pytest.CaptureFixture[str]
) -> None:
    caller = client()
    found = [guess(caller, "203.0.113.7") for _ in range(12)]
    assert found == [401] * 10 + [429] * 2
    assert guess(caller, "203.0.113.8") == 401
    assert guess(caller, "203.0.113.7", TOKEN) == 201
    # All addresses of an IPv6 network are one; the log goes on telling what is wrong.
    found = [guess(caller, f"2001:db8::{number:x}") for number in range(12)]
    assert found == [401] * 10 + [429] * 2
    why = 'detail="the token is none of those in API_TOKENS"'
    assert capfd.readouterr().err.count(why) == 25


def test_a_clients_rules_are_enforced_from_the_file(
    tmp_path: Path, signal: responses.RequestsMock
) -> None:
    templates = tmp_path / "templates.yaml"
    templates.write_text(
        "templates: {sms: {message: '{token}'}, other: {message: x}}\n"
        "clients: {authentik: {templates: [sms], networks: 10.0.0.0/8,"
        " limits: {client: 3 per minute}}}\n"
    )
    caller = client(templates_file=templates)

    def status(path: str, address: str) -> int:
        place = {"REMOTE_ADDR": address}
        return caller.post(
            path, json=CODE, headers=BEARER, environ_overrides=place
        ).status_code

    assert status("/v2/send", "11.0.0.1") == 403
    assert status("/v2/send/other", "10.0.0.1") == 403
    assert [status("/v2/send", "10.0.0.1") for _ in range(4)] == [201] * 3 + [429]
