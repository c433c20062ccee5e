"""python -m bench: measure what was promised, print a table, and keep everything in a file under var/bench.

Ends with 1 when a bar is missed, with 2 when a part could not be measured.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import figures, machine, stage
from bench.big_size import FULL
from bench.figures import Row
from bench.part import MODULES
from launcher import paths, postgres

MISSED, NOT_MEASURED = 1, 2
EMPTY = "bench_empty"
UNLIMITED = {
    "NUDGE_WORKERS": "0",
    "XERO_CALLS_PER_MINUTE": "1000000",
    "XERO_CALLS_PER_DAY": "1000000",
    "IGNITION_CALLS_PER_HOUR": "1000000",
}
"""Nothing holds back what is measured by itself; the lag is measured with the limits as they are."""
LIMITED = frozenset({"lag", "webhooks"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    size: int
    parts: tuple[str, ...]
    keep: bool


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    os.chdir(paths.BASE_DIR)
    try:
        with ExitStack() as cleanup:
            return _run(options, cleanup)
    except (stage.NotReady, postgres.PostgresError) as error:
        sys.stderr.write(f"{error}\n")
        return NOT_MEASURED
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return NOT_MEASURED


def parse(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--size", type=int, default=FULL, help="changes of the large practice")
    parser.add_argument("--only", default="", help=f"parts, with commas between: {', '.join(MODULES)}")
    parser.add_argument("--keep", action="store_true", help="leave the databases for a closer look")
    given = parser.parse_args(arguments)
    parts = tuple(name for name in given.only.split(",") if name) or tuple(MODULES)
    if unknown := set(parts) - set(MODULES):
        parser.error(f"There is no {', '.join(sorted(unknown))}. There are: {', '.join(MODULES)}.")
    if given.size < 1_000:
        parser.error("A size below 1,000 says nothing.")
    return Options(size=given.size, parts=parts, keep=given.keep)


def _run(options: Options, cleanup: ExitStack) -> int:
    server = stage.own_server()
    cleanup.callback(stage.leave, server, keep=options.keep)
    facts = {**machine.facts(stage.version_of(server)), **machine.reference(), "load_before": machine.load()}
    print(_heading(facts, options), flush=True)
    settings = stage.environment(stage.new_database(server, EMPTY))
    stage.manage(settings, "prepare")
    rows: list[Row] = []
    failed = []
    for name in options.parts:
        print(f"{name} …", file=sys.stderr, flush=True)
        own = {**settings, **stage.addresses(), **({} if name in LIMITED else UNLIMITED)}
        own["DATABASE_URL"] = stage.new_database(server, f"bench_{name}", like=EMPTY)
        found, problem = _measure(name, options, own)
        rows += found
        if problem:
            failed.append(name)
    print(figures.table(rows))
    facts["load_after"] = machine.load()
    file = _keep(rows, facts, options)
    print(f"\n{file.relative_to(paths.BASE_DIR)}")
    for name in failed:
        print(f"{name} could not be measured; its last lines are above, its log is in {stage.FOLDER}/logs.")
    if failed:
        return NOT_MEASURED
    return 0 if all(row.ok for row in rows) else MISSED


def _measure(name: str, options: Options, environment: dict[str, str]) -> tuple[list[Row], bool]:
    """The rows of one part with the load beside them, and whether it broke off."""
    file = stage.FOLDER / f"{name}.rows"
    file.unlink(missing_ok=True)
    before = machine.load()
    command = [sys.executable, "-m", "bench.part", name, str(options.size), str(file)]
    ended = subprocess.run(command, env={**os.environ, **environment}, check=False)
    lines = file.read_text().splitlines() if file.exists() else []
    load = {"load_before": before, "load_after": machine.load()}
    rows = [Row(**json.loads(line)) for line in lines]
    return [replace(row, more={**row.more, **load}) for row in rows], ended.returncode != 0


def _keep(rows: Sequence[Row], facts: dict[str, Any], options: Options) -> Path:
    file = stage.FOLDER / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    file.write_text(figures.file_text(rows, facts, {"size": options.size, "parts": options.parts}))
    return file


def _heading(facts: dict[str, Any], options: Options) -> str:
    busy = "" if facts["load_before"] < facts["cores"] / 2 else " (others are at work: times will be long)"
    return (
        f"{facts['cores']} cores of {facts['processor']}, {facts['memory_gib']} GiB, Python {facts['python']},"
        f" PostgreSQL {facts['postgresql']}\nload {facts['load_before']}{busy}; size {options.size:,}"
    )


if __name__ == "__main__":
    sys.exit(main())
