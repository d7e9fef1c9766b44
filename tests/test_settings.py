"""The environment: what is read, and what is said about mistakes in it."""

from dataclasses import fields
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from app.settings import ApiToken, Settings, read_settings

TOKEN = "0123456789abcdef-authentik"
OTHER = "fedcba9876543210-monitoring"
REAL = {"SIGNAL_API_URL": "http://signal:8080", "API_TOKENS": f"authentik:{TOKEN}"}
UNREADABLE = "METRICS_TOKEN cannot be read: METRICS_TOKEN_FILE does not name a file that can be read."
NO_TOKEN = (
    "is no token: at least 16 ASCII characters without blanks."
    " Make one with 'openssl rand -hex 32'."
)


def read(**environ: str) -> tuple[Settings, list[str]]:
    problems: list[str] = []
    return read_settings(environ, problems), problems


def test_everything_that_is_set_is_read() -> None:
    assert read(
        SIGNAL_API_URL="http://a:8080/, https://user:pass@b/api/v1/rpc",
        SIGNAL_NUMBER=" +49 151 00000001 ",
        API_TOKENS=f"authentik:{TOKEN},\nauthentik:{OTHER}",
        TEMPLATES_FILE="other.yaml",
        DEFAULT_REGION="de",
        SIGNAL_TIMEOUT="7.5",
        SIGNAL_CONCURRENCY="4",
        MAX_BODY_BYTES="2048",
        RATE_LIMIT_STORAGE_URI="rediss://:pass@redis/1",
        TRUSTED_PROXIES="10.0.0.1/8, fd00::/8",
        METRICS_TOKEN=OTHER,
        LOG_LEVEL="debug",
        LOG_FORMAT="JSON",
    ) == (
        Settings(
            signal_api_url=("http://a:8080", "https://user:pass@b/api/v1/rpc"),
            signal_number="+4915100000001",
            api_tokens=(
                ApiToken.of("authentik", TOKEN),
                ApiToken.of("authentik", OTHER),
            ),
            templates_file=Path("other.yaml"),
            default_region="DE",
            signal_timeout=7.5,
            signal_concurrency=4,
            max_body_bytes=2048,
            rate_limit_storage_uri="rediss://:pass@redis/1",
            trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
            metrics_token=OTHER,
            log_level="DEBUG",
            log_format="json",
        ),
        [],
    )


def test_what_is_not_set_or_blank_has_its_default() -> None:
    blank = {"SIGNAL_NUMBER": "", "SIGNAL_TIMEOUT": " ", "TEMPLATES_FILE": ""}
    settings, problems = read(**REAL, **blank)
    assert problems == []
    assert settings == Settings(
        signal_api_url=("http://signal:8080",),
        api_tokens=(ApiToken.of("authentik", TOKEN),),
        templates_file=Path("templates.yaml"),
        signal_timeout=20,
        max_body_bytes=4 * 1024 * 1024,
        rate_limit_storage_uri="memory://",
        log_level="INFO",
        log_format="text",
    )


@pytest.mark.parametrize("token", [TOKEN, "c2VjcmV0LXNlY3JldA=="])
def test_a_token_without_a_name_is_the_default_clients_and_only_its_digest_is_kept(
    token: str,
) -> None:
    settings, problems = read(**{**REAL, "API_TOKENS": token})
    assert problems == []
    assert settings.api_tokens == (
        ApiToken("default", sha256(token.encode()).digest()),
    )


def test_without_an_address_of_signal_it_is_a_preview_with_a_token() -> None:
    (first, problems), (second, _) = read(), read()
    assert problems == [] and first.preview
    assert first.preview_token and first.preview_token != second.preview_token
    assert first.api_tokens == (ApiToken.of("preview", first.preview_token),)
    settings, problems = read(API_TOKENS=f"authentik:{TOKEN}")
    assert problems == [] and settings.preview and settings.preview_token is None
    assert settings.api_tokens == (ApiToken.of("authentik", TOKEN),)


