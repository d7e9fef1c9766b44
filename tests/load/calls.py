"""Callers like authentik: plain HTTP on asyncio, which costs little and leaves a core to the gateway."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from math import inf
from multiprocessing import get_context
from time import monotonic
from typing import Any, TypeVar
from uuid import uuid4

from tests.gateway import TOKEN

T = TypeVar("T")

PATIENCE = 30.0  # seconds, authentik's own
HEAD = (
    "{method} {path} HTTP/1.1\r\nHost: gateway\r\nUser-Agent: authentik@2026.8.0\r\n"
    "Accept-Encoding: gzip, deflate, zstd\r\nAccept: application/json\r\n"
    "Connection: keep-alive\r\nAuthorization: Bearer {token}\r\n"
    "Content-Length: {length}\r\nContent-Type: application/json\r\n\r\n"
)


@dataclass(frozen=True)
class Told:
    """What a caller was told and when. Without an answer the status is 0 and ``label`` says why."""

    started: float
    ended: float
    status: int
    label: str

    @property
    def seconds(self) -> float:
        return self.ended - self.started


class Caller:
    """Sends one request after the other, over a kept connection or each over its own."""

    def __init__(self, port: int, keeps: bool = False) -> None:
        self._port = port
        self._keeps = keeps
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, sent: bytes) -> Told:
        """The answer to one request, if it comes before a caller loses patience."""
        started = monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                head, body = await self._ask(sent)
        except (OSError, EOFError) as error:
            await self.close()
            return Told(started, monotonic(), 0, f"no answer: {type(error).__name__}")
        ended = monotonic()
        if not self._keeps or "connection: close" in head.lower():
            await self.close()
        code = re.search(r'"code": ?"(\w+)"', body)
        label = " ".join([head.split()[1], *(code.groups() if code else ())])
        return Told(started, ended, int(head.split()[1]), label)

    async def _ask(self, sent: bytes) -> tuple[str, str]:
        if self._streams is None or self._streams[0].at_eof():
            await self.close()
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(sent)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"(?i)\r\ncontent-length: *(\d+)", head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        return head, body.decode()

    async def close(self) -> None:
        if self._streams:
            _, writer = self._streams
            self._streams = None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def request(document: Any = None, path: str = "/v2/send", token: str = TOKEN) -> bytes:
    """A POST of the document, or a GET if there is none."""
    body = "" if document is None else json.dumps(document)
    method = "POST" if body else "GET"
    head = HEAD.format(method=method, path=path, token=token, length=len(body))
    return (head + body).encode()


def codes(count: int) -> list[bytes]:
    """Codes as authentik sends them, to people of whom each gets ten: more are refused."""
    code = {"From": "+4915100000001", "Body": "482915", "Message": "Your code: 482915"}
    people = [f"+49 151 1234 {number:04}" for number in range(-(-count // 10))]
    bodies = [code | {"To": to} for to in people]
    return [request(body) for body in islice(cycle(bodies), count)]


def messages(count: int) -> dict[str, bytes]:
    """So many texts that nobody else sends, each with the request that sends it."""
    texts = {f"+4915112{number:06}": f"text {uuid4()}" for number in range(count)}
    return {text: request({"to": to, "message": text}) for to, text in texts.items()}


async def at_a_rate(
    port: int, requests: Iterable[bytes], rate: float = inf
) -> list[Told]:
    """So many callers a second, whether those before have their answer or not; by default all at once."""
    begin = monotonic()

    async def call(number: int, sent: bytes) -> Told:
        await asyncio.sleep(begin + number / rate - monotonic())
        return await Caller(port).call(sent)

    return await asyncio.gather(
        *(call(number, sent) for number, sent in enumerate(requests))
    )


async def send_all(port: int, count: int, rate: float = inf) -> dict[str, Told]:
    """What the senders of so many texts were told."""
    sent = messages(count)
    return dict(zip(sent, await at_a_rate(port, sent.values(), rate)))


async def in_turns(
    port: int, requests: Iterable[bytes], callers: int, keeps: bool = False
) -> list[Told]:
    """So many callers, each of whom sends the next request when it has its answer."""
    left, told = iter(enumerate(requests)), dict[int, Told]()

    async def call_on() -> None:
        caller = Caller(port, keeps)
        for number, sent in left:
            told[number] = await caller.call(sent)
        await caller.close()

    await asyncio.gather(*(call_on() for _ in range(callers)))
    return [told[number] for number in sorted(told)]


def elsewhere(calls: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What ``calls`` returns, run in a process of its own beside Signal's server."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_run, calls).result()


def _run(calls: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(calls())
