"""What is read from a caller, and what a caller reads: the body, the answer, the error."""

import json
import re
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any

from flask import Flask, Response, g, make_response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app.errors import GatewayError, bad_request
from app.logs import journal
from app.recipients import Recipients
from app.signal.outcome import GRAVEST, Outcome, State

SMALL_BODY = 256 * 1024  # bytes
LARGE_BODIES = 8 * 1024 * 1024  # bytes under way in a process, small bodies not counted
TOO_LARGE = (
    f"over {SMALL_BODY} bytes a client needs 'attachments: true' in templates.yaml, and"
    " MAX_BODY_BYTES is the most for it"
)
LATIN_1 = ("iso-8859-1", "latin-1", "latin1", "windows-1252")
# What the framework refuses, in our words; anything else reads as bad_request.
CODES = {404: "not_found", 405: "method_not_allowed", 500: "internal"}
CHALLENGE = 'Bearer realm="gateway", Basic realm="gateway"'
RETRY_AFTER = 30  # seconds, with every 503: signal-cli needs about that long to restart


def delivered(
    recipients: Recipients, outcomes: Mapping[str, Outcome], status: int
) -> Response:
    """``status`` if Signal accepted the message for anybody, with the rest named.

    Raises the gravest reason if it did for nobody.
    """
    failed = [to for to, o in outcomes.items() if o.state is not State.SENT]
    if len(failed) == len(outcomes):
        to = min(failed, key=lambda to: GRAVEST.index(outcomes[to].code))
        worst = outcomes[to]
        is_group = worst.code == "invalid_recipient" and to.startswith("group.")
        kind = "unknown_group" if is_group else worst.code or "internal"
        names = {"value": recipients.shown[to], "hint": worst.detail}
        raise GatewayError(kind, worst.detail, worst.retry_after, **names)
    missed = [(recipients.shown[to], outcomes[to].code) for to in failed]
    missed += [(name, error.code) for name, error in recipients.errors.items()]
    times = [outcome.timestamp for outcome in outcomes.values() if outcome.timestamp]
    now = str(time.time_ns() // 1_000_000)
    answer: dict[str, Any] = {"timestamp": times[0] if times else now}
    if missed:
        named = [{"number": name, "reason": code} for name, code in missed]
        answer["errors"] = {"recipients": named}
    return make_response(answer, status)


def handle_errors(app: Flask, sentences: Mapping[str, str]) -> None:
    """Let every error of ``app`` be told in one sentence, in the form that the caller reads."""

    @app.errorhandler(GatewayError)
    def refuse(error: GatewayError) -> Response:
        entry = journal()
        entry.outcome, entry.detail = error.code, entry.detail or error.detail
        sentence, number = error.sentence(sentences), entry.request_id
        answer = {"error": sentence, "code": error.code, "request_id": number}
        response = make_response(answer, error.status)
        if _prefers_text():
            response = Response(f"{sentence}\n", error.status, mimetype="text/plain")
        if error.retry_after or error.status == 503:
            response.retry_after = error.retry_after or RETRY_AFTER
        if error.status == 401:
            response.headers["WWW-Authenticate"] = CHALLENGE
        return response

    @app.errorhandler(HTTPException)
    def refuse_by_framework(error: HTTPException) -> Response:
        ours = bad_request("its address is malformed")
        if error.code in CODES:
            ours = GatewayError(CODES[error.code], method=request.method)
        response = refuse(ours)
        if methods := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(methods))
        return response


def _prefers_text() -> bool:
    """Whether ``Accept`` asks for text, or it does not and the caller is authentik.

    authentik shows the answer as it is to the person who enrols.
    """
    forms = ["application/json", "text/plain"]
    if request.user_agent.string.startswith("authentik@"):
        forms.reverse()
    return request.accept_mimetypes.best_match(forms, forms[0]) == "text/plain"


class Bodies:
    """Reads bodies. Of large ones only so many may be under way, until their requests end."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._under_way = 0

    def read(self, most: int, attachments: bool) -> dict[str, Any]:
        """The object in the body; raises ``bad_request``, ``too_large`` or ``busy``.

        ``most`` bytes are for clients that may send ``attachments``.
        """
        limit = most if attachments else min(most, SMALL_BODY)
        length = request.content_length
        self._reserve(limit if length is None else min(length, limit))
        # One byte more, so that a chunked body over the limit shows.
        request.max_content_length = limit + 1
        try:
            body = request.get_data()
            if len(body) > limit:
                raise RequestEntityTooLarge
            # gunicorn hands over even one that was cut off.
            if len(body) < (length or 0):
                raise EOFError
        except RequestEntityTooLarge as error:
            raise GatewayError("too_large", TOO_LARGE, limit=str(limit)) from error
        except Exception as error:  # whatever the server raises for broken framing
            raise bad_request("it broke off on its way") from error
        return parse(body, request.mimetype_params.get("charset"))

    def _reserve(self, size: int) -> None:
        g.large_body = size if size > SMALL_BODY else 0
        with self._lock:
            self._under_way += g.large_body
            if g.large_body and self._under_way > LARGE_BODIES:
                raise GatewayError("busy", "too many large bodies at once")

    def release(self, error: BaseException | None) -> None:
        """For the end of each request."""
        with self._lock:
            self._under_way -= g.pop("large_body", 0)


def parse(raw: bytes, charset: str | None) -> dict[str, Any]:
    """The JSON object in a body; ``charset`` is that of its Content-Type, if it has one.

    Some senders write Latin-1 or Windows' form of it, and do not always say so.
    """
    is_latin = (charset or "").lower() in LATIN_1
    try:
        text = raw.decode("cp1252" if is_latin else json.detect_encoding(raw))
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    try:
        payload = json.loads(text, parse_constant=int)  # no NaN and no Infinity
    except (ValueError, RecursionError) as error:
        raise bad_request(_not_json(raw, error)) from error
    if not isinstance(payload, dict):
        hint = "it is JSON, but no object. A webhook mapping must return a dict like {'to': …}"
        raise bad_request(hint)
    return payload


def _not_json(raw: bytes, error: Exception) -> str:
    if not raw.strip():
        return "it is empty. A webhook mapping without its 'return' does this"
    if re.match(rb"[\w.\[\]%+-]+=|--", raw):
        return "it is a form and not JSON: let the sender send JSON"
    if not isinstance(error, json.JSONDecodeError):
        return "it is not JSON"
    place = f"line {error.lineno}, column {error.colno}"
    if error.msg.startswith("Invalid control character"):
        return f"it is not JSON: a line break or tab in a text must be \\n or \\t ({place})"
    return f"it is not JSON: look at {place}"
