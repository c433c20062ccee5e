"""The processes of a run: start them, kill them, bring them back, and stop them all at the end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from launcher.processes import LEASH

#: A program that ended is started again after this, as a service manager would.
BACK_AFTER_SECONDS = 0.5
STOP_SECONDS = 10.0
CHECK_EVERY_SECONDS = 0.05


@dataclass
class Member:
    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes]
    starts: int = 1
    back_at: float | None = None
    held: bool = False

    @property
    def is_buried(self) -> bool:
        """Whether its number may belong to somebody else by now."""
        return self.process.returncode is not None

    @property
    def has_ended(self) -> bool:
        """Whether it is gone. One that was not buried keeps its number, so its group can still be told apart."""
        if self.is_buried:
            return True
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.process.pid, flags) is not None

    def bury(self) -> None:
        """End whatever of its group is left, itself included. Only once: afterwards the number is free."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Fleet:
    """Programs of one run, each in a group of its own. Use it from one thread: they are tied to its life."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._members: dict[str, Member] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, argv: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self._members[name] = Member(name, argv, environment, self._spawn(name, argv, environment))

    def names(self, beginning: str = "") -> list[str]:
        return [name for name in self._members if name.startswith(beginning)]

    def pid(self, name: str) -> int | None:
        """The program's process; ``None`` while it is down."""
        member = self._members[name]
        return None if member.has_ended else member.process.pid

    def children(self, name: str) -> list[int]:
        pid = self.pid(name)
        return children_of(pid) if pid else []

    def kill(self, name: str, *, hold: bool = False) -> bool:
        """SIGKILL to the program and all it started; whether it was up. ``hold``: it stays down until released."""
        member = self._members[name]
        was_up = not member.is_buried
        if was_up:
            member.bury()
        member.held = hold
        return was_up

    def release(self, name: str) -> None:
        self._members[name].held = False

    def tend(self, now: float) -> None:
        """Start again what ended, unless it is held down."""
        for name, member in self._members.items():
            if member.held or not member.has_ended:
                continue
            if not member.is_buried:
                member.bury()
            if member.back_at is None:
                member.back_at = now + BACK_AFTER_SECONDS
            elif now >= member.back_at:
                member.process = self._spawn(name, member.argv, member.environment)
                member.starts, member.back_at = member.starts + 1, None

    def starts(self) -> dict[str, int]:
        return {name: member.starts for name, member in self._members.items()}

    def stop(self) -> None:
        """Ask all to end and kill what does not. A second call does nothing."""
        members = [member for member in self._members.values() if not member.is_buried]
        self._members = {}
        for member in reversed(members):
            if not member.has_ended:
                os.kill(member.process.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and not all(member.has_ended for member in members):
            time.sleep(CHECK_EVERY_SECONDS)
        for member in members:
            member.bury()

    def _spawn(
        self, name: str, argv: tuple[str, ...], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *argv],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def children_of(parent: int) -> list[int]:
    """Processes that ``parent`` started itself and that are alive."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(entry.name))
    return sorted(found)
