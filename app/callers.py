"""Who is calling, as the request under way tells it, and how often they may be wrong."""

from collections.abc import Sequence

from flask import request

from app import access
from app.errors import GatewayError
from app.settings import ApiToken, Settings
from app.throttle import Throttle


def address(settings: Settings) -> str:
    """The caller's address, as far as the trusted proxies vouch for it."""
    found = access.caller_address(
        request.remote_addr,
        request.headers.get("X-Forwarded-For"),
        settings.trusted_proxies,
    )
    if settings.preview:
        access.check_local(found)
    return found


def identified(tokens: Sequence[ApiToken], throttle: Throttle, caller: str) -> str:
    """The client's name. A right token always lets in; wrong ones are slowed by address."""
    try:
        return access.identify(request.headers.get("Authorization"), tokens)
    except GatewayError as error:
        throttle.wrong_token(access.caller_group(caller), error.detail)
        raise
