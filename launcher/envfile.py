"""Files of ``NAME=value`` lines."""

import os
from collections.abc import Mapping
from pathlib import Path


def read(path: Path) -> dict[str, str]:
    """The variables of a file; empty when there is none. Comments and blank lines are skipped."""
    values: dict[str, str] = {}
    if not path.is_file():
        return values
    for line in path.read_text().splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            values[name.strip()] = value.strip().strip("'\"")
    return values


def write(path: Path, values: Mapping[str, str], *, heading: str) -> None:
    """Replace the file in one step; only its owner may read it, as it holds keys."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"# {heading}", *(f"{name}={value}" for name, value in values.items())]
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
    fresh.replace(path)
