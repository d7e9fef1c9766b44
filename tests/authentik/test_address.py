"""The gateway's address, as somebody types it."""

import pytest

from app.authentik import address


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://gateway.example.com", "https://gateway.example.com/v2/send"),
        ("https://gateway.example.com/", "https://gateway.example.com/v2/send"),
        ("https://gateway.example.com/v2/send/", "https://gateway.example.com/v2/send"),
        ("http://signal-gateway:8880", "http://signal-gateway:8880/v2/send"),
        ("http://[fd00::1]:8880/prefix", "http://[fd00::1]:8880/prefix/v2/send"),
    ],
)
def test_the_path_is_added_where_it_is_missing(given: str, url: str) -> None:
    assert address.read(given) == url
    assert address.doubts(url) == []


NO_ADDRESS = "is no address. Write it like https://gateway.example.com."


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("gateway.example.com", NO_ADDRESS),
        ("ftp://gateway.example.com", NO_ADDRESS),
        ("https://", NO_ADDRESS),
        ("https://:8880", NO_ADDRESS),
        ("https://gateway:99999", NO_ADDRESS),
        ("https://gateway:0", NO_ADDRESS),
        ("https://[fd00::1", NO_ADDRESS),
        ("https://gate way", NO_ADDRESS),
        ("https://gate\tway", NO_ADDRESS),
        ("https://gätewäy", NO_ADDRESS),
        (
            "http://signal_gateway:8880",
            "has an underscore in the host 'signal_gateway', which authentik refuses. Give the gateway"
            " a second name with a hyphen.",
        ),
        (
            "https://-a.example.com",
            "has '-a.example.com' for a host, which is no name of one.",
        ),
        (
            "https://a..example.com",
            "has 'a..example.com' for a host, which is no name of one.",
        ),
        (
            "https://any:secret@gateway",
            "has a user name in it. Leave it out: the token has its own option.",
        ),
        ("https://gateway/?a=b", "has a ? or # in it. Leave that out."),
        ("https://gateway/#a", "has a ? or # in it. Leave that out."),
        (
            "https://gateway/v2/send/sms",
            "names a template, but codes and alerts each have their own. End it with /v2/send.",
        ),
    ],
)
def test_an_address_that_authentik_could_not_use_is_refused(
    given: str, sentence: str
) -> None:
    with pytest.raises(ValueError) as error:
        address.read(given)
    assert str(error.value) == sentence


REDIRECT = (
    "On the way to {} tokens and codes can be read, and a redirect to https:// would turn authentik's"
    " POST into a GET, so that no code is sent. Give the https:// address."
)
ITSELF = (
    "For authentik in a container, {} is that container itself. Give the name under which it reaches"
    " the gateway."
)


@pytest.mark.parametrize(
    ("url", "doubts"),
    [
        ("http://gateway.example.com", [REDIRECT.format("gateway.example.com")]),
        ("http://8.8.8.8", [REDIRECT.format("8.8.8.8")]),
        ("http://10.0.0.8", []),
        ("http://gateway.internal", []),
        ("http://gateway", []),
        ("https://8.8.8.8", []),
        ("http://localhost:8880", [ITSELF.format("localhost")]),
        ("https://127.0.0.1", [ITSELF.format("127.0.0.1")]),
    ],
)
def test_a_doubtful_address_is_told(url: str, doubts: list[str]) -> None:
    assert address.doubts(url) == doubts
