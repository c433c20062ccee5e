"""Comparing two ledgers from what is stored: seconds and memory of the command itself, at three sizes.

Beside it stands what a data-frame join takes for only finding the pairs, which is the least anybody could do.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from django.db import connection as database

from bench import ledgers
from bench.big_practice import Big
from bench.big_size import FULL
from bench.figures import Row
from sync.models import Kind, Snapshot

SIZES = (10_000, 30_000, 100_000)
SECONDS = 30
MEMORY_MIB = 1_024
GROWTH = 1.3
"""How much longer a document may take in the largest than in the smallest: it grows with the size, not faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """One comparison as a process: wall-clock seconds, seconds of the comparing alone, most memory in MiB."""

    seconds: float
    inside: float
    memory: float
    found: int


def measure(size: int) -> Iterator[Row]:
    sizes = [max(number * size // FULL, 500) for number in SIZES]
    per_document = []
    for number in sizes:
        big = ledgers.make(f"ledgers-{number}", number)
        database.close()
        first, again = _compare(big), _compare(big)
        joined = _join(big)
        per_document.append(again.seconds / number)
        largest = number == sizes[-1]
        yield Row(
            part="reconcile",
            what=f"{number:,} + {number:,} invoices compared",
            measured=round(max(first.seconds, again.seconds), 2),
            unit="s",
            bar=SECONDS if largest else None,
            note=f"first time {first.seconds:.1f}, again {again.seconds:.1f}; {again.found:,} differences",
            more={
                "first": first.seconds,
                "again": again.seconds,
                "inside": again.inside,
                "found": again.found,
            },
        )
        yield Row(
            part="reconcile",
            what=f"most memory for {number:,} + {number:,}",
            measured=round(max(first.memory, again.memory)),
            unit="MiB",
            bar=MEMORY_MIB if largest else None,
        )
        yield Row(
            part="reconcile",
            what=f"only finding the pairs of {number:,}, joining data frames",
            measured=round(joined, 2),
            unit="s",
            note=f"the whole comparison takes {again.seconds / joined:.1f} times as long",
        )
    yield Row(
        part="reconcile",
        what="time per document, largest to smallest size",
        measured=round(per_document[-1] / per_document[0], 2),
        unit="x",
        bar=GROWTH,
        note="1 is linear",
    )


def _compare(big: Big) -> Took:
    """``manage.py reconcile`` in a process of its own."""
    command = [sys.executable, "manage.py", "reconcile", big.practice.slug, "--json"]
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) as process:
        text = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    if process.returncode:
        raise RuntimeError(f"The comparison ended with {process.returncode}.")
    answer: dict[str, Any] = json.loads(text)
    return Took(
        seconds=seconds, inside=float(answer["seconds"]), memory=usage.ru_maxrss / 1024, found=answer["found"]
    )


def _join(big: Big) -> float:
    """Seconds for loading both sides' documents into data frames and joining them on number and date."""
    started = time.monotonic()
    here, there = (
        pd.DataFrame(
            Snapshot.objects.of(side, Kind.INVOICE).values_list("external_id", "number", "date", "amount"),
            columns=["id", "number", "date", "amount"],
        )
        for side in (big.source, big.target)
    )
    here["number"] = "IGN-" + here["number"]
    pairs = here.merge(there, on="number", how="outer", suffixes=("_here", "_there"), indicator=True)
    if not len(pairs):
        raise RuntimeError("Nothing was joined.")
    return time.monotonic() - started
