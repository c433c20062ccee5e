"""Sends requests at times fixed beforehand, however slow the answers are, and notes how long each took.

Time counts from when a request was due and not from when it could be sent: a server that stalls for a second is
charged with every request that waited meanwhile. Knows nothing of the app: ``python -m bench.open_loop IN OUT``.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SETTLE_SECONDS = 1.0
PATIENCE_SECONDS = 30.0
NO_ANSWER = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One request: when it was due and when it was begun (seconds since the start), how long it took, the status."""

    due: float
    late: float
    ms: float
    status: int


async def fire(host: str, port: int, requests: list[str], *, every: float) -> list[Shot]:
    """All requests, one each ``every`` seconds, on a connection of its own each."""
    loop = asyncio.get_running_loop()
    began = loop.time() + SETTLE_SECONDS
    shots = [
        asyncio.create_task(_shoot(host, port, request.encode("latin-1"), began, began + number * every))
        for number, request in enumerate(requests)
    ]
    return list(await asyncio.gather(*shots))


async def _shoot(host: str, port: int, request: bytes, began: float, due: float) -> Shot:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(due - loop.time())
    sent = loop.time()
    try:
        status = await asyncio.wait_for(_ask(host, port, request), PATIENCE_SECONDS)
    except (OSError, TimeoutError, ValueError, IndexError):
        status = NO_ANSWER
    ended = loop.time()
    return Shot(due=due - began, late=sent - due, ms=(ended - due) * 1000, status=status)


async def _ask(host: str, port: int, request: bytes) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        await writer.drain()
        answer = await reader.read()  # to the end: the server closes
        return int(answer.split(b" ", 2)[1])
    finally:
        writer.close()


def main(arguments: list[str]) -> int:
    source, target = arguments
    plan: dict[str, Any] = json.loads(Path(source).read_text())
    shots = asyncio.run(fire(plan["host"], plan["port"], plan["requests"], every=plan["every"]))
    Path(target).write_text(json.dumps([asdict(shot) for shot in shots]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
