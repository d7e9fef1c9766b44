"""The form of an answer, and the truth about several recipients."""

import json
import re
from typing import Any

import pytest
import responses

from tests.conftest import BEARER, SIGNAL, TOKEN, client
from tests.posting import Result, post

CODE = {"To": "+4915112345678", "Body": "482915"}
A, B, C = "+4915100000011", "+4915100000012", "+4915100000013"
NO_USER = "Unregistered user\nFailed to send message"
UNTRUSTED = "Failed to send message due to untrusted identities"
RATE_LIMITED = "Failed to send message due to rate limiting"
NO_NUMBER = (
    "'{}' is not a number that Signal can reach. Sign out, sign in again,"
    " and enter the number with its country code, like +49 151 23456789."
)
UNAUTHORIZED = (
    "No message was sent. Tell the administrator: the sender's token is missing or wrong."
    " Compare it with API_TOKENS."
)


def failing(text: str) -> tuple[int, str]:
    return 400, json.dumps({"error": text})


def send(answers: dict[str, tuple[int, str]]) -> Result:
    """A code to all of them, for whom Signal's server answers so."""
    return post({**CODE, "recipients": list(answers)}, answers=answers)


def missed(**reasons: str) -> dict[str, Any]:
    """What a partial success says of those who did not get it."""
    listed = [{"number": to, "reason": reason} for to, reason in reasons.items()]
    return {"recipients": listed}


def test_a_partial_success_is_201_and_names_the_rest() -> None:
    answers = {
        A: failing(NO_USER),
        B: (201, '{"timestamp":"1700000000002"}'),
        C: failing("process killed as timeout reached"),
    }
    told = send(answers)
    assert told.status == 201
    assert told.answer == {
        "timestamp": "1700000000002",
        "errors": missed(**{A: "not_on_signal", C: "signal_timeout"}),
    }


def test_of_a_group_it_is_told_only_to_the_log_that_not_all_got_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    errors = {"recipients": [{"number": A, "reason": "UNREGISTERED_FAILURE"}]}
    body = json.dumps([{"timestamp": "1700000000000", "errors": errors}])
    told = send({"group.YWJj": (201, body)})
    assert (told.status, told.answer) == (201, {"timestamp": "1700000000000"})
    logged = capfd.readouterr().err
    assert 'detail="sent, but not to all members of the group"' in logged


OWN = """\
variables: {INTERNAL: "+4915100000012, +4915100000013"}
templates: {door: {recipients: ["{INTERNAL}", "{phone}"], message: Open}}
"""


@pytest.mark.parametrize(
    ("path", "document", "named"),
    [
        ("/v2/send/door", {"phone": A}, A),
        ("/v2/send", {"message": "x", "recipients": [A, "{INTERNAL}"]}, A),
        ("/v2/send", {"message": "x", "recipients": "{INTERNAL}"}, None),
    ],
)
def test_recipients_of_the_configuration_are_never_named_in_full(
    path: str, document: dict[str, Any], named: str | None
) -> None:
    rejected = failing(NO_USER)
    told = post(document, path, OWN, {A: rejected, B: rejected})
    reasons = {name: "not_on_signal" for name in (named, "+49…012") if name}
    assert (told.status, told.answer["errors"]) == (201, missed(**reasons))


@pytest.mark.parametrize(
    ("to", "text", "sentence"),
    [
        ("{INTERNAL}", f"Invalid phone number '{B}': x", NO_NUMBER.format("+49…012")),
        (
            "group.YWJj",
            "Group not found: YWJj",
            "No message was sent. Tell the administrator: the sender is not in this Signal group,"
            " or may not write there.",
        ),
    ],
)
def test_a_recipient_that_is_refused_is_not_named_if_the_caller_did_not_write_it(
    to: str, text: str, sentence: str
) -> None:
    document = {"message": "x", "recipients": to}
    answers = dict.fromkeys((B, to), failing(text))
    told = post(document, templates=OWN.replace(f", {C}", ""), answers=answers)
    assert (told.answer["code"], told.answer["error"]) == (
        "invalid_recipient",
        sentence,
    )


def test_an_accepted_message_without_signals_time_gets_the_gateways() -> None:
    told = send({A: (201, "null")})
    assert told.status == 201 and re.fullmatch(r"\d{13}", told.answer["timestamp"])


@pytest.mark.parametrize(
    ("first", "second", "status", "code"),
    [
        (NO_USER, "Failed to send message", 504, "signal_timeout"),
        (UNTRUSTED, "User x is not registered.", 502, "sender_not_registered"),
        (RATE_LIMITED, NO_USER, 429, "signal_rate_limited"),
        ("Invalid Signal group size (16", NO_USER, 422, "not_on_signal"),
    ],
)
def test_if_nobody_got_it_the_gravest_reason_answers(
    first: str, second: str, status: int, code: str
) -> None:
    told = send({A: failing(first), B: failing(second)})
    assert (told.status, told.answer["code"]) == (status, code)


