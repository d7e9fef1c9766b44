"""What the documents say is so."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CLAIMS = re.findall(
    r"`(tests/[a-z_/]+\.py)::(\w+)`", (ROOT / "docs/security.md").read_text()
)
assert len(CLAIMS) > 25
PINNED = re.findall(
    r"^([A-Za-z0-9_-]+)==", (ROOT / "requirements.txt").read_text(), re.M
)


@pytest.mark.parametrize(("path", "name"), CLAIMS)
def test_every_claim_about_security_has_its_test(path: str, name: str) -> None:
    assert f"\ndef {name}(" in (ROOT / path).read_text()


@pytest.mark.parametrize("package", PINNED)
def test_every_pinned_package_has_its_licence_listed(package: str) -> None:
    text = (ROOT / "docs/security.md").read_text().partition("## What is installed")[2]
    assert package.replace("-", "_").lower() in text.replace("-", "_").lower()
