"""The whole file: what sets authentik up for this gateway, or what takes that away again.

For authentik 2025.8 to 2026.8. authentik ignores an attribute that it does not know, a list replaces the
old one, and a file is applied as a whole or not at all.
"""

from dataclasses import dataclass

from app.authentik import alerts, codes
from app.authentik.document import Secret, document
from app.authentik.heading import heading, removal_heading

NAME = "Signal gateway"
PARTS = ("mfa", "alerts")


@dataclass(frozen=True)
class Plan:
    """What is to be set up, checked."""

    url: str
    number: str
    parts: tuple[str, ...]
    events: tuple[str, ...]
    group: str
    template_in: str
    language: str
    code_token: Secret
    alert_token: Secret


def blueprint(plan: Plan) -> str:
    """The file that sets ``plan`` up. Applied twice, it changes nothing."""
    entries, secrets = [], {}
    if "mfa" in plan.parts:
        mapping = codes.mapping_for(plan.template_in, plan.language)
        entries += codes.made(plan.url, plan.number, plan.code_token, mapping)
        secrets["codes"] = plan.code_token
    if "alerts" in plan.parts:
        entries += alerts.made(
            plan.url, plan.alert_token, plan.events, plan.group, plan.template_in
        )
        secrets["alerts"] = plan.alert_token
    return document(
        heading(NAME, secrets, plan.events), NAME, "Codes and alerts by Signal", entries
    )


def removal(parts: tuple[str, ...]) -> str:
    """The file that takes away what any plan with ``parts`` makes."""
    entries = alerts.removed() if "alerts" in parts else []
    entries += codes.removed() if "mfa" in parts else []
    return document(
        removal_heading(NAME), NAME, "Takes the Signal gateway's objects away", entries
    )