@pytest.mark.parametrize(
    "environ, problem",
    [
        (
            {"PORT": "5000"},
            "SIGNAL_API_URL is not set, but PORT is, so this is no preview on your own machine. Set"
            " SIGNAL_API_URL, like http://signal:8080, SIGNAL_NUMBER and API_TOKENS.",
        ),
        (
            {"SIGNAL_API_URL": "http://signal:8080"},
            "API_TOKENS is not set, so nobody could be let in. Make a token with 'openssl rand -hex 32'"
            " and set API_TOKENS=authentik:<the token>.",
        ),
    ],
)
def test_what_would_be_open_or_vanish_does_not_start(
    environ: dict[str, str], problem: str
) -> None:
    assert read(**environ)[1] == [problem]


SECOND = "at position 2 "
PASSWORD = "In a password write special characters like / as %2F and a comma as %2C."
NO_ADDRESS = f"is no usable address. Write it like http://signal:8080. {PASSWORD}"
NO_STORAGE = (
    f"must be memory:// or an address like redis://:password@redis:6379/0. {PASSWORD}"
)
NO_SEND = "ends in /v1/send. Leave that out."
NO_TIMEOUT = "must be above 0 and below 30 seconds: authentik waits no longer."
NO_CLIENT = "has a client whose name is not just letters, digits, _ . or -."
NO_NUMBER = "is no phone number. Write it with its country code, like +4915100000001."
NO_EQUALS = "has an = after the name. Write name:token."
WHOLE = "must be a whole number above 0."
# A variable, what is said about it, and values of which each is told so; ␣ is a blank in one.
MISTAKES = [
    (
        "SIGNAL_API_URL",
        NO_ADDRESS,
        "signal:8080 http:// http://a:0 http://a:999999 http://[a http://a?token=secret"
        f" http://a#secret http://signal..internal:8080 http://{'s' * 64}:8080 ,"
        " http://user:pa/secret@host http://user:12/secret@host:8080"
        " http://user/secret:pass@host http://user:pa?secret@host"
        " http://user:pa#secret@host http://user:pass@host:secret",
    ),
    ("SIGNAL_API_URL", f"{SECOND}{NO_ADDRESS}", "http://a,ftp://b"),
    ("SIGNAL_API_URL", f"at position 1 {NO_ADDRESS}", "http://user:pa,secret@host"),
    ("SIGNAL_API_URL", NO_SEND, "http://a/v1/send http://a/v1/send/"),
    ("SIGNAL_API_URL", f"{SECOND}{NO_SEND}", "http://a,http://b/v1/send"),
    ("SIGNAL_NUMBER", NO_NUMBER, "015100000001 0151␣00000001 4915100000001 secret"),
    ("API_TOKENS", NO_EQUALS, f"authentik={TOKEN}"),
    ("API_TOKENS", f"{SECOND}{NO_EQUALS}", f"a:{TOKEN},b.c={TOKEN}"),
    ("API_TOKENS", NO_CLIENT, f"a/b:{TOKEN} a␣b:{TOKEN} :{TOKEN}"),
    ("API_TOKENS", NO_TOKEN, "authentik:secret ,"),
    (
        "API_TOKENS",
        f"{SECOND}{NO_TOKEN}",
        f"{TOKEN},a:sécret-secret-secret {TOKEN},a:␣secret-secret-secret",
    ),
    ("METRICS_TOKEN", NO_TOKEN, "secret secret-secret-sécret secret-secret␣secret"),
    ("DEFAULT_REGION", "is no country. Give two letters, like DE.", "EU"),
    ("SIGNAL_TIMEOUT", NO_TIMEOUT, "30 0 0.0 nan 20s"),
    ("SIGNAL_CONCURRENCY", WHOLE, "0"),
    ("MAX_BODY_BYTES", WHOLE, "1.5"),
    (
        "RATE_LIMIT_STORAGE_URI",
        NO_STORAGE,
        "secret@redis redis://:pa/secretrest@redis:6379 redis://:12/secret@redis:6379"
        " redis://user:12/secret@redis:6379 redis://user:12?secret@redis:6379"
        " rediss://user:12#secret@redis:6379 redis://user/secret:pass@redis:6379"
        " redis://:secr\u2100t@redis redis:// redis://:6379/0 redis://redis..internal"
        " redis://[redis redis://redis:secret redis://redis:0"
        " redis://redis/one redis://redis#1 redis://redis?socket_timeout=secret"
        " redis://redis?secret=1 rediss://redis?ssl_cert_reqs=secret",
    ),
    (
        "TRUSTED_PROXIES",
        "at position 2 is no network. Write it like 10.0.0.0/8.",
        "10.0.0.0/8,proxy",
    ),
    ("LOG_LEVEL", "must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL.", "LOUD"),
    ("LOG_FORMAT", "must be one of text, json.", "xml"),
]


