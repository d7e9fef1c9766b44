"""Bodies of requests: the recorded ones, changed ones, made ones, and what is no JSON at all."""

import json
from pathlib import Path

import yaml

from tests.conftest import NUMBER
from tests.fuzz.draw import Draw

RECIPIENT_KEYS = ("recipients", "recipient", "To", "to", "phone_number")
CODE_KEYS = ("token", "code", "otp", "Body", "body")
TEXT_KEYS = ("message", "Message", "msg", "text", "content", "description")
LONGEST = 128 * 1024  # bytes that the gateway accepts
CODE = "48291573"  # stands in no other value, so that it shows where it gets out
PRIVATE = "a very private text"

_FILES = sorted(Path("tests/requests").glob("*.yaml"))
_REQUESTS = [yaml.safe_load(path.read_text())["request"] for path in _FILES]
RECORDED = [(one.get("body") or "").replace("482915", CODE) for one in _REQUESTS]

_RECIPIENTS = (
    '"+4915112345678"', '"0151 12345678"', '"00491511234567"', '"+1 (202) 555-0123"',
    '"group.YWJjZA=="', '"u:Bob.01"', '"alice_bob.012345678"', "4915112345678",
    '"5F4DCC3B-5AA7-4D61-A832-7DEB882CF990"', '"{ADMINS}"', '"{{.NUMBER}}"',
    '"\\u0660\\u0661\\u0665\\u0661 12345678"', '"\\uff0b49\\u20111511234567"', '"hash:ab"',
    '"--help"', '"bob"', '"{token}"', '"+4915112345678,+4915187654321"', "null", "-1",
    '"+49 8889 24674576864"', '"+290 1234"', '""', "[]", "{}", "1e400", "true",
)  # fmt: skip
_TEXTS = (
    f'"{PRIVATE} {CODE}"', f'"**{CODE}** *a* ~b~ ||c|| `d` \\\\* {{x}}"', '"{stage.x}"',
    f'{{"a": ["{PRIVATE}", {{"b": null}}]}}', f'["{CODE}"]', '"\\ud83d"', '"\\u202e"',
    f'"{"ä" * 40_000}"', f'"{"**" * 9_000}"', f'"{"*a*~b~" * 2_000}"', '" "', "7", "true",
)  # fmt: skip
_CODES = (
    f'"{CODE}"', CODE, "4821", '" 4821 "', '"{token}"', "-1", "true", "1.5", '"a\\nb"',
    '"**1**"', "[]", '""', "null", '"\\ud800"', '"\\u200b"',
)  # fmt: skip
_SLACK = (
    '[{"title": "login", "fields": [{"title": "Severity", "value": "alert"}, {"title":'
    ' "message", "value": "%s"}], "footer": "authentik"}]' % PRIVATE,
    '[{"title": "x", "fields": [{"title": "a b", "value": {"c": [1]}}, 7, {}]}]',
    '[{"title": "x", "fields": {}}]', '[{"title": null}]', "[[]]", "[]", "{}",
)  # fmt: skip
_SENDERS = (f'"{NUMBER}"', '"{NUMBER}"', '"authentik"', '"+4915199999999"', "{}", "7")
_MENTION = '[{"start": 0, "length": 1, "author": "%s"}]'
SAMPLES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(TEXT_KEYS, _TEXTS),
    **dict.fromkeys(CODE_KEYS, _CODES),
    **dict.fromkeys(("body", "Body"), _CODES + _TEXTS),
    **dict.fromkeys(RECIPIENT_KEYS, _RECIPIENTS),
    **dict.fromkeys(("number", "From", "from", "sender"), _SENDERS),
    **dict.fromkeys(("locale", "lang"), ('"de-AT"', '"fr"', '"_"', '"DE_de.UTF-8"', "7")),
    "severity": ('"notice"', '"alert"', '"%x"', "7", "null", "{}", "true"),
    "attachments": _SLACK,
    "text_mode": ('"styled"', '"normal"', '""', '"x"', "[]", "{}"),
    "base64_attachments": (
        '["YWJj"]', '["data:image/png;filename=../a.png;base64,YWJj"]', '["data:;base64,"]',
        '["data:a/b;filename=\\ud800;base64,YW\\nJj"]', '["?"]', "[7]", '"YWJj"', "[]",
    ),
    "link_preview": ('{"url": "http://a", "title": "b"}', '{"url": 7}', "{}", "[]"),
    "mentions": (_MENTION % "+49151", _MENTION % "-a", "[{}]", "[7]", "{}"),
    "quote_mentions": (_MENTION % "+49151", _MENTION % "-a", "[]"),
    "quote_author": ('"+4915112345678"', '"-a"', '"\\u0000"', "7"),
    "quote_message": ('"a"', '"--a"', '""', "{}"),
    "sticker": ('"a:1"', '"-a"', '"\\ud800"', "[]"),
    **dict.fromkeys(("quote_timestamp", "edit_timestamp"), ("1", "-1", "1e3", "9" * 30)),
    **dict.fromkeys(("notify_self", "view_once"), ("true", "false", "1", '"true"')),
    **dict.fromkeys(("user_email", "event_user_username"), ('"a@b"', "null", "[]")),
}  # fmt: skip
KEYS = tuple(SAMPLES)
_ODD = (
    "NaN", "-Infinity", "-0", "1e999", "9" * 5000, "0.1e-400", '"\\ud800\\udc00\\ud800"',
    '"\\u0000\\u001b"', "[" * 600 + "]" * 600, "[" * 90_000, '{"a":' * 500 + "1" + "}" * 500,
    '{"a": 1, "a": 2}', '{"": {"__class__": 1}}', "[null, true, 1.5]", "01", "'a'", "[,]",
)  # fmt: skip


