"""The Python that authentik runs on behalf of the gateway: its webhook mappings and one policy.

authentik makes each text the body of a function. A mapping of the SMS stage sees ``user``, ``device``,
``token``, ``stage`` and ``request``; one of a transport sees ``notification`` and ``user``; a policy sees
``request``. Nothing checks them when they are saved: a mistake would show at the first code.
"""

import json

# ``request.http_request`` is None before 2025.8, where ``http_request`` by itself does not exist.
CODE_WITH_LANGUAGE = """\
# What authentik sends without a mapping, and the language of the page that asks for the code.
return {
    "From": stage.from_number,
    "To": device.phone_number,
    "Body": token,
    "Message": f"Use this code to authenticate in authentik: {token}",
    "locale": user.locale(request.http_request),
}
"""

# The number goes under "To": there it is one recipient, whatever somebody typed.
CODE_WITH_TEXT = """\
text = (
    f"Your verification code: {token}\\n\\n"
    "It expires in 5 minutes. If you did not ask for it, ignore this message."
)
return {"From": stage.from_number, "To": device.phone_number, "message": text}
"""

# Names and messages may come from a stranger: on one line, and too short to hide the rest.
_ALERT = """\
event = notification.event
context = event.context if event else {}
event_user = event.user if event else {}
text = context.get("message") or (event.action.replace("_", " ") if event else notification.body)
text = " ".join(str(text).split())[:300]
if event and event.client_ip:
    text += f", from {event.client_ip}"
who = context.get("username") or event_user.get("username")
if who:
    text += ", user " + " ".join(str(who).split())[:100]
"""

ALERT_WITH_FIELDS = f"""\
# authentik's own body is the whole event as Python writes it; this one is for people.
{_ALERT}\
return {{
    "severity": notification.severity,
    "body": text,
    "action": event.action if event else None,
    "client_ip": event.client_ip if event else None,
    "user_username": user.username,
    "user_email": user.email,
    "event_user_username": event_user.get("username"),
    "event_user_email": event_user.get("email"),
}}
"""

ALERT_WITH_TEXT = f"""\
{_ALERT}\
# The gateway refuses a text with an unfilled field in it; a user name must not be taken for one.
text = text.replace("{{", "(").replace("}}", ")")
return {{"recipients": ["{{ADMINS}}"], "message": f"authentik, {{notification.severity}}: {{text}}"}}
"""

# authentik's event for an SMS that could not be sent has this message.
CONFIGURATION_ERRORS = """\
# A code that could not be sent is such an event, too. Told by the same gateway, it would only fail again.
event = request.context.get("event")
if event is None or event.action != "configuration_error":
    return False
return event.context.get("message") != "Error sending SMS"
"""

HEADER_FORMAT = 'return {"Authorization": "Bearer %s"}'  # for authentik's !Format


def header(token: str) -> str:
    """The header mapping with the token written out."""
    return f'return {{"Authorization": {json.dumps("Bearer " + token)}}}\n'
