"""No private name of another package is used, overridden or assigned in ``app``."""

import ast
import importlib
import inspect
import re
from contextlib import suppress
from typing import Any

from tests.gateway import ROOT

PLACES = (ast.Attribute, ast.Call, ast.alias, ast.ImportFrom)
SAMPLE = """
import logging, os
from os import _exit
class Handler(logging.Handler):
    _name = "x"
    def __init__(self): self._own, self._closed = getattr(os, "_wrap_close"), 1
    def _at_fork_reinit(self): return super()._bases + self._own
"""
USED = ["_exit", "_name", "_closed", "_wrap_close", "_at_fork_reinit", "_bases"]


def private(node: ast.AST) -> set[str]:
    """The private names that a node writes; an argument may be one for ``getattr``."""
    arguments = node.args if isinstance(node, ast.Call) else []
    texts = [getattr(node, key, "") for key in ("attr", "id", "module", "name")]
    texts += [getattr(argument, "value", "") for argument in arguments]
    text = " ".join(map(str, texts))
    return set(re.findall(r"(?<![^ .])_[a-zA-Z]\w*(?![^ .])", text))


def inherited(of: type) -> set[str]:
    """What its bases from other packages define, or assign to ``self``."""
    found = set[str]()
    for base in [base for base in of.__mro__ if not base.__module__.startswith("app")]:
        found.update(dir(base))
        with suppress(OSError, TypeError):  # it is not written in Python
            found.update(re.findall(r"self\.(_\w+)", inspect.getsource(base)))
    return found


def foreign(source: str, names: dict[str, Any]) -> set[str]:
    """The private names in a source that are not its own."""
    found = set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            written = set().union(*map(private, ast.walk(node)))
            found |= written & inherited(names[node.name])
        elif isinstance(node, PLACES):
            if not re.match(r"(self|cls)\.\w+$", ast.unparse(node)):
                found |= private(node)
    return found


def test_none_is_used_but_each_way_to_use_one_is_found() -> None:
    for path in (ROOT / "app").rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        module = importlib.import_module(name.removesuffix(".__init__"))
        assert foreign(path.read_text(), vars(module)) == set(), path
    assert foreign((ROOT / "gunicorn.conf.py").read_text(), {}) == set()
    names: dict[str, Any] = {"__name__": "app.sample"}
    exec(SAMPLE, names)
    assert foreign(SAMPLE, names) == set(USED)
