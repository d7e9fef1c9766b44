"""Signal's own options: each travels on in a strict form, and is refused by name in any other."""

from time import monotonic
from typing import Any

import pytest

from app.errors import GatewayError
from app.options import Options, read_options
from tests.conftest import NUMBER
from tests.documentation.documents import text_of
from tests.posting import ANNA, BERT, Result, post

ACI = "0f8fad5b-d9cb-469f-a165-70867728950e"
MENTION = {"start": 0, "length": 4, "author": ANNA}
PREVIEW = {"url": "https://x.test", "title": "T", "description": "D"}
ELSEWHERE = {**PREVIEW, "url": "https://y.test"}
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
UNREAD = (
    "This request cannot be read: its '{}' has another form than in docs/payloads.md."
)


def send(templates: str = CLIENT, **payload: Any) -> Result:
    payload = {"to": ANNA, "message": "see https://x.test", **payload}
    return post(payload, templates=templates)


def test_every_option_of_signal_travels_on_and_nothing_else_does() -> None:
    values: dict[str, Any] = {
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
    message = {"message": "see https://x.test", "text_mode": "normal", **values}
    (sent,) = send(**message, x=1, sender="x").sent
    assert sent == {"number": NUMBER, "recipients": [ANNA], **message}
    document = text_of("docs/payloads.md")
    assert not [name for name in message if f"`{name}`" not in document]


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
    for value in values:
        with pytest.raises(GatewayError) as error:
            read_options({name: value})
        assert error.value.sentence({}) == UNREAD.format(name)


@pytest.mark.parametrize(
    ("author", "canonical"),
    [(ANNA, ANNA), ("0049 151 12345678", ANNA), ("u:Name.01", "name.01"), (ACI, ACI)],
)
def test_an_author_is_a_recipient_and_travels_in_its_canonical_form(
    author: str, canonical: str
) -> None:
    assert read_options({"quote_author": author}).values["quote_author"] == canonical
    mentions = read_options({"mentions": [{**MENTION, "author": author}]}).values
    assert mentions == {"mentions": [{**MENTION, "author": canonical}]}


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({"view_once": True}, "its 'view_once' needs an attachment"),
        ({"view_once": True, "sticker": "0a:1"}, "its 'view_once' needs an attachment"),
        (
            {"link_preview": ELSEWHERE},
            "the url of its 'link_preview' must be in the text",
        ),
    ],
)
def test_what_signals_server_refuses_is_refused_here(
    payload: dict[str, Any], told: str
) -> None:
    sentence = f"This request cannot be read: {told}."
    assert send(**payload).refusal == ("bad_request", sentence)


def attachment(text: str) -> Any:
    return send(base64_attachments=[text]).sent[0]["base64_attachments"]


@pytest.mark.parametrize(
    ("head", "cleaned"),
    [
        ("", ""),
        ("data:image/png;base64,", "data:image/png;base64,"),
        ("DATA:a/b;FILENAME=a.png;BASE64,", "data:a/b;filename=a.png;base64,"),
        ("data:;base64,", "data:application/octet-stream;base64,"),
    ],
)
def test_an_attachment_is_base64_with_or_without_a_type(
    head: str, cleaned: str
) -> None:
    assert attachment(f"{head}QU\nJD") == [f"{cleaned}QUJD"]


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Über uns (1).png", "Über uns _1_.png"),
        ("Rate limit failure: retry.png", "Rate limit failure_ retry.png"),
        ("../../etc/passwd", "passwd"),
        ("..\\../.bashrc", "bashrc"),
        ("%2e%2e%2fx.png", "_2e_2e_2fx.png"),
        ("x\0y\nz.png", "x_y_z.png"),
        ("a\u202egnp.exe", "a_gnp.exe"),
        ("\ud800.png", "_.png"),
        ("a" * 200 + ".png", "a" * 96 + ".png"),
        *((name, None) for name in ("", ".", "...", "../..", "a/", "..\\")),
    ],
)
def test_the_file_name_of_an_attachment_cannot_leave_its_folder(
    name: str, cleaned: str | None
) -> None:
    middle = f";filename={cleaned}" if cleaned else ""
    assert attachment(f"data:image/png;filename={name};base64,QUJD") == [
        f"data:image/png{middle};base64,QUJD"
    ]


@pytest.mark.parametrize(
    "value",
    ["QUJD", [None], [""], ["../file.txt"], ["file:///etc/passwd"], ["QUJD\ud800"]]
    + [["data:text/plain,hello"], ["data:a/b;base64,"], ["data:a/b;base64,{x}"]]
    + [["data:image;base64,QUJD"], ["data:a/b\n/c;base64,QUJD"]]
    + [["data:" + ";a==" * 100_000]],
)
def test_an_attachment_that_is_no_base64_is_refused_at_once(value: Any) -> None:
    told = UNREAD.format("base64_attachments")
    started = monotonic()
    assert send(base64_attachments=value).refusal == ("bad_request", told)
    assert monotonic() - started < 1


@pytest.mark.parametrize(
    "payload", [{"base64_attachments": ["QUJD"]}, {"sticker": "0:1"}]
)
def test_an_attachment_or_a_sticker_needs_no_text(payload: dict[str, Any]) -> None:
    assert send(message=None, **payload).texts == {ANNA: ""}
    assert send(message=" \u200b", text_mode="styled").refusal[0] == "no_message"


def test_a_picture_of_a_preview_is_an_attachment() -> None:
    payload: dict[str, Any] = {"link_preview": {**PREVIEW, "base64_thumbnail": "QUJD"}}
    assert send("", **payload).refusal[0] == "forbidden"
    assert send(**payload).status == 201
