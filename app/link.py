"""``flask --app wsgi link``: a QR code links Signal's server to a phone's account.

The link in it is as good as a password: it goes to a terminal and nowhere else.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import zip_longest
from time import monotonic, sleep
from typing import Any

import click
import segno

from app.environment import CLIENT_NAME
from app.settings import read_settings
from app.signal import Server, servers
from app.signal.daemon import DaemonServer
from app.signal.rest import RestServer
from app.signal.transport import Unusable

ASKED_SECONDS = 30.0  # for the code: the server may start Java for each question
LINK_SECONDS = 120.0  # for the phone
BLOCKS = "█▀▄ "  # two modules each, the upper and the lower
# White on black by numbers that no theme changes, so that phones can read it everywhere.
COLOURS, RESET = "\x1b[38;5;231;48;5;16m", "\x1b[0m"
SCAN = "Scan this in Signal on your phone, under Settings > Linked devices:"
NO_TERMINAL = "The QR code is as good as a password. Run this in a terminal with UTF-8."
BAD_NAME = "--name takes up to 64 letters, digits, _ . and -."
SERVER = "Set SIGNAL_API_URL to one Signal server's address, like http://signal:8080."
START = "Check that it is running and that SIGNAL_API_URL is right, and run this again."
TOO_OLD = (
    "{} gives no link here. Update it to 0.97 or newer, go around a proxy before it,"
    " or open http://{}/v1/qrcodelink?device_name={} in a browser and scan that."
)
NO_WAY = "Your Signal server cannot reach Signal: see its log. Then run this again."
LATE = "Nobody scanned the code in time. Run this again for a new one."
OR_KNOWN = " If your phone lists the device, it is linked: the server knew the account."
ERRORS = {  # by a piece of signal-cli's own
    "-32601": "Your daemon serves one account. Start it without -a, and run this again.",
    "timed out": LATE,
    "already exists": "Your Signal server has this account already. If it cannot send,"
    " see 'Link again' in docs/operations.md.",
}


@click.command()
@click.option("--name", default="gateway", help="What your phone calls the device.")
def link(name: str) -> None:
    """Link your Signal account with a QR code."""
    if not sys.stdout.isatty() or "utf" not in sys.stdout.encoding.lower():
        raise click.ClickException(NO_TERMINAL)
    if not CLIENT_NAME.fullmatch(name):
        raise click.ClickException(BAD_NAME)
    found = servers(read_settings(os.environ, []))
    if len(found) != 1:
        raise click.ClickException(SERVER)
    host, server = found[0]
    try:
        number = _linked(_steps(host, server, name))
    except Unusable as error:
        raise click.ClickException(f"{host}: {error}. {START}") from error
    click.echo(f"Linked to {number}. Put this line into the gateway's settings:")
    click.echo(f"SIGNAL_NUMBER={number}")


def _steps(host: str, server: Server, name: str) -> Iterator[str]:
    """The link to show, then the number that it linked."""
    deadline = monotonic() + ASKED_SECONDS
    about = server.about(deadline)
    click.echo(f"{host}: {about}. Asking for a QR code …")
    if isinstance(server, DaemonServer):
        yield from _by_daemon(server, name, deadline)
    else:
        yield from _by_rest(server, name, deadline, TOO_OLD.format(about, host, name))


def _by_daemon(server: DaemonServer, name: str, deadline: float) -> Iterator[str]:
    uri = _text(server.ask("startLink", deadline), "deviceLinkUri")
    yield uri
    deadline = monotonic() + LINK_SECONDS
    end = server.ask("finishLink", deadline, deviceLinkUri=uri, deviceName=name)
    yield _text(end, "number")


def _by_rest(
    server: RestServer, name: str, deadline: float, too_old: str
) -> Iterator[str]:
    """It finishes the link by itself and tells nobody: look for a new account."""
    known = server.accounts(deadline)
    answer = server.get(f"/v1/qrcodelink/raw?device_name={name}", deadline)
    if answer.status == 404:
        raise click.ClickException(too_old)
    yield _text(answer.json(), "device_link_uri")
    deadline = monotonic() + LINK_SECONDS
    while monotonic() < deadline:
        sleep(1)
        with suppress(Unusable):
            yield from (new for new in server.accounts(deadline) if new not in known)
    raise click.ClickException(LATE + OR_KNOWN)


def _text(document: Any, key: str) -> str:
    """The link or number there. An error is told in our own words alone."""
    result = document.get("result", document) if isinstance(document, dict) else None
    text = str(result.get(key)) if isinstance(result, dict) else ""
    if text.startswith(("sgnl://", "+")):
        return text
    told = [sentence for sign, sentence in ERRORS.items() if sign in str(document)]
    raise click.ClickException(told[0] if told else NO_WAY)


def _linked(steps: Iterator[str]) -> str:
    """With a border of 2, code and countdown fit 80 columns and 24 rows."""
    rows = list(segno.make_qr(next(steps), error="L").matrix_iter(border=2))
    for pair in zip_longest(rows[::2], rows[1::2], fillvalue=rows[0]):
        line = "".join(BLOCKS[2 * upper + lower] for upper, lower in zip(*pair))
        click.echo(f"{COLOURS}{line}{RESET}", color=True)
    signal.signal(signal.SIGALRM, partial(_tick, monotonic() + LINK_SECONDS))
    signal.setitimer(signal.ITIMER_REAL, 0.1, 1)
    try:
        return next(steps)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        click.echo()


def _tick(deadline: float, *alarm: object) -> None:
    left = max(deadline - monotonic(), 0)
    click.echo(f"\r{SCAN} {left:3.0f} s left", nl=False)
