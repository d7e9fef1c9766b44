import base64
import ipaddress
import tracemalloc

import pytest

from app import access
from app.errors import GatewayError
from app.settings import ApiToken

TOKEN = "s3cr3t-gateway-token"
OTHER = "an0ther-gateway-token"
UMLAUTS = "tökén-für-die-prüfung"
TOKENS = (
    ApiToken.of("authentik", TOKEN),
    ApiToken.of("grafana", OTHER),
    ApiToken.of("grafana", UMLAUTS),
)
NUMBER = "+4915100000001"
SECOND = "+4915100000002"


def basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode()


def refusal(error: pytest.ExceptionInfo[GatewayError]) -> tuple[str, str]:
    return error.value.code, error.value.detail


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (f"Bearer {TOKEN}", "authentik"),
        (f" bearer  {TOKEN} ", "authentik"),
        (basic(f"any:{TOKEN}"), "authentik"),
        (basic(f":{TOKEN}"), "authentik"),
        (basic(f"{TOKEN}:"), "authentik"),
        (basic(f"any:{OTHER}").replace("Basic", "BASIC"), "grafana"),
        (basic(f"ünï:{UMLAUTS}"), "grafana"),
        # A server hands a header's UTF-8 on as Latin-1.
        (f"Bearer {UMLAUTS}".encode().decode("latin-1"), "grafana"),
    ],
)
def test_a_token_proves_its_client_in_bearer_and_in_each_form_of_basic(
    header: str, client: str
) -> None:
    assert access.identify(header, TOKENS) == client


@pytest.mark.parametrize(
    "header",
    [
        TOKEN,
        f"Token {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN.upper()}",
        f"Bearer {TOKEN[:-1]}",
        "Bearer",
        "Bearer €\ud800",
        "Basic",
        "Basic !!",
        "Basic €\ud800",
        "Basic /w==",
        basic(":"),
        basic(f"{TOKEN}:wrong"),
        basic(f"any:x:{TOKEN}"),
        "x" * 100_000,
    ],
)
def test_a_wrong_token_is_unauthorized(header: str) -> None:
    with pytest.raises(GatewayError) as error:
        access.identify(header, TOKENS)
    assert refusal(error) == (
        "unauthorized",
        "the token is none of those in API_TOKENS",
    )


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        (None, "the request has no Authorization header"),
        ("", "the request has no Authorization header"),
        (
            f"Bearer Bearer {TOKEN}",
            "the sender's token field begins with 'Bearer', which the sender adds itself",
        ),
    ],
)
def test_the_log_tells_what_is_probably_wrong_with_a_token(
    header: str | None, hint: str
) -> None:
    with pytest.raises(GatewayError) as error:
        access.identify(header, TOKENS)
    assert refusal(error) == ("unauthorized", hint)


def test_missing_and_wrong_tokens_look_alike_to_the_caller() -> None:
    with pytest.raises(GatewayError) as missing:
        access.identify(None, TOKENS)
    with pytest.raises(GatewayError) as wrong:
        access.identify("Bearer x", TOKENS)
    assert missing.value.sentence({}) == wrong.value.sentence({})


def test_a_client_may_have_several_tokens_while_one_is_rotated_out() -> None:
    tokens = [ApiToken.of("authentik", name * 16) for name in ("old-", "new-")]
    for name in ("old-", "new-"):
        assert access.identify(f"Bearer {name * 16}", tokens) == "authentik"


def test_no_tokens_let_nobody_in() -> None:
    with pytest.raises(GatewayError):
        access.identify(f"Bearer {TOKEN}", ())


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # a stranger's header
        ("10.0.0.2", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "198.51.100.1, 10.0.0.3", "198.51.100.1"),
        ("10.0.0.2", "rubbish", "10.0.0.2"),
        ("10.0.0.2", "198.51.100.1, rubbish", "10.0.0.2"),
        ("10.0.0.2", "10.0.0.9", "10.0.0.9"),
        ("::ffff:10.0.0.2", "2001:db8::1", "2001:db8::1"),
        (None, "198.51.100.1", "0.0.0.0"),
        ("", None, "0.0.0.0"),
    ],
)
def test_the_callers_address_is_the_one_that_trusted_proxies_vouch_for(
    remote: str | None, forwarded: str | None, address: str
) -> None:
    trusted = (ipaddress.ip_network("10.0.0.0/8"),)
    assert access.caller_address(remote, forwarded, trusted) == address


def test_headers_of_strangers_are_not_kept() -> None:
    trusted = (ipaddress.ip_network("10.0.0.0/8"),)
    tracemalloc.start()
    for number in range(100):
        forwarded = f"{number}" + "x" * 100_000
        assert access.caller_address("10.0.0.2", forwarded, trusted) == "10.0.0.2"
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1_000_000


@pytest.mark.parametrize(
    ("address", "group"),
    [("203.0.113.7", "203.0.113.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64")],
)
def test_of_ipv6_a_whole_network_is_one_caller(address: str, group: str) -> None:
    assert access.caller_group(address) == group