def body(draw: Draw) -> bytes:
    """A body of any kind, as it comes over the wire."""
    text = draw.of(RECORDED)
    if kind := draw.of((0, 0, 1, 1, 1, 2, 2, 2, 2, 2)):
        try:
            document = json.loads(text) if kind == 1 else {}
        except ValueError:
            document = {}
        pairs = document.items() if isinstance(document, dict) else ()
        text = _object(draw, [(key, json.dumps(value)) for key, value in pairs])
    if not draw.one_in(12):
        return text.encode("utf-8", "surrogatepass")
    return _spoiled(draw, text)


def _spoiled(draw: Draw, text: str) -> bytes:
    if draw.one_in(2):
        encoding = draw.of(("utf-8-sig", "utf-16", "utf-32-le", "utf-16-be", "cp1252"))
        return text.encode(encoding, "replace")
    raw = text.encode("utf-8", "surrogatepass")
    if draw.one_in(2):
        cut = draw.up_to(len(raw))
        return raw[:cut] + draw.raw(16) + raw[cut + draw.up_to(16) :]
    if draw.one_in(2):
        return raw + b" " * draw.of((LONGEST - len(raw), LONGEST, LONGEST + 1))
    return _any(draw).encode("utf-8", "surrogatepass") if draw.up_to(1) else b""


def _object(draw: Draw, pairs: list[tuple[str, str]]) -> str:
    """JSON with ``pairs`` and more; a key may stand there twice."""
    for _ in range(1 + draw.up_to(4)):
        keys = draw.of((KEYS, RECIPIENT_KEYS, CODE_KEYS + TEXT_KEYS))
        key = draw.of(keys) if not draw.one_in(20) else draw.text(8)
        pairs.insert(draw.up_to(len(pairs)), (key, _value(draw, key)))
        if len(pairs) > 1 and draw.one_in(4):
            del pairs[draw.up_to(len(pairs) - 1)]
    return f"{{{', '.join(f'{json.dumps(key)}: {value}' for key, value in pairs)}}}"


def _value(draw: Draw, key: str) -> str:
    if key not in SAMPLES or draw.one_in(10):
        return _any(draw)
    if key in RECIPIENT_KEYS and draw.one_in(2):
        return f"[{', '.join(_recipient(draw) for _ in range(draw.of((1, 2, 5, 51))))}]"
    return _recipient(draw) if key in RECIPIENT_KEYS else draw.of(SAMPLES[key])


def _recipient(draw: Draw) -> str:
    if draw.one_in(3):
        return f'"+49151{draw.up_to(99_999_999):08}"'
    return draw.of(_RECIPIENTS) if draw.up_to(9) else json.dumps(draw.text(24))


def _any(draw: Draw) -> str:
    """Any JSON value, and some that only look like one."""
    return draw.of((*_ODD, json.dumps(draw.text(32)), str(draw.whole())))
