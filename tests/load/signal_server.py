"""A stand-in for Signal's server in a process of its own.

As ``python -m tests.load.signal_server PORT MILLISECONDS``. It takes every message, after so many
milliseconds, and tells how many at ``/books``.
"""

import asyncio
import sys

from tests.standin import Behaviour, StandIn


async def serve(port: int, milliseconds: int) -> None:
    behaviour = Behaviour(delay=milliseconds / 1000)
    standin = StandIn(lambda document: behaviour)
    standin.keeps_requests = False
    server = await standin.listen(port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
