"""How often: to a recipient, from a client, and wrong tokens from an address."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import sleep, time

import pytest
import responses
from flask.testing import FlaskClient

from app import throttle as limits
from app.clients import Client
from app.errors import GatewayError
from app.signal.outcome import Outcome, State, not_sent
from app.throttle import CalmMemory, Throttle
from tests import redis_server
from tests.conftest import BEARER, SIGNAL, TOKEN, client
from tests.gateway import free_port

ANNA, BERT = "+4915111111111", "+4915122222222"
CODE = {"To": ANNA, "Body": "482915"}
SENT = Outcome(State.SENT)
DOWN = not_sent("signal_unreachable", "down")
MEMORY = "memory://"


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


def admitted(throttle: Throttle, who: Client, to: str, times: int) -> list[bool]:
    return [not throttle.admit(who, [to], is_code=True) for _ in range(times)]


def test_the_eleventh_code_in_five_minutes_is_refused(uri: str) -> None:
    throttle, who = Throttle(uri), Client("eleven")
    assert admitted(throttle, who, ANNA, 11) == [True] * 10 + [False]
    assert admitted(throttle, who, BERT, 1) == [True]


@pytest.mark.system
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
    for outcome in (DOWN, SENT) * 10:
        assert admitted(throttle, who, ANNA, 1) == [True]
        throttle.give_back(who, {ANNA: outcome}, is_code=True, seconds=0)
    assert admitted(throttle, who, ANNA, 1) == [False]


def fail(throttle: Throttle, who: Client, times: int) -> None:
    """So many messages to Anna that are not sent, one after another."""
    for _ in range(times):
        assert admitted(throttle, who, ANNA, 1) == [True]
        throttle.give_back(who, {ANNA: DOWN}, is_code=True, seconds=0)


def test_after_an_outage_nobody_waits_for_what_was_not_sent(uri: str) -> None:
    throttle = Throttle(uri)
    who = Client("outage", limits={"recipient": "2 per second"})
    fail(throttle, who, 1)
    sleep(0.7)
    fail(throttle, who, 3)
    sleep(0.4)
    assert admitted(throttle, who, ANNA, 3) == [True, True, False]


def test_what_failed_late_does_not_let_more_through_later(uri: str) -> None:
    throttle = Throttle(uri)
    who = Client("late", limits={"recipient": "2 per second"})
    assert admitted(throttle, who, ANNA, 2) == [True, True]
    sleep(0.7)  # on their way to Signal
    for _ in range(2):
        throttle.give_back(who, {ANNA: DOWN}, is_code=True, seconds=0.7)
    sleep(0.4)
    assert admitted(throttle, who, ANNA, 3) == [True, True, False]


def test_what_fails_after_its_window_gives_nothing_back(uri: str) -> None:
    throttle = Throttle(uri)
    who = Client("slow", limits={"recipient": "1 per second"})
    assert admitted(throttle, who, ANNA, 1) == [True]
    sleep(1.1)
    assert admitted(throttle, who, ANNA, 1) == [True]
    throttle.give_back(who, {ANNA: DOWN}, is_code=True, seconds=1.1)
    assert admitted(throttle, who, ANNA, 1) == [False]


def test_what_was_sent_counts_its_whole_time_though_one_before_it_fails_after_it(
    uri: str,
) -> None:
    throttle = Throttle(uri)
    who = Client("overtaken", limits={"recipient": "2 per 2 seconds"})
    assert admitted(throttle, who, ANNA, 1) == [True]
    sleep(1.2)
    assert admitted(throttle, who, ANNA, 1) == [True]
    throttle.give_back(who, {ANNA: DOWN}, is_code=True, seconds=1.2)
    sleep(1)  # the window of the first is over, that of the second is not
    assert admitted(throttle, who, ANNA, 2) == [True, False]


def test_the_time_to_wait_is_that_of_what_was_sent() -> None:
    throttle = Throttle(MEMORY)
    who = Client("sent", limits={"recipient": "1 per minute"})
    fail(throttle, who, 1)
    sleep(2.1)
    throttle.admit(who, [ANNA], is_code=True)
    refused = throttle.admit(who, [ANNA], is_code=True)
    assert 59 <= (refused[ANNA].retry_after or 0) <= 60


def test_ten_codes_go_out_however_many_fail_at_the_same_time(uri: str) -> None:
    throttle, who = Throttle(uri), Client("crowd")

    def send(number: int) -> bool:
        """Whether it was sent; every third fails."""
        if throttle.admit(who, [ANNA], is_code=True):
            return False
        outcome = DOWN if number % 3 == 0 else SENT
        throttle.give_back(who, {ANNA: outcome}, is_code=True, seconds=0)
        return outcome is SENT

    with ThreadPoolExecutor(8) as threads:
        sent = sum(threads.map(send, range(90)))
    assert sent <= 10
    left = 10 - sent
    assert admitted(throttle, who, ANNA, left + 1) == [True] * left + [False]


@pytest.mark.system
def test_nothing_is_given_back_while_the_storage_is_away(tmp_path: Path) -> None:
    with redis_server.running(tmp_path) as server:
        throttle, who = Throttle(server.uri), Client("away")
        assert admitted(throttle, who, ANNA, 1) == [True]
        server.stop()
        throttle.give_back(who, {ANNA: DOWN}, is_code=True, seconds=0)
        assert throttle.is_down


def test_memory_is_freed_of_those_who_have_not_come_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "SWEEP_SECONDS", 0.1)
    memory = CalmMemory()
    for number in range(500):
        assert memory.acquire_entry(f"once/{number}", 1, 1)
    sleep(1.1)
    assert memory.acquire_entry("again", 2, 60)
    memory.timer.join(5)
    assert memory.acquire_entry("again", 2, 60)
    assert list(memory.events) == ["again"]
    assert "once/" not in str(vars(memory))
    assert memory.get_moving_window("again", 2, 60)[1] == 2


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads that take turns as often as can be."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("keys", [2000, 2])
@pytest.mark.usefixtures("hasty_threads")
def test_no_hit_is_lost_while_memory_is_freed(keys: int) -> None:
    memory, done = CalmMemory(), Event()

    def hit(number: int) -> None:
        """Count one, give it back, and count one that stays."""
        key = str(number % keys)
        memory.acquire_entry(key, 5000, 60)
        memory.drop(key, time())
        memory.acquire_entry(key, 5000, 60)

    def sweep() -> None:
        while not done.is_set():
            memory.timer.function()

    with ThreadPoolExecutor(5) as threads:
        sweeping = threads.submit(sweep)
        try:
            list(threads.map(hit, range(2000)))
        finally:
            done.set()
    sweeping.result()
    left = [memory.get_moving_window(str(key), 5000, 60)[1] for key in range(keys)]
    assert left == [2000 // keys] * keys


def test_what_was_not_counted_gives_nothing_back(uri: str) -> None:
    throttle, who = Throttle(uri), Client("uncounted")
    failed = {ANNA: not_sent("signal_unreachable", "down")}
    for _ in range(5):
        throttle.admit(who, [ANNA], is_code=False)
        throttle.give_back(who, failed, is_code=False, seconds=0)
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


@pytest.mark.system
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


def test_the_log_goes_on_telling_what_is_wrong_with_a_token(
    capfd: pytest.CaptureFixture[str],
) -> None:
    caller = client()
    assert [guess(caller, "203.0.113.7") for _ in range(12)][-1] == 429
    why = 'detail="the token is none of those in API_TOKENS"'
    assert capfd.readouterr().err.count(why) == 12


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
