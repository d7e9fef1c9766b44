"""From an error or a delivery to what the caller reads."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, MethodNotAllowed

from app.errors import GatewayError
from app.logs import journal
from app.signal.outcome import Outcome, State, gravest

# What the framework refuses, in our words; any other status stays and reads as bad_request.
_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    500: "internal",
}
RETRY_AFTER = 30  # seconds, with every 503: signal-cli needs about that long to restart


def delivered(recipients: Sequence[str], outcomes: Sequence[Outcome]) -> Response:
    """201 if Signal accepted the message for anybody, with the rest named.

    Raises the gravest reason if it did for nobody.
    """
    pairs = list(zip(recipients, outcomes))
    failed = [pair for pair in pairs if pair[1].state is not State.SENT]
    if len(failed) == len(pairs):
        recipient, outcome = min(failed, key=lambda pair: gravest(pair[1]))
        raise GatewayError(
            outcome.code or "internal",
            retry_after=outcome.retry_after,
            value=recipient,
            hint=outcome.detail,
        )
    timestamps = [outcome.timestamp for outcome in outcomes if outcome.timestamp]
    now = str(time.time_ns() // 1_000_000)
    answer: dict[str, Any] = {"timestamp": timestamps[0] if timestamps else now}
    rest = [(recipient, outcome.code) for recipient, outcome in failed]
    rest += [missed for outcome in outcomes for missed in outcome.missed]
    if rest:
        named = [{"number": number, "reason": code} for number, code in rest]
        answer["errors"] = {"recipients": named}
    response = jsonify(answer)
    response.status_code = 201
    return response


def handle_errors(app: Flask, sentences: Mapping[str, str], limit: int) -> None:
    """Let every error of ``app`` be told in one sentence, in the form that the caller reads."""
    app.json.sort_keys = False  # type: ignore[attr-defined]

    @app.errorhandler(GatewayError)
    def refuse(error: GatewayError) -> Response:
        journal().outcome = error.code
        journal().detail = journal().detail or error.detail
        response = _in_words(error.code, error.sentence(sentences))
        response.status_code = error.status
        if error.retry_after or error.status == 503:
            response.headers["Retry-After"] = str(error.retry_after or RETRY_AFTER)
        if error.status == 401:
            schemes = 'Bearer realm="gateway", Basic realm="gateway"'
            response.headers["WWW-Authenticate"] = schemes
        return response

    @app.errorhandler(HTTPException)
    def refuse_by_framework(error: HTTPException) -> Response:
        code = _CODES.get(error.code or 500, "bad_request")
        broke_off = isinstance(error, ClientDisconnected)
        hint = "it broke off on its way" if broke_off else "its address is malformed"
        ours = GatewayError(code, method=request.method, limit=str(limit))
        if code == "bad_request":
            ours = GatewayError(code, hint=hint)
        response = refuse(ours)
        response.status_code = error.code or 500
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response


def _in_words(code: str, sentence: str) -> Response:
    if _prefers_text():
        return Response(sentence + "\n", content_type="text/plain; charset=utf-8")
    return jsonify(error=sentence, code=code, request_id=journal().request_id)


def _prefers_text() -> bool:
    """Whether ``Accept`` asks for text, or it does not and the caller is authentik.

    authentik shows the answer as it is to the person who enrols.
    """
    text = request.accept_mimetypes.quality("text/plain")
    as_json = request.accept_mimetypes.quality("application/json")
    if text != as_json:
        return text > as_json
    return request.user_agent.string.startswith("authentik@")