@pytest.mark.parametrize(
    ("text", "status", "code", "retry_after", "sentence"),
    [
        (
            NO_USER, 422, "not_on_signal", None,
            "This number is not on Signal. If it is right, set up Signal with it first. Sign out, sign in"
            " again, and enter the number with its country code, like +49 151 23456789.",
        ),
        (
            UNTRUSTED, 422, "safety_number_changed", None,
            "No message was sent: Signal was reinstalled for this number."
            " Ask the administrator to confirm its new safety number.",
        ),
        (
            "Rate limit failure, retry after 30 seconds", 429, "signal_rate_limited", "30",
            "Signal takes no more messages for now. Try again in 30 seconds;"
            " for a new code, sign out and sign in again.",
        ),
        (
            "User x is not registered.", 502, "sender_not_registered", None,
            "The number that sends the messages is not signed in to Signal."
            " Tell the administrator.",
        ),
        (
            "signal-cli version is too old", 502, "signal_rejected", None,
            "Signal's server refused the message."
            " Tell the administrator: the log has the reason.",
        ),
        (
            "write tcp: broken pipe", 503, "signal_unreachable", "30",
            "The message was not sent: Signal cannot be reached. Try again in a minute;"
            " for a new code, sign out and sign in again.",
        ),
        (
            "Failed to send message", 504, "signal_timeout", None,
            "Signal did not confirm the message; it may still arrive. If nothing has come"
            " after a minute, check that this number is on Signal, and try again;"
            " for a new code, sign out and sign in again.",
        ),
        (
            "Group not found: x", 422, "invalid_recipient", None,
            NO_NUMBER.format(A),
        ),
        (
            "illegal base64 data at input byte 3", 400, "bad_request", None,
            "This request cannot be read: the server cannot read the request's options.",
        ),
    ],
)  # fmt: skip
def test_every_failure_of_signal_is_told_in_words(
    text: str,
    status: int,
    code: str,
    retry_after: str | None,
    sentence: str,
    signal: responses.RequestsMock,
) -> None:
    signal.replace("POST", f"{SIGNAL}/v2/send", status=400, json={"error": text})
    answer = client().post("/v2/send", json={**CODE, "To": A}, headers=BEARER)
    assert answer.json == {
        "error": sentence,
        "code": code,
        "request_id": answer.headers["X-Request-ID"],
    }
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == retry_after


@pytest.mark.parametrize(
    ("accept", "agent", "is_text"),
    [
        ("*/*", "authentik@2026.8.0", True),
        (None, "authentik@2026.8.0+abc", True),
        ("*/*", "curl/8", False),
        (None, "python-requests/2", False),
        ("application/json", "authentik@2026.8.0", False),
        ("text/plain", "curl/8", True),
        ("text/*", "curl/8", True),
        ("text/plain, */*", "curl/8", True),
        ("text/plain;q=0.5, application/json", "authentik@2026.8.0", False),
        ("image/png", "authentik@2026.8.0", True),
        ("image/png", "curl/8", False),
    ],
)
def test_accept_decides_the_form_and_else_who_asks(
    accept: str | None, agent: str, is_text: bool
) -> None:
    headers = {"User-Agent": agent, **({"Accept": accept} if accept else {})}
    answer = client().post("/v2/send", headers=headers)
    kind = "text/plain; charset=utf-8" if is_text else "application/json"
    told = answer.text.strip() if is_text else (answer.json or {})["error"]
    assert (answer.content_type, told) == (kind, UNAUTHORIZED)


@pytest.mark.parametrize(
    ("given", "is_sane"),
    [
        *((given, True) for given in ("abc-123", "A.b_C", "x" * 64)),
        *((given, False) for given in ("", "a b", "x" * 65, "a;b", "ä", "a\tb")),
    ],
)
def test_a_sane_request_id_is_taken_over_and_any_other_replaced(
    given: str, is_sane: bool
) -> None:
    answer = client().get("/v1/health", headers={"X-Request-ID": given})
    found = answer.headers["X-Request-ID"]
    assert found == given if is_sane else re.fullmatch("[0-9a-f]{32}", found)


def test_a_bug_of_ours_is_told_in_one_sentence_and_logged_without_its_text(
    capfd: pytest.CaptureFixture[str],
) -> None:
    caller = client()
    caller.application.testing = False

    @caller.application.get("/bug")
    def bug() -> str:
        raise RuntimeError(f"a secret: {TOKEN}")

    answer = caller.get("/bug")
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]) == (
        500,
        "Something went wrong. Tell the administrator: the log has the reason.",
    )
    logged = capfd.readouterr().err
    assert "RuntimeError" in logged and "test_exchange.py" in logged
    assert TOKEN not in logged


@pytest.mark.parametrize(
    ("path", "host", "entry"),
    [
        ("/nope", "gateway", "outcome=not_found status=404 "),
        ("/health/live", "..", "outcome=bad_request status=400 "),
    ],
)
def test_what_the_framework_refuses_is_logged_with_its_own_cause(
    path: str, host: str, entry: str, capfd: pytest.CaptureFixture[str]
) -> None:
    client().get(path, headers={"Host": host})
    logged = capfd.readouterr().err
    assert entry in logged
    assert "broke off" not in logged
    assert ('detail="its address is malformed"' in logged) == (host == "..")
