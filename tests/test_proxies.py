"""The gateway behind nginx and Caddy as docs/deploy sets them up."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter

from app.settings import Settings
from tests import gateway, proxies, standin
from tests.gateway import TOKEN, Gateway
from tests.proxies import DEPLOY, Proxy
from tests.standin import Behaviour, StandIn

Servers = tuple[Gateway, StandIn]
KINDS = ("nginx", "caddy")
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def hang_up(document: object) -> Behaviour:
    """Of a server that reads a request and gives no answer."""
    return Behaviour(manner="reset")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A gateway that its client may call from 127.0.0.2 alone."""
    templates = tmp_path_factory.mktemp("templates") / "templates.yaml"
    templates.write_text(
        "templates: {sms: {message: '{token}'}}\n"
        "clients: {authentik: {networks: 127.0.0.2/32}}\n"
    )
    with standin.running() as signal:
        with gateway.sending(
            signal.url, TEMPLATES_FILE=str(templates), TRUSTED_PROXIES="127.0.0.1/32"
        ) as running:
            yield running, signal


@pytest.fixture(
    scope="module",
    params=[pytest.param(kind, marks=pytest.mark.system) for kind in KINDS],
)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def proxy(
    kind: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp(kind)
    with proxies.running(kind, folder, [servers[0].port]) as running:
        yield running


class From(HTTPAdapter):
    """Calls from one of the addresses of this machine."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: object, **options: object) -> None:
        super().init_poolmanager(*args, source_address=(self.address, 0), **options)  # type: ignore[arg-type]


def post(
    proxy: Proxy,
    number: int,
    source: str = "127.0.0.2",
    more: dict[str, str] | None = None,
    body: str = "",
    url: str | None = None,
) -> requests.Response:
    """The proxy's answer to a code for one of a hundred numbers, or that of ``url``."""
    document = {"To": f"+49151123456{number:02}", "Body": "004821", "rest": body}
    with requests.Session() as session:
        session.mount("http://", From(source))
        session.mount("https://", From(source))
        return session.post(
            f"{url or proxy.https}/v2/send", json=document, headers={**BEARER, **(more or {})},
            verify=str(proxy.certificate), timeout=40,
        )  # fmt: skip


def test_a_code_goes_through_tls_to_signal_alone_and_no_log_holds_the_token(
    proxy: Proxy, servers: Servers
) -> None:
    servers[1].books.requests.clear()
    answer = post(proxy, 1)
    assert (answer.status_code, answer.json()) == (201, {"timestamp": "1700000000000"})
    sent = [request["recipients"] for request in servers[1].books.requests]
    assert sent == [["+4915112345601"]]
    refused = requests.post(
        f"{proxy.http}/v2/send", auth=(TOKEN, ""), timeout=10, allow_redirects=False
    )
    told = (refused.status_code, refused.text.strip())
    assert told == (421, "Use the https:// address.")
    answer = post(proxy, 3, body="x" * 1_200_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert TOKEN not in proxy.logs


@pytest.mark.parametrize(
    ("source", "forged", "status"),
    [
        ("127.0.0.3", "", 403),
        ("127.0.0.3", "127.0.0.2", 403),
        ("127.0.0.3", "127.0.0.2, 127.0.0.1", 403),
        ("127.0.0.2", "rubbish", 201),
    ],
)
def test_the_address_that_counts_is_the_one_before_the_proxy_whoever_goes_round_it(
    source: str, forged: str, status: int, proxy: Proxy, servers: Servers
) -> None:
    more = {"X-Forwarded-For": forged} if forged else {}
    assert post(proxy, 2, source, more).status_code == status
    assert post(proxy, 2, source, more, url=servers[0].url).status_code == status


def test_guessing_is_slowed_by_the_address_before_it(proxy: Proxy, kind: str) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    # Others for each proxy, since the gateway behind them is the same.
    guesser, other = (f"127.0.{KINDS.index(kind)}.{last}" for last in (4, 5))
    found = [post(proxy, 2, guesser, wrong).status_code for _ in range(25)]
    assert 429 in found and set(found) <= {401, 429}
    assert post(proxy, 2, other, wrong).status_code == 401


@pytest.mark.system
def test_what_an_instance_may_have_taken_is_not_repeated_but_all_else_is(
    servers: Servers, tmp_path: Path
) -> None:
    servers[1].books.requests.clear()
    with standin.running(hang_up) as rude:
        for first, numbers, expected in (
            (gateway.free_port(), range(10, 14), [201, 201, 201, 201]),
            (rude.port, range(20, 24), [201, 201, 502, 502]),
        ):
            with proxies.running("nginx", tmp_path, [first, servers[0].port]) as proxy:
                found = [post(proxy, number).status_code for number in numbers]
            assert sorted(found) == expected
    assert len(servers[1].books.requests) == 6


def test_a_gateway_without_an_answer_is_told_in_words(
    kind: str, tmp_path: Path
) -> None:
    with standin.running(hang_up) as rude:
        with proxies.running(kind, tmp_path, [rude.port]) as proxy:
            answer = post(proxy, 30)
    assert (answer.status_code, answer.text.strip()) == (
        502,
        "The gateway gives no answer. Wait a minute before you try again.",
    )


@pytest.mark.system
@pytest.mark.parametrize(
    ("password", "status", "code"),
    [("a-pass%2Fword", 201, None), ("another", 502, "signal_rejected")],
)
def test_signals_server_can_have_a_password_in_its_address(
    password: str, status: int, code: str | None, tmp_path: Path
) -> None:
    with standin.running() as signal:
        with proxies.guarding_signal(tmp_path, signal.port, "a-pass/word") as guarded:
            url = f"http://gateway:{password}@127.0.0.1:{guarded}"
            with gateway.sending(url) as running:
                answer = running.post({"To": "+4915112345678", "Body": "004821"})
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert signal.books.authorizations == []
    assert password not in running.output


@pytest.mark.parametrize(
    ("name", "patterns"),
    [
        ("nginx.conf", (r"proxy_connect_timeout (\d+)s", r"proxy_read_timeout (\d+)s")),
        ("Caddyfile", (r"dial_timeout (\d+)s", r"response_header_timeout (\d+)s")),
    ],
)
def test_a_proxy_waits_longer_than_the_gateway_and_shorter_than_authentik(
    name: str, patterns: tuple[str, str]
) -> None:
    text = (DEPLOY / name).read_text()
    connect, read = (int(re.findall(pattern, text)[0]) for pattern in patterns)
    assert Settings().signal_timeout < read
    assert connect + read < 30  # seconds, authentik's `http_timeout`
