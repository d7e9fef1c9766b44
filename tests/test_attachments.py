"""Files in a request: what is one, what it may be called, and who may send it."""

from time import monotonic
from typing import Any

import pytest

from tests.posting import ANNA, Result, post

CLIENT = "clients: {authentik: {attachments: true}}"
UNREAD = (
    "This request cannot be read: its 'base64_attachments' has another form than in"
    " docs/payloads.md."
)


def send(**payload: Any) -> Result:
    payload = {"to": ANNA, "message": "see https://x.test", **payload}
    return post(payload, templates=CLIENT)


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
    started = monotonic()
    assert send(base64_attachments=value).refusal == ("bad_request", UNREAD)
    assert monotonic() - started < 1


@pytest.mark.parametrize(
    "payload", [{"base64_attachments": ["QUJD"]}, {"sticker": "0:1"}]
)
def test_an_attachment_or_a_sticker_needs_no_text(payload: dict[str, Any]) -> None:
    assert send(message=None, **payload).texts == {ANNA: ""}
    assert send(message=" \u200b", text_mode="styled").refusal[0] == "no_message"


def test_a_picture_of_a_preview_is_an_attachment() -> None:
    preview = {"url": "https://x.test", "title": "T", "base64_thumbnail": "QUJD"}
    payload = {"to": ANNA, "message": "see https://x.test", "link_preview": preview}
    assert post(payload).refusal[0] == "forbidden"
    assert send(**payload).status == 201
