"""All that can go wrong with a request: its code, its status, its sentence.

The sentences may be read by somebody who is locked out of an account, on the very page that asks
for the code: authentik shows them as they are. ``errors`` in ``templates.yaml`` replaces them.
"""

import math
import string
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One way to fail. ``sentence`` is a ``str.format`` text over the names that the error carries.

    ``code`` is what callers read, where several kinds share one.
    """

    status: int
    sentence: str
    code: str = ""


def _tell(status: int, what: str) -> Kind:
    """What only the administrator can mend."""
    return Kind(status, f"No message was sent. Tell the administrator: {what}")


# authentik keeps a number that it could not send to, and sends nothing more, until the person
# signs out.
_RETYPE = "Sign out, sign in again, and enter the number with its country code, like +49 151 23456789."
_AGAIN = "; for a new code, sign out and sign in again."

KINDS = {
    "bad_request": Kind(400, "This request cannot be read: {hint}."),
    "unauthorized": _tell(
        401, "the sender's token is missing or wrong. Compare it with API_TOKENS."
    ),
    "forbidden": _tell(
        403, "this is not allowed here. The gateway's log has the reason."
    ),
    "not_found": _tell(
        404, "there is nothing at this address. Messages are posted to /v2/send."
    ),
    "method_not_allowed": _tell(
        405,
        "this address does not take {method}. If a message was posted, a redirect changed the"
        " request: use the final https:// address.",
    ),
    "too_large": Kind(
        413, "This request is too large. At most {limit} bytes are accepted here."
    ),
    "no_recipient": _tell(
        422, "the request names no recipient. Put a phone number in 'recipients'."
    ),
    "invalid_recipient": Kind(
        422, "'{value}' is not a number that Signal can reach. " + _RETYPE
    ),
    "ambiguous_recipient": Kind(
        422,
        "'{value}' is a number in more than one country. Sign out, sign in again, and enter it"
        " with a plus and its country code, like +49 151 23456789.",
        "invalid_recipient",
    ),
    "unknown_group": Kind(
        422,
        "No message was sent. Tell the administrator: the sender is not in this Signal group, or"
        " may not write there.",
        "invalid_recipient",
    ),
    "no_sender": _tell(422, "there is no number to send from. Set SIGNAL_NUMBER."),
    "no_message": _tell(
        422,
        "the request has neither a code nor a message. Another sender's body needs a template.",
    ),
    "missing_field": _tell(
        422, "the message needs '{field}', which the request does not have."
    ),
    "unformatted_mapping": _tell(
        422,
        "the text still has {value} in it. In the webhook mapping, put an f before its opening"
        " quote.",
    ),
    "not_on_signal": Kind(
        422,
        "This number is not on Signal. If it is right, set up Signal with it first. "
        + _RETYPE,
    ),
    "safety_number_changed": Kind(
        422,
        "No message was sent: Signal was reinstalled for this number. Ask the administrator to"
        " confirm its new safety number.",
    ),
    "rate_limited": Kind(429, "Too many messages. Try again in {wait}" + _AGAIN),
    "signal_rate_limited": Kind(
        429, "Signal takes no more messages for now. Try again in {wait}" + _AGAIN
    ),
    "sender_not_registered": Kind(
        502,
        "The number that sends the messages is not signed in to Signal. Tell the administrator.",
    ),
    "signal_rejected": Kind(
        502,
        "Signal's server refused the message. Tell the administrator: the log has the reason.",
    ),
    "signal_unreachable": Kind(
        503,
        "The message was not sent: Signal cannot be reached. Try again in a minute"
        + _AGAIN,
    ),
    "busy": Kind(
        503,
        "The message was not sent: too many are waiting. Try again in a minute"
        + _AGAIN,
    ),
    "signal_timeout": Kind(
        504,
        "Signal did not confirm the message; it may still arrive. If nothing has come after a"
        " minute, check that this number is on Signal, and try again" + _AGAIN,
    ),
    "internal": Kind(
        500, "Something went wrong. Tell the administrator: the log has the reason."
    ),
}


def checked_sentence(kind: str, sentence: str) -> str:
    """``sentence`` if it can replace the one of ``kind``: not empty, and no other fields in it."""
    names = _fields(KINDS[kind].sentence) | {"seconds", "wait"}
    try:
        is_seen = sentence.format_map(dict.fromkeys(names, "")).strip()
        if is_seen and _fields(sentence) <= names:
            return sentence.strip()
    except (LookupError, ValueError, AttributeError):
        pass  # another field, or a brace without its partner
    known = ", ".join(f"{{{name}}}" for name in sorted(names))
    raise ValueError(f"must be a text whose only fields are {known}.")


def _fields(sentence: str) -> set[str]:
    parsed = string.Formatter().parse(sentence)
    return {name for _, name, _, _ in parsed if name is not None}


class GatewayError(Exception):
    """A request that ends without success.

    ``kind`` is a key of `KINDS`; ``detail`` is for the log alone and holds nothing secret or
    personal; ``retry_after`` is in seconds; ``names`` fill the sentence.
    """

    def __init__(
        self, kind: str, detail: str = "", retry_after: int | None = None, **names: str
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.code = KINDS[kind].code or kind
        self.status = KINDS[kind].status
        self.detail = detail or names.get("hint", "")
        self.retry_after = retry_after
        self.names = names

    def sentence(self, sentences: Mapping[str, str]) -> str:
        """The words for the caller: those in ``sentences`` where there are any, else our own."""
        seconds = self.retry_after or 60
        names = {"seconds": str(seconds), "wait": _spoken(seconds), **self.names}
        return sentences.get(self.kind, KINDS[self.kind].sentence).format_map(names)


def _spoken(seconds: int) -> str:
    """A time to wait as people say it."""
    for size, unit in ((3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{math.ceil(seconds / size)} {unit}"
    return f"{seconds} seconds"


class ConfigurationError(Exception):
    """The gateway cannot start: ``problems`` has one sentence for each mistake found."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        number = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        head = f"The gateway cannot start: {number} in its configuration."
        super().__init__("\n- ".join([head, *problems]))
