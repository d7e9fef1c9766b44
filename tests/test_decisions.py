"""Each row of decisions.yaml, played; the table in docs/payloads.md is made of the same rows.

To write that table again after a change, run ``python -m tests.test_decisions``.
"""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import responses
import yaml

from tests.conftest import ADMIN, BEARER, NUMBER, SIGNAL
from tests.documentation.catalogue import loaded
from tests.documentation.documents import ROOT, blocks, text_of
from tests.test_cases import gateway, line, taken

DOCUMENT = "docs/payloads.md"
TABLE = yaml.safe_load((Path(__file__).parent / "decisions.yaml").read_text())
ROWS: list[dict[str, Any]] = TABLE["rows"]
TRIED = [
    pytest.param(row, body, id=f"{row['client']}, {row.get('path', 'no path')}: {body}")
    for row in ROWS
    for body in row["body"]
]
SHAPES = list(TABLE["bodies"])[:6]
PATHS = [None, "sms", "notification", "door", "bell", "phone"]
TITLES = ("body", "path", "client", "template", "recipients", "sender", "limit")
MOST = 11  # requests of each, one more than the widest limit allows
RECIPIENTS = {
    "+4915112345678": "the request's",
    "+4915122222222": "the field's",
    ADMIN: "the template's",
}
SENDERS = {
    NUMBER: None,
    "+4915100000002": "the client's first",
    "+4915100000003": "the one asked for",
}


@pytest.mark.parametrize(("row", "body"), TRIED)
def test_a_request_goes_where_its_row_says(
    row: dict[str, Any],
    body: str,
    signal: responses.RequestsMock,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    (block,) = filter(loaded, blocks(DOCUMENT))
    rules = TABLE["clients"][row["client"]]
    case = {**loaded(block), "clients": {"authentik": rules} if rules else {}}
    caller = gateway(case, tmp_path, SIGNAL)
    path = f"/v2/send/{row['path']}" if "path" in row else "/v2/send"
    document = TABLE["bodies"][body]
    answers = [caller.post(path, headers=BEARER, json=document) for _ in range(MOST)]
    sent = taken(signal, f"{SIGNAL}/v2/send")
    if "refused" in row:
        codes = {answer.get_json()["code"] for answer in answers}
        assert (codes, sent) == ({row["refused"]}, [])
        return
    allowed = int(row.get("limit", str(MOST)).split()[0])
    statuses = [201] * allowed + [429] * (MOST - allowed)
    assert [answer.status_code for answer in answers] == statuses
    assert line(capsys)["template"] == row["template"].replace("none", "-")
    assert {RECIPIENTS[got["recipients"][0]] for got in sent} == {row["to"]}
    assert {SENDERS[got["number"]] for got in sent} == {row.get("from")}
    assert len(sent) == allowed


def test_every_body_has_a_row_for_every_path() -> None:
    rows = [row for row in ROWS if row["client"] == "no entry"]
    told = [(body, row.get("path")) for row in rows for body in row["body"]]
    assert sorted(product(SHAPES, map(str, PATHS))) == sorted(
        (body, str(path)) for body, path in told if body in SHAPES and path in PATHS
    )


def test_the_document_has_the_table() -> None:
    assert text_of(DOCUMENT).endswith("\n\n" + written())


def written() -> str:
    """The table of the rows, as it stands at the end of the document."""
    lines = [TITLES, ["---"] * len(TITLES), *map(_cells, ROWS)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cells(row: dict[str, Any]) -> list[str]:
    path = f"`{row['path']}`" if "path" in row else "-"
    told = "any of the six" if row["body"] == SHAPES else "; ".join(row["body"])
    head = [told, path, row["client"]]
    if "refused" in row:
        return [*head, f"refused: `{row['refused']}`", "-", "-", "-"]
    template = row["template"]
    name = "none, the text as it is" if template == "none" else f"`{template}`"
    sender = row.get("from", "`SIGNAL_NUMBER`")
    return [*head, name, row["to"], sender, row.get("limit", "-")]


if __name__ == "__main__":
    before = text_of(DOCUMENT).partition("| body | path |")[0]
    (ROOT / DOCUMENT).write_text(before + written(), encoding="utf-8")
