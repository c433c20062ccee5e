"""The optional state file: everything the sandbox knows, as one JSON document.

Values that JSON lacks are tagged: {"$d": "1.50"} is a Decimal, {"$s": [...]} a set.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.world import World

log = logging.getLogger(__name__)
FORMAT = 1


class BadStateFile(ValueError):
    """The file is not a state file of this version."""


def encode(data: Any) -> str:
    return json.dumps(data, default=_tag, separators=(",", ":"))


def decode(text: str) -> Any:
    return json.loads(text, object_hook=_untag)


def save(world: World, path: Path) -> None:
    """Write the whole world beside the file and rename it into place, so a crash leaves the old one."""
    with world.lock:
        text = encode({"format": FORMAT, "world": world.dump()})
    part = path.with_suffix(path.suffix + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def load(world: World, path: Path) -> None:
    """Fill the world from the file. Raises BadStateFile when it cannot be used."""
    try:
        data = decode(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise BadStateFile(f"{path.name} was written by another version of the sandbox")
        with world.lock:
            world.load(data["world"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadStateFile(f"{path.name} is not a sandbox state file: {error}") from error


class Autosave:
    """Saves the world every few seconds while it changes, from a background thread."""

    def __init__(self, world: World, path: Path, *, every: float = 5.0) -> None:
        self._world = world
        self.path = path
        self._every = every
        self._saved = world.changes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="autosave", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread and save what is not saved yet."""
        self._stop.set()
        self._thread.join()
        self.save_if_changed()

    def save_if_changed(self) -> bool:
        changes = self._world.changes
        if changes == self._saved:
            return False
        save(self._world, self.path)
        self._saved = changes
        return True

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self.save_if_changed()
            except OSError:
                log.exception("The state file could not be written")


def _tag(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"$d": str(value)}
    if isinstance(value, set | frozenset):
        return {"$s": sorted(value)}
    raise TypeError(f"{type(value).__name__} has no place in a state file")


def _untag(value: dict[str, Any]) -> Any:
    if len(value) == 1:
        if "$d" in value:
            return Decimal(value["$d"])
        if "$s" in value:
            return set(value["$s"])
    return value