@pytest.mark.parametrize(
    "name, value, sentence",
    [(name, value, told) for name, told, all in MISTAKES for value in all.split()],
)
def test_a_mistake_is_told_with_its_variable_and_without_its_value(
    name: str, value: str, sentence: str
) -> None:
    value = value.replace("␣", " ")
    settings, problems = read(**{**REAL, "PORT": "5000", name: value})
    assert problems == [f"{name} {sentence}"]
    assert settings.rate_limit_storage_uri == "memory://"


@pytest.mark.parametrize(
    "value",
    "memory:// redis://redis_1:6379/ redis://user:p%2Fa@[::1]:6379/15"
    " redis://:p@ss@redis?socket_timeout=2&health_check_interval=30"
    " rediss://redis.example.com./0?ssl_cert_reqs=none".split(),
)
def test_a_storage_may_have_a_password_a_database_and_options(value: str) -> None:
    settings, problems = read(**REAL, RATE_LIMIT_STORAGE_URI=value)
    assert (settings.rate_limit_storage_uri, problems) == (value, [])


@pytest.mark.parametrize(
    "name, value, expected",
    [
        ("SIGNAL_API_URL", "http://b", ("http://b",)),
        ("API_TOKENS", OTHER, (ApiToken.of("default", OTHER),)),
        (
            "API_TOKENS",
            f"a:{TOKEN}\n\nb:{OTHER}",
            (ApiToken.of("a", TOKEN), ApiToken.of("b", OTHER)),
        ),
        ("METRICS_TOKEN", OTHER, OTHER),
        ("RATE_LIMIT_STORAGE_URI", "redis://r", "redis://r"),
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_may_stand_in_a_file_whatever_its_last_line_ends_in(
    tmp_path: Path, name: str, value: str, expected: Any, end: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(f"{value}{end}".encode())
    given = {key: text for key, text in REAL.items() if key != name}
    settings, problems = read(**given, **{f"{name}_FILE": str(secret)})
    assert problems == [] and getattr(settings, name.lower()) == expected


@pytest.mark.parametrize(
    ("content", "given", "problem"),
    [
        (
            OTHER.encode(),
            {"METRICS_TOKEN": OTHER},
            "METRICS_TOKEN is set, and so is METRICS_TOKEN_FILE. Keep one of them.",
        ),
        (None, {}, UNREADABLE),
        (b"\xff", {}, UNREADABLE),
        (b"\n", {}, f"METRICS_TOKEN {NO_TOKEN}"),
    ],
)
def test_what_is_wrong_with_the_file_of_a_secret_is_told(
    content: bytes | None, given: dict[str, str], problem: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    if content:
        secret.write_bytes(content)
    _, problems = read(**REAL, **given, METRICS_TOKEN_FILE=str(secret))
    assert problems == [problem]


def test_only_secrets_are_read_from_files(tmp_path: Path) -> None:
    settings, problems = read(**REAL, LOG_LEVEL_FILE=str(tmp_path / "none"))
    assert (settings.log_level, problems) == ("INFO", [])


def test_no_repr_holds_a_secret() -> None:
    settings, _ = read(
        SIGNAL_API_URL="http://user:secret@signal:8080",
        API_TOKENS=f"authentik:{TOKEN}",
        SIGNAL_NUMBER="+4915100000001",
        METRICS_TOKEN=OTHER,
        RATE_LIMIT_STORAGE_URI="redis://:secret@redis",
    )
    preview, _ = read()
    shown = repr(settings) + repr(preview)
    assert preview.preview_token and "api_tokens=(ApiToken(client='authentik')" in shown
    digest = repr(settings.api_tokens[0].digest)
    for secret in ("secret", TOKEN, digest, "15100000001", OTHER):
        assert secret not in shown
    assert preview.preview_token not in shown
    assert {field.name for field in fields(Settings) if not field.repr} == {
        "signal_api_url",
        "signal_number",
        "preview_token",
        "rate_limit_storage_uri",
        "metrics_token",
    }
