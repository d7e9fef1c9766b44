"""``signal-cli daemon --http`` as a backend: JSON-RPC, one ``send`` for each recipient."""

from collections.abc import Mapping
from typing import Any

from app.signal.about import About, Unusable, answered, clock, word
from app.signal.daemon_outcomes import BY_CODE, BY_STATUS, TABLE
from app.signal.daemon_request import call, send_params
from app.signal.outcome import Message, Outcome, not_sent, unknown
from app.signal.signal_cli import (
    CAPTCHA,
    LIMITED,
    PARTLY_BEFORE_CAPTCHA,
    by_type,
    gravity,
    later,
    matching,
    name_of,
    sent,
)
from app.signal.transport import Answer, Endpoint, handed_over

CONCURRENCY = 32  # it serves each request on a thread of its own


class DaemonServer:
    """One signal-cli daemon."""

    def __init__(self, url: str) -> None:
        self._rpc = Endpoint("POST", url)

    def send(self, message: Message, recipient: str, deadline: float) -> Outcome:
        """Send to one recipient before ``deadline`` (`time.monotonic`) and tell what became of it."""
        try:
            params = send_params(message, recipient)
        except ValueError as error:
            return not_sent("bad_request", str(error))
        answer = handed_over(self._rpc, call("send", params), deadline)
        if isinstance(answer, Outcome):
            return answer
        return read_answer(answer, recipient)

    def concurrency(self, deadline: float) -> int | None:
        return CONCURRENCY

    def problem(self, sender: str | None, deadline: float) -> str | None:
        """The code of what keeps it from sending."""
        try:
            numbers = self.accounts(deadline)
        except Unusable:
            return "signal_unreachable"
        is_missing = sender and numbers is not None and sender not in numbers
        return "sender_not_registered" if is_missing else None

    def accounts(self, deadline: float) -> list[Any] | None:
        """The numbers registered there; with one account (-a) it does not tell. Raises `Unusable`."""
        listed = self._asked("listAccounts", deadline)[1].get("result")
        if not isinstance(listed, list):
            return None
        return [entry.get("number") for entry in listed if isinstance(entry, dict)]

    def about(self, deadline: float) -> About:
        """What it tells of itself; raises `Unusable`."""
        answer, document = self._asked("version", deadline)
        version = word(document.get("result"), "version")
        return About("signal-cli", version, "daemon", clock(answer))

    def _asked(self, method: str, deadline: float) -> tuple[Answer, dict[str, Any]]:
        answer = answered(self._rpc, call(method, {}), deadline)
        document = answer.json()
        if not isinstance(document, dict):
            raise Unusable(f"this is no signal-cli daemon (it answers {answer.status})")
        return answer, document


def read_answer(answer: Answer, recipient: str) -> Outcome:
    """What an answer to ``send`` means for ``recipient``."""
    document = answer.json() if answer.status == 200 else None
    if not isinstance(document, dict):
        return _without_document(answer)
    result, error = document.get("result"), document.get("error")
    if isinstance(result, dict):
        return _result(result, recipient)
    return _error(error if isinstance(error, dict) else {}, recipient)


def _without_document(answer: Answer) -> Outcome:
    if answer.status in BY_STATUS:
        return BY_STATUS[answer.status]
    if 300 <= answer.status < 500:
        detail = f"something before the daemon refuses the request ({answer.status})"
        return not_sent("signal_rejected", detail)
    return unknown(f"the daemon answers {answer.status} without saying what it did")


def _result(result: Mapping[str, Any], recipient: str) -> Outcome:
    """At least one got it, or there was nobody to send to: a group without other members."""
    entries = _entries(result)
    failed = [entry for entry in entries if entry.get("type") != "SUCCESS"]
    if entries and len(failed) == len(entries):
        return _gravest(failed, recipient)
    missed = {name_of(_address(entry)): by_type(entry.get("type")) for entry in failed}
    return sent(result.get("timestamp"), missed)


def _error(error: Mapping[str, Any], recipient: str) -> Outcome:
    data = error.get("data")
    response = data.get("response") if isinstance(data, dict) else None
    failed = _entries(response) if isinstance(response, dict) else []
    if failed:
        return _gravest(failed, recipient)
    message = error.get("message")
    found = matching(TABLE, message if isinstance(message, str) else "", recipient)
    if found:
        return found
    code = error.get("code")
    known = code if isinstance(code, int) else 0
    outcome, for_group = BY_CODE.get(known, (None, None))
    if outcome is None:
        return unknown("signal-cli answers with an error that is not known")
    return for_group if for_group and recipient.startswith("group.") else outcome


def _entries(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = result.get("results")
    listed = entries if isinstance(entries, list) else []
    return [entry for entry in listed if isinstance(entry, dict)]


def _address(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    address = entry.get("recipientAddress")
    return address if isinstance(address, dict) else {}


def _gravest(failed: list[Mapping[str, Any]], recipient: str) -> Outcome:
    """The outcome where nobody got it: that of the gravest reason."""
    kind = min((entry.get("type") for entry in failed), key=gravity)
    if kind != "RATE_LIMIT_FAILURE":
        return by_type(kind)
    if any(entry.get("token") for entry in failed):
        is_group = recipient.startswith("group.")
        return PARTLY_BEFORE_CAPTCHA if is_group else _named(CAPTCHA, failed)
    return _named(LIMITED, failed)


def _named(outcome: Outcome, failed: list[Mapping[str, Any]]) -> Outcome:
    seconds = [entry.get("retryAfterSeconds") for entry in failed]
    named = [value for value in seconds if type(value) is int]  # true is none
    return later(outcome, max(named)) if named else outcome
