"""Who is calling, from where, and what that client may send."""

import base64
import ipaddress
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest

from app import access, payloads
from app.access import Client
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
        "Token x",
        f"authentik:{TOKEN}x",
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


NAMED = "has the client's name before the token: leave it out"


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        (f"Bearer Bearer {TOKEN}", "begins with 'Bearer', which the sender adds itself"),
        (f"bearer  bearer  {TOKEN}", "begins with 'Bearer', which the sender adds itself"),
        (f"Bearer: {TOKEN}", "has a colon after 'Bearer': leave it out"),
        (f"Bearer:{TOKEN}", "has a colon after 'Bearer': leave it out"),
        (f"Token {TOKEN}", "begins with 'Token': write 'Bearer'"),
        (f"token: {TOKEN}", "begins with 'Token': write 'Bearer'"),
        (f"Bearer authentik:{TOKEN}", NAMED),
        (f"authentik:{TOKEN}", NAMED),
        (f" {TOKEN} ", "is the token alone: write 'Bearer' and a blank before it"),
    ],
)  # fmt: skip
def test_the_log_tells_what_a_sender_made_of_a_right_token(
    header: str, hint: str
) -> None:
    with pytest.raises(GatewayError) as error:
        access.identify(header, TOKENS)
    assert refusal(error) == ("unauthorized", f"the Authorization header {hint}")


@pytest.mark.parametrize("header", [None, ""])
def test_a_missing_header_is_told_as_such(header: str | None) -> None:
    with pytest.raises(GatewayError) as error:
        access.identify(header, TOKENS)
    assert refusal(error) == (
        "unauthorized",
        "the request has no Authorization header",
    )


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


@pytest.mark.parametrize(
    ("numbers", "requested", "default", "chosen"),
    [
        ((), None, NUMBER, NUMBER),
        ((), NUMBER, NUMBER, NUMBER),
        ((SECOND, NUMBER), None, NUMBER, SECOND),
        ((SECOND, NUMBER), NUMBER, None, NUMBER),
    ],
)
def test_the_sender_is_the_clients_number_or_the_default(
    numbers: tuple[str, ...],
    requested: str | None,
    default: str | None,
    chosen: str,
) -> None:
    client = Client("authentik", numbers=numbers)
    assert client.sender(requested, default) == chosen


@pytest.mark.parametrize("numbers", [(), (NUMBER,)])
def test_a_sender_that_is_not_the_clients_is_forbidden(
    numbers: tuple[str, ...],
) -> None:
    client = Client("authentik", numbers=numbers)
    with pytest.raises(GatewayError) as error:
        client.sender(SECOND, NUMBER)
    assert refusal(error) == (
        "forbidden",
        "the client's rule 'number' refuses this",
    )


def test_without_any_number_there_is_no_sender() -> None:
    with pytest.raises(GatewayError) as error:
        Client("authentik").sender(None, None)
    assert refusal(error) == ("no_sender", "")


def check(
    client: Client, template: str | None, to: Sequence[str] = (NUMBER,), **payload: Any
) -> str | None:
    """The rule that refuses, as the log names it."""
    try:
        document = {"to": NUMBER, "token": "004821", **payload}
        client.check(template, payloads.read(document, {}, None), to)
    except GatewayError as error:
        assert error.code == "forbidden"
        assert error.sentence({}) == (
            "No message was sent. Tell the administrator: this is not allowed here."
            " The gateway's log has the reason."
        )
        return error.detail
    return None


def refused(rule: str) -> str:
    return f"the client's rule '{rule}' refuses this"


def test_a_client_without_rules_may_send_any_text_to_anyone() -> None:
    assert check(Client("authentik"), None, [NUMBER, "name.01"]) is None
    assert check(Client("authentik"), "sms") is None


def test_attachments_are_off_unless_allowed() -> None:
    data = {"base64_attachments": ["QUJD"]}
    assert check(Client("a"), "sms", **data) == refused("attachments")
    assert check(Client("a", attachments=True), "sms", **data) is None


def test_a_template_that_is_not_the_clients_is_forbidden() -> None:
    client = Client("authentik", templates=("sms",))
    assert check(client, "sms") is None
    assert check(client, "notification") == refused("templates")


@pytest.mark.parametrize(
    ("templates", "passthrough", "is_allowed"),
    [
        (None, None, True),
        (("sms",), None, False),
        (None, False, False),
        (("sms",), True, True),
    ],
)
def test_a_text_of_its_own_is_for_a_client_without_templates_or_with_the_right(
    templates: tuple[str, ...] | None, passthrough: bool | None, is_allowed: bool
) -> None:
    client = Client("a", templates=templates, passthrough=passthrough)
    assert check(client, None) == (None if is_allowed else refused("passthrough"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quote_message", "Your code is 123456"),
        ("quote_author", NUMBER),
        ("quote_timestamp", 1700000000000),
        ("quote_mentions", [{"start": 0, "length": 1, "author": NUMBER}]),
        ("mentions", [{"start": 0, "length": 1, "author": NUMBER}]),
        ("edit_timestamp", 1700000000000),
        ("link_preview", {"url": "https://a.test", "title": "Your code"}),
        ("sticker", "0a1b:1"),
    ],
)
def test_an_option_that_says_more_than_the_template_is_a_text_of_its_own(
    name: str, value: Any
) -> None:
    option: dict[str, Any] = {name: value}
    for client in (Client("a", templates=("sms",)), Client("a", passthrough=False)):
        assert check(client, "sms", **option) == refused("passthrough")
    assert check(Client("a"), "sms", **option) is None
    allowed = Client("a", templates=("sms",), passthrough=True)
    assert check(allowed, "sms", **option) is None


def test_an_option_that_adds_nothing_to_a_template_is_for_every_client() -> None:
    client = Client("a", templates=("sms",), attachments=True)
    image = {"view_once": True, "base64_attachments": ["QUJD"]}
    options: dict[str, Any] = {"notify_self": True, "mentions": None, **image}
    assert check(client, "sms", **options) is None


@pytest.mark.parametrize(
    "to", [["+33123456789"], [NUMBER, "name.01"], ["GROUP.YWJjZA=="]]
)
def test_one_recipient_outside_the_allow_list_is_forbidden(to: list[str]) -> None:
    client = Client("authentik", recipients=("+49*", "group.*"))
    assert check(client, "sms", [NUMBER, "group.YWJjZA=="]) is None
    assert check(client, "sms", to) == refused("recipients")


def test_an_empty_allow_list_allows_nobody() -> None:
    assert check(Client("a", recipients=()), "sms") == refused("recipients")


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [("10.1.2.3", True), ("2001:db8::1", True), ("11.0.0.1", False)],
)
def test_a_client_calls_from_its_networks_alone(address: str, is_allowed: bool) -> None:
    networks = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "2001:db8::/32")))
    Client("a").check_network(address)
    client = Client("a", networks=networks)
    if is_allowed:
        client.check_network(address)
        return
    with pytest.raises(GatewayError) as error:
        client.check_network(address)
    assert refusal(error) == ("forbidden", refused("networks"))


def test_the_repr_of_a_client_shows_no_number() -> None:
    client = Client("authentik", numbers=(NUMBER,), recipients=(SECOND,))
    assert "+49" not in repr(client)
