"""The tests of the documents find what is wrong."""

from functools import partial
from pathlib import Path

import pytest

from tests.documentation.actions import Case
from tests.documentation.documents import (
    Block,
    anchors,
    blocks,
    documents,
    links,
    table,
)
from tests.documentation.reading import Reading, read
from tests.documentation.rules import rule

CURL = "curl http://127.0.0.1:8880/v2/send -H 'Authorization: Bearer {}' -d '{}'\n"
CODE = '{"to": "+4915112345678", "token": "004821"}'


def shell(*texts: str, language: str = "sh") -> list[Block]:
    return [
        Block("made-up.md", number, language, text) for number, text in enumerate(texts)
    ]


WRONG = {
    "false\n": "ends with 1",
    "true && false\n": "ends with 1",
    "false\ntrue\n": "ends with 1",
    "no-such-program\n": "not found",
    "apt-get install nginx\n": "elsewhere.py does not say why",
    "sudo systemctl enable --now signal-gateway\n": "there is no signal-gateway.service",
    "sudo systemctl edit signal-gateway\n": "systemctl edit is not known here",
    "signal-cli send\n": "elsewhere.py does not say why",
    "git clone https://example.com/x.git there && ls there/nothing\n": "ends with 2",
    ".venv/bin/pip install -r nothing.txt\n": "there is no nothing.txt",
    ".venv/bin/pip install '.[nothing]'\n": "setup.cfg has no extra",
    ".venv/bin/pip install no-such-package\n": "is not installed here",
    ".venv/bin/pytest tests/test_nothing.py\n": "there is no tests/test_nothing.py",
    ".venv/bin/python -m tests.load.nothing\n": "there is no tests.load.nothing",
    "curl http://signal.example.com\n": "ends with 7",
    "curl http://127.0.0.1:8080/v1/accounts/+49/rate-limit-challenge -d '{}'\n": "this is no captcha",
    CURL.format("wrong-token-0123456789", CODE): "401",
    CURL.format("TOKEN", "{}"): "422",
    "SIGNAL_TIMEOUT=60 .venv/bin/gunicorn wsgi:app\n": "The gateway cannot start",
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The problem of each block that has one."""
    reading = read(shell(*WRONG), tmp_path_factory.mktemp("wrong"))
    return {block.text: problem for block, problem in reading.problems.items()}


@pytest.mark.system
@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_shell_block_is_found(text: str, found: dict[str, str]) -> None:
    assert WRONG[text] in found[text]


@pytest.mark.system
def test_what_a_block_sets_holds_for_the_next(tmp_path: Path) -> None:
    exported = (
        "export SIGNAL_API_URL=http://127.0.0.1:8080 SIGNAL_NUMBER=+4915100000001\n"
    )
    token = "API_TOKENS=authentik:$(openssl rand -hex 32)\ncd app\ncd ..\n"
    started = ".venv/bin/gunicorn wsgi:app\n"
    called = CURL.format("TOKEN", CODE)
    reading = read(shell(exported, token, started, called), tmp_path)
    assert reading.problems == {}
    assert '{"timestamp":"1700000000000"}' in reading.output


def test_a_file_outside_of_the_tree_is_written_inside_of_the_sandbox(
    tmp_path: Path,
) -> None:
    text = (
        "sudo install -m 600 /dev/null /etc/gateway.env\necho A=1 > /etc/gateway.env\n"
    )
    assert read(shell(text), tmp_path).problems == {}
    assert (tmp_path / "etc/gateway.env").read_text() == "A=1\n"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("", "never printed"),
        ("yaml", "templates: {sms: {message: '{token'}}"),
        ("yaml", "clients: {a: {templates: [nothing]}}"),
        ("yaml", "templates:\n  x: {message: a}\n  x: {message: b}\n"),
        ("yaml", "services: {signal-gateway: {environment: {SIGNAL_NUMBER: '+49'}}}"),
        ("python", 'return {"to": device.phone_number, "message": "{token}"}'),
        ("python", 'return {"to": event.user}'),
        ("python", 'return {"Authorization": "Bearer wrong-token-0123456789"}'),
        ("python", '{"to": device.phone_number, "token": token}'),
        ("python", 'return {"to": device.phone_number, "token": f"{token}}"}'),
        ("json", "{"),
        ("json", '{"to": "+4915112345678"}'),
        ("json", '{"error": "…", "code": "no_such_code", "request_id": "…"}'),
    ],
)
def test_a_wrong_block_is_found(language: str, text: str, tmp_path: Path) -> None:
    block = Block("README.md", 1, language, text)
    with pytest.raises(Exception) as found:
        run = rule(block)
        assert run, "nobody runs it"
        run(Case(block, partial(Reading, {}, "printed"), tmp_path))
    assert "nobody runs it" not in str(found.value)


@pytest.mark.parametrize("language", ["ruby", "console", "dockerfile"])
def test_a_language_without_a_rule_is_run_by_nobody(language: str) -> None:
    assert rule(Block("made-up.md", 1, language, "x")) is None


def test_yaml_of_an_unknown_program_is_run_by_nobody() -> None:
    assert rule(Block("made-up.md", 1, "yaml", "what: is this")) is None


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "docs/more").mkdir(parents=True)
    (tmp_path / "docs/more/x.md").write_text("nothing\n")
    (tmp_path / "README.md").write_text(
        "# A `b`: c?\n## Twice\n## Twice\n[x](docs/more/x.md#y) [out](https://example.com)\n"
        "`[no](link)`\n\n| a | b |\n|---|---|\n| 1 | `x\\|y` |\n| | 2 |\n\n| 3 | 4 |\n"
        "- in a list\n\n  ```sh\n  # no heading\n  true\n  ```\n"
    )
    return tmp_path


def test_a_document_is_taken_apart(tree: Path) -> None:
    assert documents(tree) == ["README.md", "docs/more/x.md"]
    assert blocks("README.md", tree) == [
        Block("README.md", 15, "sh", "# no heading\ntrue\n")
    ]
    assert anchors("README.md", tree) == {"a-b-c", "twice", "twice-1"}
    assert links("README.md", tree) == ["docs/more/x.md#y"]
    assert table("README.md", "a", tree) == [["1", "`x\\|y`"], ["", "2"]]


def test_a_block_that_is_not_closed_is_found(tree: Path) -> None:
    (tree / "docs/more/x.md").write_text("```sh\ntrue\n")
    with pytest.raises(ValueError, match="docs/more/x.md:1: this block is not closed"):
        blocks("docs/more/x.md", tree)
