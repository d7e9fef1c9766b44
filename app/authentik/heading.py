"""The comment at the top of a blueprint: what it does, how to apply it, how to see that it was."""

from collections.abc import Mapping, Sequence

from app.authentik.alerts import ALERTS
from app.authentik.codes import SETUP
from app.authentik.document import Secret

_APPLY = """\
To apply it, either
  put it into the folder /blueprints of authentik's worker: it is found by itself, and applied again
  every hour, over any change made by hand; or
  upload it once: Customization > Blueprints > Import (before authentik 2026.5: Flows and Stages > Flows
  > Import).
"""
_CHECK = """\
Was it applied? Look for objects named signal-*, and under Customization > Blueprints, where
"{name}" is Successful (an upload is not listed). authentik keeps most errors to itself:
  If there are no such objects, docs/authentik.md of the gateway lists what it may be.
  If one of them says CHANGE-ME, its token was not found where the file was applied.
"""


def heading(name: str, secrets: Mapping[str, Secret], events: Sequence[str]) -> str:
    """For a file that sets up; ``secrets`` are the tokens by what they are for."""
    makes = {
        "codes": f"  {SETUP}: a flow and a stage, where people give their number\n",
        "alerts": f"  {ALERTS}: a rule and a transport for {', '.join(events)}\n",
    }
    made = "".join(text for part, text in makes.items() if part in secrets)
    return (
        "Sets authentik (2025.8 to 2026.8) up for codes and alerts by Signal. Written by\n"
        "`flask --app wsgi authentik`: to change anything, write it anew with other options.\n\n"
        f"It makes objects named signal-*, and changes no others:\n{made}\n"
        f"{_tokens(secrets)}\n{_APPLY}\n{_CHECK.format(name=name)}\n"
        "To take it all away, write the file anew with --remove and apply that in its place.\n"
    )


def removal_heading(name: str) -> str:
    """For a file that takes away."""
    return (
        "Takes away what the gateway's blueprint made in authentik. Put it in the place of that file: side\n"
        f"by side they would undo each other every hour.\n\n{_APPLY}\n"
        f'When "{name}" is Successful under Customization > Blueprints, delete the file.\n'
    )


def _tokens(secrets: Mapping[str, Secret]) -> str:
    """Where the tokens are, each once."""
    wanted = {
        secret: [part for part, other in secrets.items() if other == secret]
        for secret in secrets.values()
    }
    lines = [
        f"  {_PLACES[secret.kind]} {secret.name}: the token of the client for {' and '.join(parts)}\n"
        for secret, parts in wanted.items()
        if secret.kind in _PLACES
    ]
    written = "A token stands in this file: keep it like a password.\n"
    needed = (
        "Before you apply it, authentik needs in both its server and its worker\n"
        f"{''.join(lines)}"
        "The worker reads it for a file, the server for an upload.\n"
    )
    return (needed if lines else "") + (written if len(lines) < len(wanted) else "")


_PLACES = {"env": "the variable", "file": "the file"}
