"""What the command writes, for every choice of its options, and an authentik to apply it in."""

from functools import cache
from itertools import product
from typing import Any

from click.testing import CliRunner

from app.authentik import command
from tests.authentik.stand_in import GROUP, VALIDATION, Authentik
from tests.conftest import TOKEN, settings

URL = ["--url", "https://gateway.example.com"]
OPS = 'Ops: "night", #1'
SETUP = "signal-authenticator-setup"
MAPPING = "authentik_events.notificationwebhookmapping"
TRANSPORT = "authentik_events.notificationtransport"
RULE = "authentik_events.notificationrule"
BINDING = "authentik_policies.policybinding"
CHOICES = (
    [[], ["--with", "mfa"], ["--with", "alerts"]],
    [[], ["--template-in", "authentik"], ["--language", "user"]],
    [[], ["--events", "failed-logins"], ["--events", "configuration-errors"]],
    [[], ["--token-file", "/run/secrets/token"], ["--token", "100%s\\\"'{}#:-token!"]],
    [[], ["--alerts-token-env", "ON"], ["--group", OPS]],
)
ALL = [URL + sum(chosen, []) for chosen in product(*CHOICES)]
ALL += [["--remove"], ["--remove", "--with", "mfa"], ["--remove", "--with", "alerts"]]


@cache
def written(*options: str) -> str:
    result = CliRunner().invoke(command(settings()), options)
    assert result.exit_code == 0, result.output
    return result.stdout


def old_authentik(**attrs: Any) -> Authentik:
    """One that has been in use: its own objects are there, and changed."""
    found = Authentik(environ={"SIGNAL_GATEWAY_TOKEN": TOKEN})
    found.add(GROUP, name="authentik Admins")
    found.add(GROUP, name=OPS)
    name = "default-authentication-mfa-validation"
    found.add(VALIDATION, name=name, device_classes=["totp"], **attrs)
    return found


def applied(*options: str, **environ: str) -> Authentik:
    authentik = old_authentik()
    authentik.environ = environ or authentik.environ
    authentik.apply(written(*URL, *options))
    return authentik
