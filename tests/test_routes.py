"""Who may call which route, and with which method."""

import pytest

from tests.conftest import BEARER, METRICS_TOKEN, client

PUBLIC = {"/v1/health": 204, "/health/live": 200, "/health/ready": 503}


def test_every_route_is_either_public_or_asks_for_credentials() -> None:
    caller = client(metrics_token=METRICS_TOKEN)
    for rule in caller.application.url_map.iter_rules():
        path = rule.rule.replace("<template>", "sms")
        for method in (rule.methods or set()) - {"HEAD"}:
            status = caller.open(path, method=method).status_code
            assert status == PUBLIC.get(path, 401), f"{method} {path}"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_messages_are_posted_and_nothing_else(method: str) -> None:
    answer = client().open("/v2/send", method=method, headers=BEARER)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "path", ["/", "/v2", "/v2/send/", "//v2/send", "/v2/send/a/b", "/static/x"]
)
def test_any_other_path_is_not_found_and_never_a_redirect(path: str) -> None:
    answer = client().post(path, headers=BEARER)
    assert answer.status_code == 404


def test_missing_and_wrong_credentials_look_alike() -> None:
    caller = client()
    found = []
    for given in ({}, {"Authorization": "Bearer wrong"}):
        answer = caller.post("/v2/send", headers={**given, "X-Request-ID": "abc"})
        assert answer.status_code == 401
        told = answer.headers["WWW-Authenticate"]
        assert told == 'Bearer realm="gateway", Basic realm="gateway"'
        found.append(answer.json)
    assert found[0] == found[1]


def test_credentials_are_checked_before_the_body_is_read() -> None:
    caller = client(max_body_bytes=10)
    assert caller.post("/v2/send", data=b"x" * 100).status_code == 401


def test_callers_of_signal_cli_rest_api_find_what_they_ask_for() -> None:
    about = client().get("/v1/about", headers=BEARER)
    assert about.json == {
        "versions": ["v2"],
        "build": 2,
        "mode": "unknown",
        "version": "0.1.0",
        "capabilities": {"v2/send": ["quotes", "mentions"]},
    }
    assert client().get("/v1/health").data == b""
