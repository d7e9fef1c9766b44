"""What a client may send, and from where."""

import ipaddress
import json
from collections.abc import Sequence
from typing import Any

import pytest

from app import payloads
from app.access import Client
from app.errors import GatewayError
from app.payloads import SendRequest

NUMBER = "+4915100000001"
SECOND = "+4915100000002"


def refusal(error: pytest.ExceptionInfo[GatewayError]) -> tuple[str, str]:
    return error.value.code, error.value.detail


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


def wanted(**payload: Any) -> SendRequest:
    document = {"to": NUMBER, "token": "004821", **payload}
    return payloads.read(json.dumps(document).encode(), {}, None)


def check(
    client: Client, template: str | None, to: Sequence[str] = (NUMBER,), **payload: Any
) -> str | None:
    """The rule that refuses, as the log names it."""
    try:
        client.check(template, wanted(**payload), to)
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
        ("sticker", "pack:1"),
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
