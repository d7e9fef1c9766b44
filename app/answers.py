"""From an error or a delivery to what the caller reads."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import (
    ClientDisconnected,
    HTTPException,
    MethodNotAllowed,
)

from app.errors import GatewayError
from app.observability import journal
from app.signal.outcome import Outcome, State

# What the framework refuses by itself, in our words; any other status stays and reads as bad_request.
_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    500: "internal",
}

_JSON = json.JSONEncoder(separators=(",", ":"))

RETRY_AFTER = 30  # seconds, with every 503: signal-cli needs about that long to restart

# If nobody got the message, the first of these reasons that is there answers.
_GRAVEST = (
    "signal_timeout",
    "sender_not_registered",
    "signal_rejected",
    "signal_unreachable",
    "busy",
    "signal_rate_limited",
    "rate_limited",
    "safety_number_changed",
    "not_on_signal",
)


def delivered(recipients: Sequence[str], outcomes: Sequence[Outcome]) -> Response:
    """201 if Signal accepted the message for anyone, with the rest named.

    Raises the gravest reason if it did for nobody.
    """
    failed = [
        (recipient, outcome)
        for recipient, outcome in zip(recipients, outcomes)
        if outcome.state is not State.SENT
    ]
    if len(failed) == len(outcomes):
        raise _gravest(failed)
    timestamps = [outcome.timestamp for outcome in outcomes if outcome.timestamp]
    answer: dict[str, Any] = {
        "timestamp": timestamps[0] if timestamps else str(time.time_ns() // 1_000_000)
    }
    rest = [(recipient, outcome.code) for recipient, outcome in failed]
    rest += [missed for outcome in outcomes for missed in outcome.missed]
    if rest:
        answer["errors"] = {
            "recipients": [{"number": number, "reason": code} for number, code in rest]
        }
    return _as_json(answer, 201)


def _gravest(failed: Sequence[tuple[str, Outcome]]) -> GatewayError:
    recipient, outcome = min(failed, key=lambda entry: _gravity(entry[1].code))
    return GatewayError(
        outcome.code or "internal",
        retry_after=outcome.retry_after,
        value=recipient,
        hint=outcome.detail,
    )


def _gravity(code: str | None) -> int:
    return _GRAVEST.index(code) if code in _GRAVEST else len(_GRAVEST)


def handle_errors(app: Flask, sentences: Mapping[str, str], limit: int) -> None:
    """Let every error of ``app`` be told in one sentence, in the form that the caller reads."""

    @app.errorhandler(GatewayError)
    def refuse(error: GatewayError) -> Response:
        journal().outcome = error.code
        journal().detail = journal().detail or error.detail
        response = _in_words(error.code, error.sentence(sentences))
        response.status_code = error.status
        if error.retry_after or error.status == 503:
            response.headers["Retry-After"] = str(error.retry_after or RETRY_AFTER)
        if error.status == 401:
            response.headers["WWW-Authenticate"] = (
                'Bearer realm="gateway", Basic realm="gateway"'
            )
        return response

    @app.errorhandler(HTTPException)
    def refuse_by_framework(error: HTTPException) -> Response:
        response = refuse(_translated(error, limit))
        response.status_code = error.code or 500
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response


def _translated(error: HTTPException, limit: int) -> GatewayError:
    """What the framework refuses by itself, as an error of ours."""
    code = _CODES.get(error.code or 500, "bad_request")
    if code != "bad_request":
        return GatewayError(code, method=request.method, limit=str(limit))
    broke_off = isinstance(error, ClientDisconnected)
    hint = (
        "it broke off on its way" if broke_off else "its address or Host is malformed"
    )
    return GatewayError(code, hint=hint)


def _in_words(code: str, sentence: str) -> Response:
    if _prefers_text():
        return Response(sentence + "\n", content_type="text/plain; charset=utf-8")
    number = journal().request_id
    return _as_json({"error": sentence, "code": code, "request_id": number})


def _as_json(document: Mapping[str, Any], status: int = 200) -> Response:
    text = _JSON.encode(document) + "\n"
    return Response(text, status, content_type="application/json")


def _prefers_text() -> bool:
    """Whether ``Accept`` asks for text, or nothing is asked and authentik will show the answer as it is."""
    text = request.accept_mimetypes.quality("text/plain")
    as_json = request.accept_mimetypes.quality("application/json")
    if text != as_json:
        return text > as_json
    return request.user_agent.string.startswith("authentik@")
