"""All that can go wrong with a request: its code, its status, its sentence.

The sentences may be read by somebody who is locked out of an account, on the very page that asks
for the code: authentik shows them as they are. ``errors`` in ``templates.yaml`` replaces them.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One way to fail. ``sentence`` is a ``str.format`` text over the names that the error carries.

    ``code`` is what callers read; several kinds may share one.
    """

    status: int
    sentence: str
    code: str


# authentik keeps a number that it could not send to, and sends nothing more, until the person
# signs out: many sentences say so.
_SENTENCES = {
    400: {"bad_request": "This request cannot be read: {hint}."},
    401: {
        "unauthorized": "No message was sent. Tell the administrator: the sender's"
        " token is missing or wrong. Compare it with API_TOKENS."
    },
    403: {
        "forbidden": "No message was sent. Tell the administrator: this is not allowed"
        " here. The gateway's log has the reason."
    },
    404: {
        "not_found": "No message was sent. Tell the administrator: there is nothing at"
        " this address. Messages are posted to /v2/send."
    },
    405: {
        "method_not_allowed": "No message was sent. Tell the administrator: this"
        " address does not take {method}. If a message was posted, a redirect changed"
        " the request: use the final https:// address."
    },
    413: {
        "too_large": "This request is too large. At most {limit} bytes are accepted"
        " here."
    },
    422: {
        "no_recipient": "No message was sent. Tell the administrator: the request"
        " names no recipient. Put a phone number in 'recipients'.",
        "invalid_recipient": "'{value}' is not a number that Signal can reach. Sign"
        " out, sign in again, and enter the number with its country code, like"
        " +49 151 23456789.",
        "ambiguous_recipient": "'{value}' is a number in more than one country. Sign"
        " out, sign in again, and enter it with a plus and its country code, like"
        " +49 151 23456789.",
        "unknown_group": "No message was sent. Tell the administrator: the sender is"
        " not in this Signal group, or may not write there.",
        "no_sender": "No message was sent. Tell the administrator: there is no number"
        " to send from. Set SIGNAL_NUMBER.",
        "no_message": "No message was sent. Tell the administrator: the request has"
        " neither a code nor a message. Another sender's body needs a template.",
        "missing_field": "No message was sent. Tell the administrator: the message"
        " needs '{field}', which the request does not have.",
        "unformatted_mapping": "No message was sent. Tell the administrator: the text"
        " still has {value} in it. In the webhook mapping, put an f before its opening"
        " quote.",
        "not_on_signal": "This number is not on Signal. If it is right, set up Signal"
        " with it first. Sign out, sign in again, and enter the number with its"
        " country code, like +49 151 23456789.",
        "safety_number_changed": "No message was sent: Signal was reinstalled for this"
        " number. Ask the administrator to confirm its new safety number.",
    },
    429: {
        "rate_limited": "Too many messages. Try again in {wait}; for a new code, sign"
        " out and sign in again.",
        "signal_rate_limited": "Signal takes no more messages for now. Try again in"
        " {wait}; for a new code, sign out and sign in again.",
    },
    502: {
        "sender_not_registered": "The number that sends the messages is not signed in"
        " to Signal. Tell the administrator.",
        "signal_rejected": "Signal's server refused the message. Tell the"
        " administrator: the log has the reason.",
    },
    503: {
        "signal_unreachable": "The message was not sent: Signal cannot be reached. Try"
        " again in a minute; for a new code, sign out and sign in again.",
        "busy": "The message was not sent: too many are waiting. Try again in a"
        " minute; for a new code, sign out and sign in again.",
    },
    504: {
        "signal_timeout": "Signal did not confirm the message; it may still arrive. If"
        " nothing has come after a minute, check that this number is on Signal, and"
        " try again; for a new code, sign out and sign in again."
    },
    500: {
        "internal": "Something went wrong. Tell the administrator: the log has the"
        " reason."
    },
}
# What callers read as one of the codes above.
_SHARED = dict.fromkeys(("ambiguous_recipient", "unknown_group"), "invalid_recipient")
KINDS = {
    name: Kind(status, sentence, _SHARED.get(name, name))
    for status, sentences in _SENTENCES.items()
    for name, sentence in sentences.items()
}
_FIELD = re.compile(r"\{(\w+)\}")


def checked_sentence(kind: str, sentence: str) -> str:
    """``sentence`` if it can replace the one of ``kind``: not empty, and no other fields in it."""
    names = {"seconds", "wait", *_FIELD.findall(KINDS[kind].sentence)}
    text = _FIELD.sub("", sentence).strip()
    if not text or set(text) & set("{}") or set(_FIELD.findall(sentence)) - names:
        known = ", ".join(f"{{{name}}}" for name in sorted(names))
        raise ValueError(f"must be a text whose only fields are {known}.")
    return sentence.strip()


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
        self.code = KINDS[kind].code
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


def bad_request(hint: str) -> GatewayError:
    """For a request that cannot be read; ``hint`` says why, as part of a sentence."""
    return GatewayError("bad_request", hint=hint)


class ConfigurationError(Exception):
    """The gateway cannot start: ``problems`` has one sentence for each mistake found."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        number = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        head = f"The gateway cannot start: {number} in its configuration."
        super().__init__("\n- ".join([head, *problems]))
