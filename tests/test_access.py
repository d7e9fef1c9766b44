"""Who is calling, from where, and what that client may send."""

import base64
import ipaddress
from collections.abc import Sequence
from typing import Any

import pytest

from app import access, payloads
from app.access import Client
from app.errors import GatewayError
from app.settings import ApiToken
from tests.conftest import NUMBER, TOKEN

OTHER = "an0ther-gateway-token"
TOKENS = (ApiToken.of("authentik", TOKEN), ApiToken.of("grafana", OTHER))
SECOND = "+4915100000002"


def basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode()


WRONG_HEADERS = (
    ["Token x", f"authentik:{TOKEN}x", "x" * 100_000, "Bearer", "Bearer €\ud800"]
    + [f"Bearer {token}" for token in (f"{TOKEN}x", TOKEN.upper(), TOKEN[:-1])]
    + ["Basic", "Basic !!", "Basic €\ud800", "Basic /w==", basic(":")]
    + [basic(f"{TOKEN}:wrong"), basic(f"any:x:{TOKEN}")]
)
BEFORE = "", "Bearer: ", "Token ", "Bearer Bearer ", "authentik:", "Bearer authentik:"


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (f"Bearer {TOKEN}", "authentik"),
        (f" bearer  {TOKEN} ", "authentik"),
        (basic(f"any:{TOKEN}"), "authentik"),
        (basic(f":{TOKEN}"), "authentik"),
        (basic(f"{TOKEN}:"), "authentik"),
        (basic(f"any:{OTHER}").replace("Basic", "BASIC"), "grafana"),
        (basic(f"ünï:{OTHER}"), "grafana"),
    ],
)
def test_a_token_proves_its_client_in_bearer_and_in_each_form_of_basic(
    header: str, client: str
) -> None:
    assert access.identify(header, TOKENS) == client


WRONG = "the token is none of those in API_TOKENS"
NEARLY = (
    "the token is right, but the header must be 'Authorization: Bearer TOKEN': no 'Token', no"
    " colon, no second 'Bearer' and no client's name before it"
)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        *((header, "the request has no Authorization header") for header in (None, "")),
        *((header, WRONG) for header in WRONG_HEADERS),
        *((before + TOKEN, NEARLY) for before in BEFORE),
    ],
)
def test_a_wrong_token_is_unauthorized_and_the_log_tells_why(
    header: str | None, told: str
) -> None:
    with pytest.raises(GatewayError) as error:
        access.identify(header, TOKENS)
    assert (error.value.code, error.value.detail) == ("unauthorized", told)


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
    ],
)
def test_the_callers_address_is_the_one_that_trusted_proxies_vouch_for(
    remote: str | None, forwarded: str | None, address: str
) -> None:
    trusted = (ipaddress.ip_network("10.0.0.0/8"),)
    assert access.caller_address(remote, forwarded, trusted) == address


@pytest.mark.parametrize(
    ("numbers", "requested", "default", "outcome"),
    [
        ((), None, NUMBER, NUMBER),
        ((), NUMBER, NUMBER, NUMBER),
        ((SECOND, NUMBER), None, NUMBER, SECOND),
        ((SECOND, NUMBER), NUMBER, None, NUMBER),
        ((), SECOND, NUMBER, "forbidden"),
        ((NUMBER,), SECOND, NUMBER, "forbidden"),
        ((), None, None, "no_sender"),
    ],
)
def test_the_sender_is_a_number_of_the_client_or_the_default(
    numbers: tuple[str, ...], requested: str | None, default: str | None, outcome: str
) -> None:
    try:
        found = Client("authentik", numbers=numbers).sender(requested, default)
    except GatewayError as error:
        found = error.code
    assert found == outcome


def check(
    client: Client, template: str, to: Sequence[str] = (NUMBER,), **payload: Any
) -> str | None:
    """The rule that refuses, as the log names it."""
    try:
        document = {"to": NUMBER, "token": "004821", **payload}
        client.check(template, payloads.read(document, {}, None), to)
    except GatewayError as error:
        assert error.sentence({}) == (
            "No message was sent. Tell the administrator: this is not allowed here."
            " The gateway's log has the reason."
        )
        return error.detail.split("'")[2]
    return None


FILE: dict[str, Any] = {"base64_attachments": ["QUJD"]}
BESIDE = {"notify_self": True, "mentions": None, "view_once": True, **FILE}
SMS = ("sms",)
PATTERNS = ("+49*", "group.*")


@pytest.mark.parametrize(
    ("rules", "template", "payload", "rule"),
    [
        ({}, "", {}, None),
        ({}, "sms", {}, None),
        ({}, "sms", FILE, "attachments"),
        ({"attachments": True}, "sms", FILE, None),
        ({"templates": SMS, "attachments": True}, "sms", BESIDE, None),
        ({"templates": SMS}, "sms", {}, None),
        ({"templates": SMS}, "notification", {}, "templates"),
        ({"templates": SMS}, "", {}, "passthrough"),
        ({"passthrough": False}, "", {}, "passthrough"),
        ({"templates": SMS, "passthrough": True}, "", {}, None),
        ({"recipients": ()}, "sms", {}, "recipients"),
        ({"recipients": PATTERNS}, "sms", {}, None),
    ],
)
def test_a_client_may_do_what_its_rules_say_and_all_but_attachments_without_one(
    rules: dict[str, Any], template: str, payload: dict[str, Any], rule: str | None
) -> None:
    to = [NUMBER, "group.YWJjZA=="]
    assert check(Client("a", **rules), template, to, **payload) == rule


@pytest.mark.parametrize(
    "to", [["+33123456789"], [NUMBER, "name.01"], ["GROUP.YWJjZA=="]]
)
def test_one_recipient_outside_the_allow_list_is_forbidden(to: list[str]) -> None:
    assert check(Client("a", recipients=PATTERNS), "sms", to) == "recipients"


@pytest.mark.parametrize(
    "option",
    [
        {"quote_message": "Your code is 123456"},
        {"quote_author": NUMBER},
        {"quote_timestamp": 1700000000000},
        {"quote_mentions": [{"start": 0, "length": 1, "author": NUMBER}]},
        {"mentions": [{"start": 0, "length": 1, "author": NUMBER}]},
        {"edit_timestamp": 1700000000000},
        {"link_preview": {"url": "https://a.test", "title": "Your code"}},
        {"sticker": "0a1b:1"},
    ],
)
def test_an_option_that_says_more_than_the_template_is_a_text_of_its_own(
    option: dict[str, Any],
) -> None:
    for client in (Client("a", templates=SMS), Client("a", passthrough=False)):
        assert check(client, "sms", **option) == "passthrough"
    for client in (Client("a"), Client("a", templates=SMS, passthrough=True)):
        assert check(client, "sms", **option) is None


def test_a_client_calls_from_its_networks_alone() -> None:
    networks = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "2001:db8::/32")))
    client = Client("a", networks=networks)
    for address in ("10.1.2.3", "2001:db8::1"):
        client.check_network(address)
    with pytest.raises(GatewayError) as error:
        client.check_network("11.0.0.1")
    assert error.value.detail == "the client's rule 'networks' refuses this"
    Client("a").check_network("11.0.0.1")


def test_the_repr_of_a_client_shows_no_number() -> None:
    client = Client("authentik", numbers=(NUMBER,), recipients=(SECOND,))
    assert "+49" not in repr(client)
