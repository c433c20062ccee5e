"""python -m sandbox: serve the simulators on one port until a signal comes."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from sandbox import server, store
from sandbox.clock import Clock
from sandbox.seed import seed_demo
from sandbox.world import World


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    world = World(seed=options.seed, clock=Clock(speed=options.speed))
    state: Path | None = options.state
    if state is not None and state.exists():
        try:
            store.load(world, state)
        except store.BadStateFile as error:
            sys.stderr.write(f"{error}\nMove the file away to start afresh.\n")
            return 2
    elif options.seed_demo:
        seed_demo(world)
    autosave = store.Autosave(world, state) if state is not None else None
    if autosave is not None:
        store.save(world, autosave.path)
        autosave.start()
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    served = server.start(world, host=options.host, port=options.port)
    sys.stdout.write(f"Sandbox (simulated Ignition and Xero) on {served.url}\n")
    sys.stdout.flush()
    ended.wait()
    server.stop(served)
    if autosave is not None:
        autosave.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8091)
    parser.add_argument("--state", type=Path, metavar="FILE", help="continue from this file and save to it")
    parser.add_argument("--seed-demo", action="store_true", help="fill a new world with the demo practices")
    parser.add_argument("--seed", type=int, default=1, help="makes the ids of a new world repeatable")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast the simulated clock runs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
