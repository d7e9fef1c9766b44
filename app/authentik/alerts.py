"""The objects for alerts: which events are told, to whom, and in which words."""

from app.authentik.document import (
    Entry,
    Secret,
    apply_first,
    block,
    find,
    quoted,
    webhook_mapping,
)
from app.authentik.expressions import (
    ALERT_WITH_FIELDS,
    ALERT_WITH_TEXT,
    CONFIGURATION_ERRORS,
)

EVENTS = {  # the option's word, and authentik's
    "failed-logins": "login_failed",
    "configuration-errors": "configuration_error",
    "suspicious-requests": "suspicious_request",
    "new-versions": "update_available",
}
ADMINS = "authentik Admins"  # the group that authentik itself makes
ALERTS = "signal-alerts"
HEADER = "signal-alerts-header"
BODY = "signal-alerts-body"
GROUP = "authentik_core.group"
RULE = "authentik_events.notificationrule"
TRANSPORT = "authentik_events.notificationtransport"


def made(
    url: str, token: Secret, events: tuple[str, ...], group: str, template_in: str
) -> list[Entry]:
    """What tells ``events`` by Signal. Those not wanted are taken out of an earlier rule."""
    body = ALERT_WITH_TEXT if template_in == "authentik" else ALERT_WITH_FIELDS
    unwanted = [event for event in EVENTS if event not in events]
    found = find(GROUP, "name", group)
    default_group = [apply_first("Default - Events Transport & Rules", found)]
    return [
        *(default_group if group == ADMINS else []),
        webhook_mapping(HEADER, token.header_node()),
        webhook_mapping(BODY, block(body)),
        _transport(url),
        _rule(found),
        *(entry for event in events for entry in (_policy(event), _binding(event))),
        *(_policy(event).absent(comment="Not wanted.") for event in unwanted),
    ]


def removed() -> list[Entry]:
    """The same objects, taken away; bindings go with their rule."""
    return [
        Entry(RULE, {"name": ALERTS}).absent(),
        *(_policy(event).absent() for event in EVENTS),
        Entry(TRANSPORT, {"name": ALERTS}).absent(),
        webhook_mapping(HEADER, "").absent(),
        webhook_mapping(BODY, "").absent(),
    ]


def _transport(url: str) -> Entry:
    attrs = {
        "mode": "webhook",
        "webhook_url": quoted(url),
        "webhook_mapping_headers": f"!KeyOf {HEADER}",
        "webhook_mapping_body": f"!KeyOf {BODY}",
        "send_once": "true",
    }
    return Entry(
        TRANSPORT,
        {"name": ALERTS},
        attrs,
        id="signal-alerts-transport",
        comment="One post for an event: the gateway sends it to all in ADMIN_RECIPIENTS.",
    )


def _rule(group: str) -> Entry:
    """``group`` is the tag that finds it."""
    attrs = {
        "severity": "warning",
        "transports": "[!KeyOf signal-alerts-transport]",
        "destination_group": group,
    }
    return Entry(
        RULE,
        {"name": ALERTS},
        attrs,
        id="signal-alerts-rule",
        comment="Without this group, or while it has no member, authentik sends nothing.",
    )


def _policy(event: str) -> Entry:
    name = f"signal-{event}"
    if event != "configuration-errors":
        model = "authentik_policies_event_matcher.eventmatcherpolicy"
        return Entry(model, {"name": name}, {"action": EVENTS[event]}, id=name)
    model = "authentik_policies_expression.expressionpolicy"
    attrs = {"expression": block(CONFIGURATION_ERRORS)}
    return Entry(model, {"name": name}, attrs, id=name)


def _binding(event: str) -> Entry:
    return Entry(
        "authentik_policies.policybinding",
        {
            "target": "!KeyOf signal-alerts-rule",
            "policy": f"!KeyOf signal-{event}",
            "order": str(list(EVENTS).index(event)),
        },
    )
