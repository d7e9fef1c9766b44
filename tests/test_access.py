import base64

import pytest

from app import access
from app.access import Client
from app.errors import GatewayError
from app.settings import ApiToken

TOKEN = "s3cr3t-gateway-token"
OTHER = "an0ther-gateway-token"
UMLAUTS = "tökén-für-die-prüfung"
TOKENS = (
    ApiToken.of("authentik", TOKEN),
    ApiToken.of("grafana", OTHER),
    ApiToken.of("grafana", UMLAUTS),
)
NUMBER = "+4915100000001"
SECOND = "+4915100000002"


def basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode()


def refusal(error: pytest.ExceptionInfo[GatewayError]) -> tuple[str, str]:
    return error.value.code, error.value.detail


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (f"Bearer {TOKEN}", "authentik"),
        (f" bearer  {TOKEN} ", "authentik"),
        (basic(f"any:{TOKEN}"), "authentik"),
        (basic(f":{TOKEN}"), "authentik"),
        (basic(f"{TOKEN}:"), "authentik"),
        (basic(f"any:{OTHER}").replace("Basic", "BASIC"), "grafana"),
        (basic(f"ünï:{UMLAUTS}"), "grafana"),
        # A server hands a header's UTF-8 on as Latin-1.
        (f"Bearer {UMLAUTS}".encode().decode("latin-1"), "grafana"),
    ],
)
def test_a_token_proves_its_client_in_bearer_and_in_each_form_of_basic(
    header: str, client: str
) -> None:
    assert access.identify(header, TOKENS) == client


@pytest.mark.parametrize(
    "header",
    [
        TOKEN,
        f"Token {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN.upper()}",
        f"Bearer {TOKEN[:-1]}",
        "Bearer",
        "Bearer €\ud800",
        "Basic",
        "Basic !!",
        "Basic €\ud800",
        "Basic /w==",
        basic(":"),
        basic(f"{TOKEN}:wrong"),
        basic(f"any:x:{TOKEN}"),
        "x" * 100_000,
    ],
)
def test_a_wrong_token_is_unauthorized(header: str) -> None:
    with pytest.raises(GatewayError) as error:
        access.identify(header, TOKENS)
    assert refusal(error) == (
        "unauthorized",
        "the token is none of those in API_TOKENS",
    )


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        (None, "the request has no Authorization header"),
        ("", "the request has no Authorization header"),
        (
            f"Bearer Bearer {TOKEN}",
            "the sender's token field begins with 'Bearer', which the sender adds by itself",
        ),
    ],
)
def test_the_log_tells_what_is_probably_wrong_with_a_token(
    header: str | None, hint: str
) -> None:
    with pytest.raises(GatewayError) as error:
        access.identify(header, TOKENS)
    assert refusal(error) == ("unauthorized", hint)


def test_missing_and_wrong_tokens_look_alike_to_the_caller() -> None:
    with pytest.raises(GatewayError) as missing:
        access.identify(None, TOKENS)
    with pytest.raises(GatewayError) as wrong:
        access.identify("Bearer x", TOKENS)
    assert missing.value.sentence({}) == wrong.value.sentence({})


def test_no_tokens_let_nobody_in() -> None:
    with pytest.raises(GatewayError):
        access.identify(f"Bearer {TOKEN}", ())


@pytest.mark.parametrize(
    ("numbers", "requested", "default", "chosen"),
    [
        ((), None, NUMBER, NUMBER),
        ((), NUMBER, NUMBER, NUMBER),
        ((SECOND, NUMBER), None, NUMBER, SECOND),
        ((SECOND, NUMBER), NUMBER, None, NUMBER),
    ],
)
@pytest.mark.parametrize("preview", [False, True])
def test_the_sender_is_the_clients_number_or_the_default(
    numbers: tuple[str, ...],
    requested: str | None,
    default: str | None,
    chosen: str,
    preview: bool,
) -> None:
    client = Client("authentik", numbers=numbers)
    assert access.sender(client, requested, default, preview) == chosen


@pytest.mark.parametrize("numbers", [(), (NUMBER,)])
@pytest.mark.parametrize("preview", [False, True])
def test_a_sender_that_is_not_the_clients_is_forbidden(
    numbers: tuple[str, ...], preview: bool
) -> None:
    client = Client("authentik", numbers=numbers)
    with pytest.raises(GatewayError) as error:
        access.sender(client, SECOND, NUMBER, preview)
    assert refusal(error) == (
        "forbidden",
        "the client may not use this number as sender",
    )


def test_without_any_number_there_is_no_sender() -> None:
    with pytest.raises(GatewayError) as error:
        access.sender(Client("authentik"), None, None, preview=False)
    assert refusal(error) == ("no_sender", "")


@pytest.mark.parametrize(
    ("requested", "shown"), [(None, "the default number"), (SECOND, SECOND)]
)
def test_a_preview_needs_no_number(requested: str | None, shown: str) -> None:
    assert access.sender(Client("preview"), requested, None, preview=True) == shown


def test_a_client_without_rules_may_send_anything_to_anyone() -> None:
    access.check(Client("authentik"), None, [NUMBER, "name.01"])


@pytest.mark.parametrize("template", ["notification", None])
def test_a_template_that_is_not_the_clients_is_forbidden(template: str | None) -> None:
    client = Client("authentik", templates=("sms",))
    access.check(client, "sms", [NUMBER])
    with pytest.raises(GatewayError) as error:
        access.check(client, template, [NUMBER])
    assert refusal(error) == (
        "forbidden",
        "clients.templates does not allow this template, or none",
    )


@pytest.mark.parametrize(
    "recipients", [["+33123456789"], [NUMBER, "name.01"], ["GROUP.YWJjZA=="]]
)
def test_one_recipient_outside_the_allow_list_is_forbidden(
    recipients: list[str],
) -> None:
    client = Client("authentik", recipients=("+49*", "group.*"))
    access.check(client, None, [NUMBER, "group.YWJjZA=="])
    with pytest.raises(GatewayError) as error:
        access.check(client, None, recipients)
    assert refusal(error) == (
        "forbidden",
        "clients.recipients does not allow this recipient",
    )


def test_an_empty_allow_list_allows_nobody() -> None:
    with pytest.raises(GatewayError):
        access.check(Client("authentik", recipients=()), None, [NUMBER])


def test_the_repr_of_a_client_shows_no_number() -> None:
    client = Client("authentik", numbers=(NUMBER,), recipients=(SECOND,))
    assert "+49" not in repr(client)
