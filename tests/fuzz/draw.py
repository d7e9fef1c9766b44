"""Choices drawn from the fuzzer's bytes."""

import random
import zlib
from collections.abc import Sequence
from typing import TypeVar

from atheris import FuzzedDataProvider

T = TypeVar("T")

MORE = 1000  # bytes


class Draw:
    """A reader of one fuzz input.

    Where the bytes are over, each choice is its simplest: the first, zero, the empty text. As the fuzzer
    likes its inputs short, every other one goes on with bytes that depend on it alone.
    """

    def __init__(self, data: bytes) -> None:
        checksum = zlib.crc32(data)
        more = random.Random(checksum).randbytes(MORE) if checksum % 2 else b""
        self._data = FuzzedDataProvider(more + data)  # numbers are read from the end

    def of(self, choices: Sequence[T]) -> T:
        return choices[self.up_to(len(choices) - 1)]

    def up_to(self, most: int) -> int:
        return int(self._data.ConsumeIntInRange(0, most))

    def one_in(self, number: int) -> bool:
        return self.up_to(number - 1) == number - 1

    def whole(self) -> int:
        return int(self._data.ConsumeInt(16))

    def raw(self, longest: int) -> bytes:
        return bytes(self._data.ConsumeBytes(self.up_to(longest)))

    def text(self, longest: int) -> str:
        """Any characters, lone surrogates among them."""
        return str(self._data.ConsumeUnicode(self.up_to(longest)))

    def latin(self, longest: int) -> str:
        """What a server lets through in a header: no line break, no zero, one byte a character."""
        return self.raw(longest).translate(None, b"\r\n\0").decode("latin-1")
