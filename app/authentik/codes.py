"""The objects for one-time codes: where people enroll, and what asks for the code at login."""

from app.authentik.document import (
    Entry,
    Secret,
    apply_first,
    block,
    find,
    none_of,
    quoted,
    webhook_mapping,
)
from app.authentik.expressions import CODE_WITH_LANGUAGE, CODE_WITH_TEXT

SETUP = "signal-authenticator-setup"
CODE_MAPPING = "signal-code"
STAGE = "authentik_stages_authenticator_sms.authenticatorsmsstage"
DEVICE = "authentik_stages_authenticator_sms.smsdevice"
VALIDATION = "authentik_stages_authenticator_validate.authenticatorvalidatestage"
VALIDATION_NAME = "default-authentication-mfa-validation"

_FLOW = Entry(
    "authentik_flows.flow",
    {"slug": SETUP},
    {
        "name": SETUP,
        "title": "Receive codes by Signal",
        "designation": "stage_configuration",
        "authentication": "require_authenticated",
    },
    id="signal-setup-flow",
    comment="Where people give their number: Settings > MFA Devices > Enroll > Signal.",
)
_BINDING = Entry(
    "authentik_flows.flowstagebinding",
    {
        "target": "!KeyOf signal-setup-flow",
        "stage": "!KeyOf signal-setup-stage",
        "order": "0",
    },
)
# A list replaces the old one, so this is for an authentik that has no such stage at all.
_VALIDATION = Entry(
    VALIDATION,
    {"name": VALIDATION_NAME},
    {
        "not_configured_action": "skip",
        "device_classes": "[static, totp, webauthn, duo, sms, email]",
    },
    state="created",
    comment=(
        "Asks for the code at login. Where this stage is there already, it stays as it is: SMS is one of\n"
        "its device classes, unless somebody took it out."
    ),
)


_FIND_VALIDATION = find(VALIDATION, "name", VALIDATION_NAME)


def made(url: str, number: str, token: Secret, expression: str | None) -> list[Entry]:
    """What people need for codes. ``expression`` is the mapping, ``None`` for authentik's own payload."""
    attrs = {
        "friendly_name": "Signal",
        "configure_flow": "!KeyOf signal-setup-flow",
        "provider": "generic",
        "from_number": quoted(number),
        "account_sid": quoted(url),
        "auth_type": "bearer",
        "auth": token.node(),
    }
    if expression:
        attrs["mapping"] = f"!KeyOf {CODE_MAPPING}"
    return [
        apply_first("Default - Authentication flow", _FIND_VALIDATION),
        *([_mapping(expression)] if expression else []),
        _FLOW,
        Entry(STAGE, {"name": SETUP}, attrs, id="signal-setup-stage"),
        _BINDING,
        _VALIDATION,
        *([] if expression else [_mapping("").absent(comment="No mapping is wanted.")]),
    ]


def removed() -> list[Entry]:
    """The same objects, taken away; the stage stays while a device needs it."""
    stage = Entry(STAGE, {"name": SETUP}).absent(
        conditions=none_of(
            find(DEVICE, "stage__name", SETUP),
            find(VALIDATION, "configuration_stages__name", SETUP),
        ),
        comment=(
            "Stays while somebody could not sign in without it: while one is enrolled (Directory > Users,\n"
            "the user, MFA Authenticators), or a validation stage has it as a configuration stage."
        ),
    )
    return [stage, _mapping("").absent(), _FLOW.absent()]


def mapping_for(template_in: str, language: str) -> str | None:
    """The SMS stage's mapping, if these options need one."""
    if template_in == "authentik":
        return CODE_WITH_TEXT
    return CODE_WITH_LANGUAGE if language == "user" else None


def _mapping(expression: str) -> Entry:
    return webhook_mapping(CODE_MAPPING, block(expression))
