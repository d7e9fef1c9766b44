from time import monotonic
from typing import Any

import pytest

from app.errors import GatewayError
from app.options import Options, read_options

MENTION = {"start": 0, "length": 4, "author": "+4915111111111"}
PREVIEW = {"url": "https://x.test", "title": "T", "description": "D"}
NO_ATTACHMENT = (
    "This request cannot be read: an attachment is no base64 and no data: address"
    " with base64."
)


def refusal(payload: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(GatewayError) as caught:
        read_options(payload)
    return caught.value.code, caught.value.sentence({})


def attachment(text: str) -> Any:
    return read_options({"base64_attachments": [text]}).values["base64_attachments"]


def test_every_option_of_signal_travels_on_and_nothing_else_does() -> None:
    values = {
        "notify_self": False,
        "base64_attachments": ["QUJD"],
        "link_preview": PREVIEW,
        "view_once": True,
        "mentions": [MENTION],
        "quote_timestamp": 1700000000000,
        "quote_author": "+4915111111111",
        "quote_message": "said",
        "quote_mentions": [],
        "edit_timestamp": 2**63 - 1,
        "sticker": "pack:1",
    }
    payload = {**values, "message": "hi", "to": "+49", "text_mode": "styled"}
    assert read_options(payload) == Options(styled=True, values=values)


@pytest.mark.parametrize("mode", ["normal", "", None])
def test_a_text_is_styled_only_if_the_caller_says_so(mode: str | None) -> None:
    assert read_options({"text_mode": mode}) == Options(styled=False, values={})


def test_null_counts_as_absent() -> None:
    payload = {"sticker": None, "view_once": None, "mentions": None}
    assert read_options(payload) == Options(styled=False, values={})


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("text_mode", 1, "'normal' or 'styled'"),
        ("notify_self", 1, "true or false"),
        ("view_once", "true", "true or false"),
        ("base64_attachments", "QUJD", "a list of texts"),
        ("base64_attachments", [None], "a list of texts"),
        ("quote_timestamp", True, "a whole number"),
        ("quote_timestamp", 2**63, "a whole number"),
        ("quote_timestamp", 1.5, "a whole number"),
        ("quote_timestamp", float("nan"), "a whole number"),
        ("edit_timestamp", -1, "a whole number"),
        ("quote_author", 49, "a text that does not begin with '-'"),
        ("quote_message", ["x"], "a text that does not begin with '-'"),
        ("sticker", 5, "a text like packId:stickerId"),
    ],
)
def test_an_option_of_the_wrong_type_is_refused_by_name(
    name: str, value: Any, kind: str
) -> None:
    assert refusal({name: value}) == (
        "bad_request",
        f"This request cannot be read: its '{name}' must be {kind}.",
    )


@pytest.mark.parametrize("name", ["mentions", "quote_mentions"])
@pytest.mark.parametrize(
    "value",
    [
        MENTION,
        [5],
        [{"start": 0, "length": 4}],
        [{**MENTION, "start": True}],
        [{**MENTION, "length": -1}],
        [{**MENTION, "author": None}],
        [MENTION, {**MENTION, "more": 1}],
    ],
)
def test_a_mention_has_start_length_and_author(name: str, value: Any) -> None:
    assert refusal({name: value}) == (
        "bad_request",
        f"This request cannot be read: its '{name}' must be a list of objects with"
        " start, length and author.",
    )


@pytest.mark.parametrize("value", ["x", [], {**PREVIEW, "x": "y"}, {"url": 1}])
def test_a_link_preview_has_known_texts(value: Any) -> None:
    assert refusal({"link_preview": value}) == (
        "bad_request",
        "This request cannot be read: its 'link_preview' must be an object with url,"
        " title, description and base64_thumbnail.",
    )


@pytest.mark.parametrize(
    ("head", "cleaned"),
    [
        ("", ""),
        ("data:image/png;base64,", "data:image/png;base64,"),
        (
            "DATA:image/png;FILENAME=a.png;BASE64,",
            "data:image/png;filename=a.png;base64,",
        ),
        ("data:;base64,", "data:application/octet-stream;base64,"),
        ("data:image;base64,", "data:application/octet-stream;base64,"),
        ("data:a/b\n/c;base64,", "data:application/octet-stream;base64,"),
    ],
)
def test_an_attachment_is_base64_with_or_without_a_type(
    head: str, cleaned: str
) -> None:
    assert attachment(f"{head}QUJD") == [f"{cleaned}QUJD"]


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Über uns (1).png", "Über uns (1).png"),
        ("../../etc/passwd", "passwd"),
        ("/etc/cron.d/x", "x"),
        ("..\\..\\x.png", "x.png"),
        ("..\\../.bashrc", "bashrc"),
        ("%2e%2e%2fx.png", "_2e_2e_2fx.png"),
        ("x\0y\nz.png", "x_y_z.png"),
        ("a\u202egnp.exe", "a_gnp.exe"),
        ("\ud800.png", "_.png"),
        ("a" * 200 + ".png", "a" * 96 + ".png"),
    ],
)
def test_the_file_name_of_an_attachment_cannot_leave_its_folder(
    name: str, cleaned: str
) -> None:
    assert attachment(f"data:image/png;filename={name};base64,QUJD") == [
        f"data:image/png;filename={cleaned};base64,QUJD"
    ]


@pytest.mark.parametrize("name", ["", ".", "..", "...", "../..", "a/", "..\\"])
def test_a_file_name_that_is_only_a_path_is_left_out(name: str) -> None:
    assert attachment(f"data:image/png;filename={name};base64,QUJD") == [
        "data:image/png;base64,QUJD"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "../file.txt",
        "file:///etc/passwd",
        "data:text/plain,hello",
        "data:image/png;base64,",
        "data:image/png;base64,{x}",
        "QUJD\ud800",
    ],
)
def test_an_attachment_that_is_no_base64_is_refused(text: str) -> None:
    assert refusal({"base64_attachments": [text]}) == ("bad_request", NO_ATTACHMENT)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"base64_attachments": ["QUJD"]}, True),
        ({"sticker": "pack:1"}, True),
        ({"view_once": True, "text_mode": "styled"}, False),
    ],
)
def test_an_attachment_or_a_sticker_is_content_without_a_text(
    payload: dict[str, Any], expected: bool
) -> None:
    assert read_options(payload).has_content is expected


def test_a_head_that_is_none_is_refused_at_once() -> None:
    started = monotonic()
    with pytest.raises(GatewayError):
        read_options({"base64_attachments": ["data:" + ";a==" * 100_000]})
    assert monotonic() - started < 1
