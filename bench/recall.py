"""Whether reconciliation finds what is wrong, calls it by its name, and says nothing where nothing is wrong.

The sandbox makes a practice of 2,000 clients and 20,000 invoices on which both systems agree, then mismatches of every
kind that the two systems can show, with the truth about each.
"""

import io
import json
import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management import call_command

from bench.big_size import FULL
from bench.figures import AT_MOST, EXACTLY, Row
from bench.judging import Judged, judge
from bench.office import Office, open_office
from bench.programs import start_sandbox, supervised
from sync.models import Trigger

CLIENTS, MONTHS = 2_000, 17
"""Make some 20,000 invoices."""
FEWEST = 100
"""Clients that mismatches of every kind need."""
EACH = 5
FALSE_PERCENT = 0.5
SHOWN = 20
"""Found rows that are kept word for word."""


def measure(size: int) -> Iterator[Row]:
    """Clients and invoices in proportion to ``size``."""
    clients = max(CLIENTS * size // FULL, FEWEST)
    with supervised("recall") as supervisor:
        control = start_sandbox(supervisor, settings.XERO_API_URL)
        office = open_office(control, slug="harbour", clients=clients, months=MONTHS, clean=True)
        office.sync(trigger=Trigger.SCHEDULE)
        first = reconcile(office)
        records = sum(office.seeded[name] for name in ("clients", "invoices", "payments"))
        yield Row(
            part="recall",
            what=f"differences in a clean practice of {records:,} records",
            measured=len(first["mismatches"]),
            bar=0,
            rule=EXACTLY,
            note=f"{office.seeded['clients']:,} clients, {office.seeded['invoices']:,} invoices",
            more={"found": first["mismatches"][:SHOWN], "seconds": first["seconds"]},
        )
        each = min(EACH, max(clients * EACH // CLIENTS, 1))
        planted = control.post("plant", {"practice": "harbour", "each": each})["planted"]
        sys.stderr.write(f"  planted {len(planted)} mismatches\n")
        # Some carry the stamps of last week, as what happened last week does.
        office.sync(full=True, trigger=Trigger.SCHEDULE)
        second = reconcile(office)
    yield from _judged(judge(planted, second["mismatches"]), records, second["seconds"])


def reconcile(office: Office) -> dict[str, Any]:
    """What the command prints, with every mismatch."""
    out = io.StringIO()
    call_command("reconcile", office.practice.slug, "--json", "--list", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def _judged(judged: Judged, records: int, seconds: float) -> Iterator[Row]:
    for ref in sorted(judged.planted):
        missed = [entry for entry in judged.missed if entry["ref"] == ref]
        yield Row(
            part="recall",
            what=f"{ref} found",
            measured=round(100 * judged.recalled[ref] / judged.planted[ref], 1),
            unit="%",
            bar=100,
            rule=EXACTLY,
            note=f"{judged.recalled[ref]} of {judged.planted[ref]}",
            more={"missed": missed[:SHOWN]},
        )
    yield Row(
        part="recall",
        what=f"found of {judged.planted.total()} planted, {len(judged.planted)} kinds",
        measured=round(100 * judged.recall, 1),
        unit="%",
        bar=100,
        rule=EXACTLY,
        note=f"compared in {seconds:.1f} s",
    )
    yield Row(
        part="recall",
        what="called by a wrong name",
        measured=len(judged.wrong),
        bar=0,
        rule=EXACTLY,
        more={"wrong": list(judged.wrong[:SHOWN])},
    )
    yield Row(
        part="recall",
        what="found where nothing was planted, of all records",
        measured=round(100 * len(judged.false) / records, 3),
        unit="%",
        bar=FALSE_PERCENT,
        rule=AT_MOST,
        note=f"{len(judged.false)}",
        more={"false": list(judged.false[:SHOWN])},
    )
