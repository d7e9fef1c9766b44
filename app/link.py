"""``flask --app wsgi link``: a QR code links Signal's server to a phone's account.

The link in it is as good as a password: it goes to a terminal and nowhere else.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

import click
import segno

from app.fields import look_up
from app.settings import read_settings
from app.signal import servers
from app.signal.daemon import DaemonServer
from app.signal.rest import RestServer
from app.signal.transport import Unusable

ASKED_SECONDS = 30  # for the code: the server may start Java for each question
LINK_SECONDS = 120  # for the phone
SCAN = "Scan this in Signal on your phone, under Settings > Linked devices:"
NO_TERMINAL = "The QR code is as good as a password. Run this in a terminal with UTF-8."
SERVER = "Set SIGNAL_API_URL to one Signal server's address, like http://signal:8080."
START = "Check that it is running and that SIGNAL_API_URL is right, and run this again."
LATE = "Nobody scanned it in time. Run this again unless your phone lists a new device."
ERRORS = {  # by a piece of signal-cli's own, the last for any other
    "-32601": "Your daemon serves one account. Start it without -a, and run this again.",
    "timed out": LATE,
    "already exists": "Your Signal server has this account already. If it cannot send,"
    " see 'Link again' in docs/operations.md.",
    "": "Your Signal server cannot reach Signal: see its log, and run this again.",
}


@click.command()
@click.option("--name", default="gateway", help="What your phone calls the device.")
def link(name: str) -> None:
    """Link your Signal account with a QR code."""
    if not sys.stdout.isatty() or "utf" not in sys.stdout.encoding.lower():
        raise click.ClickException(NO_TERMINAL)
    found = servers(read_settings(os.environ, []))
    if len(found) != 1:
        raise click.ClickException(SERVER)
    host, server = found[0]
    deadline = monotonic() + ASKED_SECONDS
    try:
        click.echo(f"{host}: {server.about(deadline)}. Asking for a QR code …")
        if isinstance(server, DaemonServer):
            number = _by_daemon(server, name, deadline)
        else:
            number = _by_rest(server, name, deadline, host)
    except Unusable as error:
        raise click.ClickException(f"{host}: {error}. {START}") from error
    click.echo(f"Linked to {number}. Put this line into the gateway's settings:")
    click.echo(f"SIGNAL_NUMBER={number}")


def _by_daemon(server: DaemonServer, name: str, deadline: float) -> str:
    uri = _text(server.ask("startLink", deadline), "result", "deviceLinkUri")
    deadline = monotonic() + LINK_SECONDS
    with _shown(uri, deadline):
        end = server.ask("finishLink", deadline, deviceLinkUri=uri, deviceName=name)
    return _text(end, "result", "number")


def _by_rest(server: RestServer, name: str, deadline: float, host: str) -> str:
    """It finishes the link by itself and tells nobody: look for a new account."""
    known = server.accounts(deadline)
    answer = server.get(f"/v1/qrcodelink/raw?device_name={quote(name)}", deadline)
    if answer.status == 404:
        raise click.ClickException(
            "Your Signal server gives no link. Update it to 0.97, go around a proxy before it,"
            f" or open http://{host}/v1/qrcodelink?device_name=gateway and scan that."
        )
    deadline = monotonic() + LINK_SECONDS
    with _shown(_text(answer.json(), "device_link_uri"), deadline):
        while monotonic() < deadline:
            sleep(1)
            with suppress(Unusable):
                for number in server.accounts(deadline):
                    if number not in known:
                        return str(number)
    raise click.ClickException(LATE)


def _text(document: Any, *keys: str) -> str:
    """The link or number there. An error is told in our own words alone."""
    text = look_up(document, keys)
    if isinstance(text, str) and text.startswith(("sgnl://", "+")):
        return text
    told = [sentence for sign, sentence in ERRORS.items() if sign in str(document)]
    raise click.ClickException(told[0])


@contextmanager
def _shown(uri: str, deadline: float) -> Iterator[None]:
    """Show the code and the time that is left, within 80 columns and 24 rows."""
    code = StringIO()
    segno.make_qr(uri, error="L").terminal(code, border=2, compact=True)
    for line in code.getvalue().splitlines():  # white on black in every theme
        click.secho(line, fg=231, bg=16, color=True)
    click.echo(SCAN, nl=False)
    ended = Event()
    countdown = Thread(target=_count_down, args=[deadline, ended])
    countdown.start()
    try:
        yield
    finally:
        ended.set()
        countdown.join()
        click.echo()


def _count_down(deadline: float, ended: Event) -> None:
    while not ended.wait(1):
        left = max(deadline - monotonic(), 0)
        click.echo(f"\r{SCAN} {left:3.0f} s left", nl=False)
