"""Keep a handful of programs running: restart what dies, pass on what they print, stop them all together."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LEASH = Path(__file__).with_name("leash.py")

#: Waiting time before a restart: doubled at each death in a row, up to the longest.
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0

#: A program that ran this long was well: its next death counts as the first.
WELL_AFTER_SECONDS = 20.0

#: After this long a program that was asked to stop is killed.
STOP_SECONDS = 25.0

CHECK_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class Program:
    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Running:
    program: Program
    process: subprocess.Popen[str]
    reader: threading.Thread
    started_at: float
    deaths: int = 0
    restart_at: float | None = None


class Supervisor:
    """Starts programs and keeps them alive. Use it from one thread only: children are tied to the life of the
    thread that started them."""

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        self._say = say or _print
        self._running: dict[str, _Running] = {}

    def start(self, program: Program) -> None:
        self._running[program.name] = self._spawn(program)

    def pid(self, name: str) -> int:
        return self._running[name].process.pid

    def deaths(self, name: str) -> int:
        """How often in a row a program has died without having been well in between."""
        return self._running[name].deaths

    def watch(self, until: Callable[[], bool]) -> None:
        """Restart what dies until ``until()`` is true."""
        while not until():
            self.restart_the_dead(time.monotonic())
            time.sleep(CHECK_EVERY_SECONDS)

    def restart_the_dead(self, now: float) -> None:
        for name, running in self._running.items():
            code = running.process.poll()
            if code is None:
                continue
            if running.restart_at is None:
                _kill_group(running.process.pid)
                deaths = 1 if now - running.started_at > WELL_AFTER_SECONDS else running.deaths + 1
                wait = min(FIRST_WAIT_SECONDS * 2 ** (deaths - 1), LONGEST_WAIT_SECONDS)
                running.deaths, running.restart_at = deaths, now + wait
                self._say(f"{name} ended ({_how(code)}); starting it again in {wait:g} s")
            elif now >= running.restart_at:
                self._running[name] = self._spawn(running.program, deaths=running.deaths)

    def stop(self) -> None:
        """Ask all to end, last started first, and kill what does not. A second call does nothing."""
        running, self._running = list(self._running.values()), {}
        for one in reversed(running):
            if one.process.poll() is None:
                one.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for one in running:
            try:
                one.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"{one.program.name} did not stop in time and was killed")
            _kill_group(one.process.pid)
            one.process.wait()
            one.reader.join(1)

    def _spawn(self, program: Program, *, deaths: int = 0) -> _Running:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *program.argv],
            env={**os.environ, **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # A session of its own: Ctrl-C reaches only us, and what a dead program leaves can be found.
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101  (asked for above)
        reader = threading.Thread(target=self._pass_on, args=(program.name, process.stdout), daemon=True)
        reader.start()
        return _Running(program, process, reader, time.monotonic(), deaths)

    def _pass_on(self, name: str, lines: IO[str]) -> None:
        for line in lines:
            self._say(f"{name:>8} | {line.rstrip()}")


def _kill_group(pid: int) -> None:
    """End whatever a program has left running; its group has the number it had itself."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
