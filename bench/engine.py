"""The work itself, on a practice of some 20,000 invoices: how many calls it takes, and how fast it is planned.

The practice is read from the sandbox, planned, written, read again and planned again, by the same code as in a worker.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection as database

from bench import big, machine, stage
from bench.big_size import FULL
from bench.big_work import make_open
from bench.bulk import unhindered
from bench.figures import AT_LEAST, EXACTLY, Row
from bench.office import Office, open_office
from bench.programs import start_sandbox, supervised
from bench.rich import rich, steps_of
from connectors import registry
from mappings.services import load_choices
from practices.models import Provider
from sync import incidents, reading
from sync.flows import BATCH_SIZE, sides_of
from sync.models import SYNCED_KINDS, Change, ChangeState, Kind, Link, Run, Snapshot, Trigger, Verb
from sync.planning import decide_all, plan_all, plan_part
from sync.world import Sides, load_world

CLIENTS, MONTHS = 1_500, 12
"""Make some 20,000 invoices and as many payments."""
OPEN_CHANGES = 100_000
RECORDS_A_SECOND = 5_000
PART_SECONDS = 0.5
COMPETING_SECONDS = 2
"""A client without a contact may be any contact that is still free, as may all others without one: they are decided
together, with every invoice and payment of theirs, since what is decided for one is taken from the others."""
REFRESH_SECONDS = 2
TIMES_THE_FLOOR = 1.1
PARTS = 10
"""Clients that are planned by themselves, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """By the clock, and of processors: here and in the database."""

    seconds: float
    here: float
    there: float

    @property
    def words(self) -> str:
        return f"{self.seconds:.1f} s; of processors {self.here:.1f} + {self.there:.1f} s"


class Watch:
    """``with Watch() as watch: …``, then ``watch.took``."""

    took: Took

    def __enter__(self) -> "Watch":
        self._began = (time.perf_counter(), time.process_time(), machine.server_seconds(stage.postmaster()))
        return self

    def __exit__(self, *problem: object) -> None:
        began, here, there = self._began
        self.took = Took(
            seconds=time.perf_counter() - began,
            here=time.process_time() - here,
            there=machine.server_seconds(stage.postmaster()) - there,
        )


