"""Signal's own options: each travels on in a strict form, and is refused by name in any other."""

from typing import Any

import pytest

from app.errors import GatewayError
from app.options import Options, read_options
from tests.posting import ANNA, BERT, Result, post

ACI = "0f8fad5b-d9cb-469f-a165-70867728950e"
MENTION = {"start": 0, "length": 4, "author": ANNA}
PREVIEW = {"url": "https://x.test", "title": "T", "description": "D"}
AUTHOR = "a phone number or another recipient"
MENTIONS = "a list of objects with start, length and author, a phone number"
LINK_PREVIEW = "an object with an https url, a title and more"
NO_MENTIONS: list[Any] = [
    MENTION,
    [5],
    [{"start": 0, "length": 4}],
    [{**MENTION, "start": True}],
    [{**MENTION, "length": -1}],
    [{**MENTION, "author": None}],
    [{**MENTION, "author": "Network failure"}],
    [MENTION, {**MENTION, "more": 1}],
]
NO_PREVIEWS: list[Any] = [
    *("x", [], {"title": "T"}, {**PREVIEW, "x": "y"}, {"url": 1}, {"url": "x.test"}),
    *({**PREVIEW, **more} for more in ({"title": "-T"}, {"url": "https://x.test/a b"})),
]
UNSHOWN = "its 'link_preview' needs a title, and its url in the text"
CLIENT = "clients: {authentik: {attachments: true}}"


def send(**payload: Any) -> Result:
    return post(
        {"to": ANNA, "message": "see https://x.test", **payload}, templates=CLIENT
    )


def test_every_option_of_signal_travels_on_and_nothing_else_does() -> None:
    values = {
        "notify_self": False,
        "base64_attachments": ["QUJD"],
        "link_preview": PREVIEW,
        "view_once": True,
        "mentions": [MENTION],
        "quote_timestamp": 1700000000000,
        "quote_author": BERT,
        "quote_message": "said",
        "quote_mentions": [],
        "edit_timestamp": 2**63 - 1,
        "sticker": "0A1b:1",
    }
    result = send(**values, text_mode="normal", x=1, sender="x")
    assert result.sent == [
        {
            "number": "+4915100000001",
            "recipients": [ANNA],
            "message": "see https://x.test",
            "text_mode": "normal",
            **values,
        }
    ]


def test_null_and_no_attachments_count_as_absent() -> None:
    absent: dict[str, Any] = {
        "sticker": None,
        "view_once": None,
        "base64_attachments": [],
    }
    assert read_options(absent) == Options(None, {})


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("text_mode", "bold", "'normal' or 'styled'"),
        ("notify_self", 1, "true or false"),
        ("view_once", "true", "true or false"),
        ("quote_timestamp", True, "a whole number"),
        ("quote_timestamp", 2**63, "a whole number"),
        ("quote_timestamp", 1.5, "a whole number"),
        ("edit_timestamp", -1, "a whole number"),
        ("quote_message", ["x"], "a text that does not begin with '-'"),
        ("quote_message", "--help", "a text that does not begin with '-'"),
        ("quote_author", 49, AUTHOR),
        ("quote_author", "0151 12345678", AUTHOR),
        ("quote_author", "a@b Rate limit failure for x: retry after 86400 s", AUTHOR),
        ("sticker", 5, "like 0a1b2c:3"),
        ("sticker", "Unregistered user:1", "like 0a1b2c:3"),
        ("sticker", "0a1b", "like 0a1b2c:3"),
        *(("mentions", value, MENTIONS) for value in NO_MENTIONS),
        *(("quote_mentions", value, MENTIONS) for value in NO_MENTIONS),
        *(("link_preview", value, LINK_PREVIEW) for value in NO_PREVIEWS),
    ],
)
def test_an_option_in_another_form_is_refused_by_name(
    name: str, value: Any, kind: str
) -> None:
    with pytest.raises(GatewayError) as error:
        read_options({name: value})
    told = f"This request cannot be read: its '{name}' must be {kind}."
    assert error.value.sentence({}) == told


@pytest.mark.parametrize(
    ("author", "canonical"),
    [(ANNA, ANNA), ("0049 151 12345678", ANNA), ("u:Name.01", "name.01"), (ACI, ACI)],
)
def test_an_author_is_a_recipient_and_travels_in_its_canonical_form(
    author: str, canonical: str
) -> None:
    payload: dict[str, Any] = {
        "quote_author": author,
        "mentions": [{**MENTION, "author": author}],
    }
    assert read_options(payload).values == {
        "quote_author": canonical,
        "mentions": [{**MENTION, "author": canonical}],
    }


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({"view_once": True}, "its 'view_once' needs an attachment"),
        ({"view_once": True, "sticker": "0a:1"}, "its 'view_once' needs an attachment"),
        ({"link_preview": {"url": "https://x.test"}}, UNSHOWN),
        ({"link_preview": {**PREVIEW, "url": "https://y.test"}}, UNSHOWN),
    ],
)
def test_what_signals_server_refuses_is_refused_here(
    payload: dict[str, Any], told: str
) -> None:
    sentence = f"This request cannot be read: {told}."
    assert send(**payload).refusal == ("bad_request", sentence)
