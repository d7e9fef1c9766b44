"""The blueprint files as they stand and with their switches turned, and an authentik to apply them in."""

import re
from pathlib import Path

from tests.authentik.stand_in import GROUP, VALIDATION, Authentik
from tests.conftest import TOKEN

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs/authentik/blueprints"
CODES, ALERTS = (
    (FOLDER / name).read_text("utf-8") for name in ("codes.yaml", "alerts.yaml")
)
REMOVAL = (ROOT / "docs/authentik/removal.yaml").read_text("utf-8")
ALERTS_TOKEN = "s3cr3t-alerts-token"
ENVIRON = {
    "SIGNAL_GATEWAY_URL": "https://gateway.example.com",
    "SIGNAL_GATEWAY_TOKEN": TOKEN,
    "SIGNAL_ALERTS_TOKEN": ALERTS_TOKEN,
}


def with_mapping(text: str) -> str:
    """The file after the two edits that its comment tells."""
    edited = text.replace("state: absent", "state: present")
    return edited.replace("#mapping:", "mapping:")


def with_own_text(text: str) -> str:
    """The file with each # taken away that stands right before code."""
    return re.sub(r"^( {8})#(?=\S)", r"\1", text, flags=re.MULTILINE)


CODES_BY_LANGUAGE = with_mapping(CODES)
CODES_OWN_TEXT = with_own_text(CODES_BY_LANGUAGE)
ALERTS_OWN_TEXT = with_own_text(ALERTS)
ALL = (CODES, CODES_BY_LANGUAGE, CODES_OWN_TEXT, ALERTS, ALERTS_OWN_TEXT, REMOVAL)


def applied(*texts: str, **environ: str) -> Authentik:
    """An authentik that has been in use, after these files; what it had before is there and changed."""
    authentik = Authentik(environ or ENVIRON)
    authentik.add(GROUP, name="authentik Admins")
    name = "default-authentication-mfa-validation"
    authentik.add(VALIDATION, name=name, device_classes=["totp"])
    for text in texts:
        authentik.apply(text)
    return authentik
