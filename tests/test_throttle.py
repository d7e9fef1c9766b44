"""How often: to a recipient, from a client, and wrong tokens from an address."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import responses
from flask.testing import FlaskClient

from app.clients import Client
from app.errors import GatewayError
from app.signal.outcome import Outcome, State, not_sent
from app.throttle import Throttle
from tests import redis_server
from tests.conftest import BEARER, SIGNAL, TOKEN, client
from tests.gateway import free_port

ANNA, BERT = "+4915111111111", "+4915122222222"
CODE = {"To": ANNA, "Body": "482915"}
SENT = Outcome(State.SENT)
MEMORY = "memory://"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Redis server."""
    with redis_server.running(tmp_path_factory.mktemp("redis")) as found:
        yield found.uri


@pytest.fixture(params=["memory", "redis"])
def uri(request: pytest.FixtureRequest) -> str:
    """Each storage in turn."""
    found: str = (
        MEMORY if request.param == "memory" else request.getfixturevalue("redis")
    )
    return found


def admitted(throttle: Throttle, who: Client, to: str, times: int) -> list[bool]:
    return [not throttle.admit(who, [to], is_code=True) for _ in range(times)]


def test_the_eleventh_code_in_five_minutes_is_refused(uri: str) -> None:
    throttle, who = Throttle(uri), Client("eleven")
    assert admitted(throttle, who, ANNA, 11) == [True] * 10 + [False]
    assert admitted(throttle, who, BERT, 1) == [True]


def test_it_is_refused_wherever_it_arrives(redis: str) -> None:
    here, there, who = Throttle(redis), Throttle(redis), Client("shared")
    assert admitted(here, who, ANNA, 5) == [True] * 5
    assert admitted(there, who, ANNA, 6) == [True] * 5 + [False]
    assert admitted(here, who, ANNA, 1) == [False]


def test_the_refusal_names_the_time_to_wait(uri: str) -> None:
    throttle, who = Throttle(uri), Client("wait", limits={"recipient": "1 per minute"})
    throttle.admit(who, [ANNA], is_code=True)
    refused = throttle.admit(who, [ANNA, BERT], is_code=True)
    assert list(refused) == [ANNA]
    assert refused[ANNA].code == "rate_limited"
    assert 58 <= (refused[ANNA].retry_after or 0) <= 60


def test_what_was_certainly_not_sent_does_not_count(uri: str) -> None:
    throttle, who = Throttle(uri), Client("back")
    for outcome in (not_sent("signal_unreachable", "down"), SENT) * 10:
        assert admitted(throttle, who, ANNA, 1) == [True]
        throttle.give_back(who, {ANNA: outcome}, is_code=True)
    assert admitted(throttle, who, ANNA, 1) == [False]


def test_what_was_not_counted_gives_nothing_back(uri: str) -> None:
    throttle, who = Throttle(uri), Client("uncounted")
    failed = {ANNA: not_sent("signal_unreachable", "down")}
    for _ in range(5):
        throttle.admit(who, [ANNA], is_code=False)
        throttle.give_back(who, failed, is_code=False)
    assert admitted(throttle, who, ANNA, 11) == [True] * 10 + [False]


def test_messages_without_a_code_are_limited_only_where_the_client_says_so(
    uri: str,
) -> None:
    throttle = Throttle(uri)
    free, bound = Client("free"), Client("bound", limits={"recipient": "1 per hour"})
    assert [throttle.admit(free, [ANNA], is_code=False) for _ in range(20)] == [{}] * 20
    assert throttle.admit(bound, [ANNA], is_code=False) == {}
    assert ANNA in throttle.admit(bound, [ANNA], is_code=False)


def test_a_clients_own_limit_counts_its_messages(uri: str) -> None:
    throttle, who = Throttle(uri), Client("own", limits={"client": "2 per minute"})
    throttle.message(who)
    throttle.message(who)
    with pytest.raises(GatewayError) as error:
        throttle.message(who)
    assert error.value.code == "rate_limited"
    assert 58 <= (error.value.retry_after or 0) <= 60
    throttle.message(Client("other"))


def test_no_number_stands_in_the_storage(redis: str) -> None:
    import redis as library

    Throttle(redis).admit(Client("names"), [ANNA], is_code=True)
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


def test_the_eleventh_code_is_told_to_wait(signal: responses.RequestsMock) -> None:
    caller = client()
    answers = [caller.post("/v2/send", json=CODE, headers=BEARER) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [201] * 10 + [429]
    assert answers[10].json is not None
    assert answers[10].json["error"] == (
        "Too many messages. Try again in 5 minutes; for a new code, sign out and sign in again."
    )
    assert 298 <= int(answers[10].headers["Retry-After"]) <= 300
    assert len(signal.calls) == 10


def test_a_recipient_over_the_limit_is_named_beside_those_who_got_it(
    signal: responses.RequestsMock,
) -> None:
    caller = client()
    for _ in range(10):
        caller.post("/v2/send", json=CODE, headers=BEARER)
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
    signal: responses.RequestsMock,
) -> None:
    caller = client()
    found = [guess(caller, "203.0.113.7") for _ in range(12)]
    assert found == [401] * 10 + [429] * 2
    assert guess(caller, "203.0.113.8") == 401
    assert guess(caller, "203.0.113.7", TOKEN) == 201


def test_guessing_from_many_addresses_of_one_ipv6_network_is_slowed() -> None:
    caller = client()
    found = [guess(caller, f"2001:db8::{number:x}") for number in range(12)]
    assert found == [401] * 10 + [429] * 2


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
