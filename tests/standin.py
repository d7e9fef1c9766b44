"""A stand-in for both of Signal's servers: a real HTTP server that plays their answers and keeps books.

At ``/v2/send`` it is signal-cli-rest-api, at ``/api/v1/rpc`` a signal-cli daemon. Both link an
account, as if somebody scanned the code soon. In a test: ``with standin.running() as server``.
"""

import asyncio
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_AUTHORIZATION = re.compile(rb"\r\nauthorization: *([^\r]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Behaviour:
    """How a request is answered; without a status, as the server in question does for a success.

    ``accepts`` tells whether Signal gets the message, whatever the answer.

    ``manner`` is ``answer``, ``reset`` (after reading the request), ``hang``, or ``trickle`` (a byte
    of the answer each 50 ms, for ever).
    """

    status: int = 0
    body: str = ""
    accepts: bool = True
    delay: float = 0
    manner: str = "answer"
    headers: dict[str, str] = field(default_factory=dict)


REST_SUCCESS = (201, '{"timestamp":"1700000000000"}')
DAEMON_SUCCESS = (
    200,
    '{"jsonrpc":"2.0","result":{"timestamp":1700000000000,"results":[{"recipientAddress":'
    '{"number":"+4915112345678"},"type":"SUCCESS"}]},"id":1}',
)
ACCEPTING = Behaviour()
# As long as a real one: 108 characters.
LINK = (
    "sgnl://linkdevice?uuid=cL5tJIzE0UC7fqyuN0PaKg%3D%3D"
    "&pub_key=BVNDx%2B0pT7wq3jZ8mYh5vRkLs2aEoUf9bGdWn4cQ1iX%2F"
)
LINKED = "+4915100000002"
SCAN_SECONDS = 0.2
Plan = Callable[[dict[str, Any]], Behaviour]


@dataclass
class Books:
    """What the server got and what it accepted."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    connections: int = 0
    under_way: int = 0


class StandIn:
    """The server: ``plan`` chooses the behaviour from a request's document.

    ``answers`` go before its own, by a path or by a method of JSON-RPC.
    """

    def __init__(self, plan: Plan = lambda document: ACCEPTING) -> None:
        self.plan = plan
        self.books = Books()
        self.port = 0
        self.mode = "json-rpc"
        self.accounts = ["+4915100000001"]
        self.answers: dict[str, Behaviour] = {}
        self.transports: set[asyncio.Transport] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def listen(self, port: int = 0) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: _Connection(self, loop), "127.0.0.1", port, backlog=1024
        )
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def close(self, server: asyncio.Server) -> None:
        server.close()
        for transport in list(self.transports):
            transport.abort()
        await asyncio.sleep(0)  # for the connections to be told


class _Connection(asyncio.Protocol):
    def __init__(self, standin: StandIn, loop: asyncio.AbstractEventLoop) -> None:
        self._standin = standin
        self._loop = loop
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._standin.books.connections += 1
        self._standin.transports.add(transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if separator and len(rest) >= size:
            self._buffer = rest[size:]
            if found := _AUTHORIZATION.search(head):
                self._standin.books.authorizations.append(found[1].decode())
            self._handle(head.split(b" ", 2)[1].decode(), rest[:size])

    def connection_lost(self, error: Exception | None) -> None:
        self._standin.transports.discard(self._transport)

    def _handle(self, path: str, body: bytes) -> None:
        document = json.loads(body) if body else {}
        path, _, query = path.partition("?")
        name = document.get("method", path)
        if name in ("/v2/send", "send"):
            self._take(document)
            return
        behaviour = self._standin.answers.get(name)
        if not behaviour:
            self._link(name, query, document.get("params", {}))
            behaviour = self._static(name)
        self._loop.call_later(behaviour.delay, self._act, behaviour)

    def _link(self, name: str, query: str, params: dict[str, str]) -> None:
        """signal-cli-rest-api knows the device from the start, a daemon at the end."""
        if name == "/v1/qrcodelink/raw":
            self._standin.books.devices.append(query.removeprefix("device_name="))
            self._loop.call_later(SCAN_SECONDS, self._standin.accounts.append, LINKED)
        if name == "finishLink" and params["deviceLinkUri"] == LINK:
            self._standin.books.devices.append(params["deviceName"])
            self._standin.accounts.append(LINKED)

    def _static(self, name: str) -> Behaviour:
        accounts = self._standin.accounts
        answers: dict[str, object] = {
            "/v1/about": {"versions": ["v1", "v2"], "mode": self._standin.mode},
            "/v1/accounts": accounts,
            "/v1/qrcodelink/raw": {"device_link_uri": LINK},
            "version": {"version": "0.14.6"},
            "listAccounts": [{"number": account} for account in accounts],
            "startLink": {"deviceLinkUri": LINK},
            "finishLink": {"number": LINKED},
        }
        if name.startswith("/"):
            if name not in answers:
                return Behaviour(404, "404 page not found")
            return Behaviour(200, json.dumps(answers[name]))
        answer = {"jsonrpc": "2.0", "id": 1, "result": answers.get(name, {})}
        delay = SCAN_SECONDS if name == "finishLink" else 0
        return Behaviour(200, json.dumps(answer), delay=delay)

    def _take(self, document: dict[str, Any]) -> None:
        books = self._standin.books
        books.requests.append(document)
        books.under_way += 1
        behaviour = self._standin.plan(document)
        if not behaviour.status:
            status, answer = DAEMON_SUCCESS if "method" in document else REST_SUCCESS
            behaviour = replace(behaviour, status=status, body=behaviour.body or answer)
        self._loop.call_later(behaviour.delay, self._finish, behaviour, document)

    def _finish(self, behaviour: Behaviour, document: dict[str, Any]) -> None:
        books = self._standin.books
        books.under_way -= 1
        if behaviour.accepts:
            books.accepted.append(document.get("params", document).get("message", ""))
        self._act(behaviour)

    def _act(self, behaviour: Behaviour) -> None:
        if behaviour.manner == "reset":
            linger = struct.pack("ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, linger
            )
            self._transport.abort()
        elif behaviour.manner == "trickle":
            self._trickle(_answer(behaviour) + b" " * 100_000)
        elif behaviour.manner == "answer":
            self._transport.write(_answer(behaviour))

    def _trickle(self, left: bytes) -> None:
        if left and not self._transport.is_closing():
            self._transport.write(left[:1])
            self._loop.call_later(0.05, self._trickle, left[1:])


def _answer(behaviour: Behaviour) -> bytes:
    body = behaviour.body.encode()
    size = len(body) if behaviour.manner == "answer" else 100_000
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(size),
        **behaviour.headers,
    }
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {behaviour.status} -", *lines, "", ""])
    return head.encode() + body


@contextmanager
def running(
    plan: Plan = lambda document: ACCEPTING, port: int = 0, books: Books | None = None
) -> Iterator[StandIn]:
    """A stand-in that serves on a thread of its own; it may go on with the books of another."""
    standin, loop = StandIn(plan), asyncio.new_event_loop()
    standin.books = books or standin.books
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(standin.listen(port), loop).result()
    try:
        yield standin
    finally:
        asyncio.run_coroutine_threadsafe(standin.close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
