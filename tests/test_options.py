"""Signal's own options: each travels on in a strict form, and is refused by name in any other."""

from typing import Any

import pytest

from app.errors import GatewayError
from app.options import Options, read_options
from tests.documentation.documents import text_of
from tests.posting import ANNA, BERT, Result, post

ACI = "0f8fad5b-d9cb-469f-a165-70867728950e"
MENTION = {"start": 0, "length": 4, "author": ANNA}
PREVIEW = {"url": "https://x.test", "title": "T", "description": "D"}
NO_MENTIONS: list[Any] = [
    *(MENTION, [5], [{"start": 0, "length": 4}]),
    *([{**MENTION, **x}] for x in ({"start": True}, {"length": -1}, {"author": None})),
    [MENTION, {**MENTION, "author": "Network failure"}],
]
NO_PREVIEWS: list[Any] = [
    *("x", ["x"], {}, {"title": "T"}, {"url": "https://x.test"}),
    *({**PREVIEW, "url": url} for url in (1, "x.test", "https://x.test/a b")),
    *({**PREVIEW, "title": title} for title in (1, "", "-T")),
]
CLIENT = "clients: {authentik: {attachments: true}}"


def send(**payload: Any) -> Result:
    payload = {"to": ANNA, "message": "see https://x.test", **payload}
    return post(payload, templates=CLIENT)


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
        "quote_mentions": [MENTION],
        "edit_timestamp": 2**63 - 1,
        "sticker": "0A1b:1",
    }
    document = text_of("docs/payloads.md")
    assert [
        name for name in (*values, "text_mode") if f"`{name}`" not in document
    ] == []
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


@pytest.mark.parametrize("value", [None, "", []])
def test_null_and_what_is_empty_count_as_absent(value: Any) -> None:
    for name in ("text_mode", "sticker", "view_once", "base64_attachments"):
        assert read_options({name: value}) == Options(None, {})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("text_mode", ["bold", 1]),
        ("notify_self", [1]),
        ("view_once", ["true"]),
        ("quote_timestamp", [True, 2**63, 1.5]),
        ("edit_timestamp", [-1]),
        ("quote_message", [["x"], "--help", "x\0"]),
        ("quote_author", [49, "0151 12345678", "a@b Rate limit failure for x: 86400"]),
        ("sticker", [5, "Unregistered user:1", "0a1b"]),
        ("mentions", NO_MENTIONS),
        ("quote_mentions", NO_MENTIONS),
        ("link_preview", NO_PREVIEWS),
    ],
)
def test_an_option_in_another_form_is_refused_by_name(
    name: str, values: list[Any]
) -> None:
    told = f"This request cannot be read: its '{name}' has another form than in docs/payloads.md."
    for value in values:
        with pytest.raises(GatewayError) as error:
            read_options({name: value})
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
        (
            {"link_preview": {**PREVIEW, "url": "https://y.test"}},
            "the url of its 'link_preview' must be in the text",
        ),
    ],
)
def test_what_signals_server_refuses_is_refused_here(
    payload: dict[str, Any], told: str
) -> None:
    sentence = f"This request cannot be read: {told}."
    assert send(**payload).refusal == ("bad_request", sentence)