def measure(size: int) -> Iterator[Row]:
    """``size`` is the number of Changes that the pages are measured with; everything is in proportion."""
    with supervised("engine") as supervisor:
        control = start_sandbox(supervisor, settings.XERO_API_URL)
        office = open_office(control, slug="harbour", clients=max(CLIENTS * size // FULL, 20), months=MONTHS)
        yield from _first_read(office)
        yield from _planning(office)
        yield from _writing(office)
        yield from _nothing_new(office)
        yield from _parts(office)
    yield _incidents(size)


def _first_read(office: Office) -> Iterator[Row]:
    marker = office.calls()["marker"]
    with Watch() as watch:
        office.sync(trigger=Trigger.SCHEDULE)
    calls = office.calls(marker)
    records = Snapshot.objects.filter(practice=office.practice).count()
    yield Row(
        part="engine",
        what=f"first read and plan of {records:,} records, a second",
        measured=round(records / watch.took.seconds),
        unit="/s",
        note=watch.took.words,
        more={"seeded": office.seeded, "calls": calls["total"]},
    )
    floor = sum(_floor_of_reading(office, provider) for provider in registry.READ_PLANS)
    read = sum(entry["count"] for entry in calls["counts"] if _is_list(entry))
    yield Row(
        part="engine",
        what="calls of a first read, to the fewest possible",
        measured=round(read / floor, 3),
        unit="x",
        bar=TIMES_THE_FLOOR,
        note=f"{read:,} calls, {floor:,} pages",
        more={"counts": calls["counts"]},
    )


def _floor_of_reading(office: Office, provider: str) -> int:
    """A full page at a time, and one call for a list that is empty."""
    connection = office.connection(provider)
    size = registry.PAGE_SIZES[provider]
    calls = 0
    for plan in registry.READ_PLANS[provider]:
        held = Snapshot.objects.filter(connection=connection, kind=plan.kind.value).count()
        calls += 1 if plan.variant else max(-(-held // size), 1)
    return calls


def _floor_of_polling(run: Run) -> tuple[int, int]:
    """The fewest calls of a regular sync by day, and the lists it reads.

    One call a list that tells what changed; what hides and what seldom changes is not read. A list that does not tell
    is read over a stretch of days, in as many pages as that has.
    """
    calls = lists = 0
    for provider, plans in registry.READ_PLANS.items():
        for plan in plans:
            if plan.nightly or plan.every_minutes:
                continue
            rows = run.counts["reading"][provider].get(plan.kind.value, {}).get("read", 0)
            lists += 1
            calls += 1 if plan.incremental else max(-(-rows // registry.PAGE_SIZES[provider]), 1)
    return calls, lists


def _is_list(entry: dict[str, Any]) -> bool:
    return not entry["write"] and ("/reporting/" in entry["path"] or "/api.xro/" in entry["path"])


def _planning(office: Office) -> Iterator[Row]:
    """Once with everything still to be written down, once with nothing new."""
    sides, flows = sides_of(office.practice)[0]
    Change.objects.filter(practice=office.practice).delete()
    with Watch() as watch:
        plan_all(sides, flows, None)
    records = _planned(office)
    yield Row(
        part="engine",
        what=f"plan of {records:,} records, all new, a second",
        measured=round(records / watch.took.seconds),
        unit="/s",
        note=watch.took.words,
    )
    yield _deciding(sides, records)
    yield _deciding(sides, records, richly=True)


def _deciding(sides: Sides, records: int, *, richly: bool = False, among: str = "") -> Row:
    """The decisions alone: mapping, rules and differences, from records in memory.

    ``richly``: with forty fields mapped by the practice itself and 25 rules. ``among`` says which records these are: of
    those that are linked every field is compared.
    """
    version, choices = load_choices(sides.practice)
    choices = rich(choices) if richly else choices
    steps, rules = steps_of(choices), len(choices.rules)
    world = load_world(sides, version, choices)
    modes = {kind: flow.mode for kind, flow in sides_of(sides.practice)[0][1].items()}
    with Watch() as watch:
        decide_all(world, modes)
    return Row(
        part="engine",
        what=f"{among}records decided by one core in a second"
        + (f", {len(choices.fields)} field maps of {steps} steps, {rules} rules" if richly else ""),
        measured=round(records / watch.took.here),
        unit="/s",
        bar=RECORDS_A_SECOND,
        rule=AT_LEAST,
        note=f"{records:,} records; {watch.took.words}",
    )


def _writing(office: Office) -> Iterator[Row]:
    """Everything that is to be created, in full batches."""
    office.take_over()
    marker = office.calls()["marker"]
    with Watch() as watch:
        office.sync(reads=False, trigger=Trigger.MODE)
    calls = office.calls(marker, host="xero")
    done = Change.objects.filter(practice=office.practice, state=ChangeState.DONE)
    numbers = {kind: done.filter(kind=kind, verb=Verb.CREATE).count() for kind in SYNCED_KINDS}
    updates = {kind: done.filter(kind=kind, verb=Verb.UPDATE).count() for kind in SYNCED_KINDS}
    floor = sum(-(-number // BATCH_SIZE) for table in (numbers, updates) for number in table.values())
    written = sum(numbers.values()) + sum(updates.values())
    yield Row(
        part="engine",
        what="calls that write, to the fewest possible",
        measured=round(calls["writes"] / max(floor, 1), 3),
        unit="x",
        bar=TIMES_THE_FLOOR,
        note=f"{calls['writes']:,} calls for {written:,} records, {floor:,} full batches",
        more={"creates": numbers, "updates": updates, "counts": calls["counts"]},
    )
    yield Row(
        part="engine",
        what="records written a second, the sandbox included",
        measured=round(written / watch.took.seconds),
        unit="/s",
        note=watch.took.words,
    )


def _nothing_new(office: Office) -> Iterator[Row]:
    """Two syncs take in what the writing changed over there, as its last minutes are read twice; then all is quiet."""
    office.sync(trigger=Trigger.SCHEDULE)
    office.control.post("clock", {"advance": 2 * reading.OVERLAP.total_seconds()})
    office.sync(trigger=Trigger.SCHEDULE)
    marker = office.calls()["marker"]
    with Watch() as watch:
        run = office.sync(trigger=Trigger.SCHEDULE)
    counts = office.calls(marker)["counts"]
    calls = sum(entry["count"] for entry in counts if _is_list(entry))
    floor, lists = _floor_of_polling(run)
    yield Row(
        part="engine",
        what="calls of a sync that finds nothing new, to the fewest possible",
        measured=round(calls / floor, 3),
        unit="x",
        bar=1,
        rule=EXACTLY,
        note=f"{calls} calls, {lists} lists, {floor - lists} further pages; {watch.took.words}",
        more={"calls": run.calls, "counts": counts},
    )
    sides, flows = sides_of(office.practice)[0]
    with Watch() as watch:
        plan_all(sides, flows, None)
    records = _planned(office)
    yield Row(
        part="engine",
        what=f"plan of {records:,} records, nothing new, a second",
        measured=round(records / watch.took.seconds),
        unit="/s",
        note=watch.took.words,
    )
    yield _deciding(sides, records, among="linked ")
    yield _deciding(sides, records, richly=True, among="linked ")


def _parts(office: Office) -> Iterator[Row]:
    """A client that is linked, and one that is not: it competes with all others that are not."""
    linked = Link.objects.filter(practice=office.practice, kind=Kind.CONTACT).values("source_external_id")
    clients = Snapshot.objects.filter(connection=office.connection(Provider.IGNITION), kind=Kind.CONTACT)
    for name, rows, bar in (
        ("one client", clients.filter(external_id__in=linked), PART_SECONDS),
        ("one client without a contact", clients.exclude(external_id__in=linked), COMPETING_SECONDS),
    ):
        took = [_part(office, client) for client in rows.order_by("pk")[:PARTS]]
        if not took:
            continue
        yield Row(
            part="engine",
            what=f"live plan of {name}, the slowest of {len(took)}",
            measured=round(max(item.seconds for item in took), 3),
            unit="s",
            bar=bar,
            note=f"processors at most {max(item.here + item.there for item in took):.2f} s",
        )


def _part(office: Office, client: Snapshot) -> Took:
    sides, flows = sides_of(office.practice)[0]
    Snapshot.objects.filter(pk=client.pk).update(to_plan=True)
    with Watch() as watch:
        was_enough = plan_part(sides, flows, None)
    if not was_enough:
        raise RuntimeError("The client was not planned by itself.")
    return watch.took


def _planned(office: Office) -> int:
    """Source records that a plan looks at."""
    kinds = [str(kind) for kind in SYNCED_KINDS]
    rows = Snapshot.objects.filter(connection=office.connection(Provider.IGNITION), kind__in=kinds)
    return rows.filter(gone_at=None).count()


def _incidents(size: int) -> Row:
    """What is looked at each minute, with very much waiting."""
    number = max(OPEN_CHANGES * size // FULL, 100)
    held = big.make("held", 1_000)
    with unhindered(Change):
        make_open(held, number)
    incidents.refresh(held.practice)
    with Watch() as watch:
        incidents.refresh(held.practice)
    database.close()
    return Row(
        part="engine",
        what=f"problems brought up to date with {number:,} open changes",
        measured=round(watch.took.seconds, 2),
        unit="s",
        bar=REFRESH_SECONDS,
        note=f"of processors {watch.took.here:.2f} + {watch.took.there:.2f} s",
    )
