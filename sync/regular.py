"""A regular run: read every connection, plan, deliver everything that is due."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from connectors.base import Target
from mappings.services import load_choices, publish_suggested_once
from practices.models import Connection, ConnectionState, Practice
from sync import claiming, notes, nudge, reading
from sync.flows import sides_of
from sync.models import (
    OPEN_RUN_STATES,
    Change,
    ChangeState,
    Flow,
    Mode,
    Purpose,
    Run,
    RunState,
    Trigger,
)
from sync.planning import plan_all, plan_part, standing_counts
from sync.slice import Slice, usable
from sync.world import Sides
from sync.zones import zone_of

WORTH_WAITING = timedelta(minutes=2)
"""A run stays open for work that is due this soon; what is due later is done by a later run."""
PLAN_ALL_EVERY = timedelta(hours=20)
"""How long plans of what moved suffice: decisions also depend on the calendar."""
ASKED_FOR = frozenset({Trigger.PERSON, Trigger.COMMAND})
"""Triggers of somebody who looks at the result: lists otherwise read at night are read, and everything is planned."""


class _PlanAgain(Exception):
    """The mapping changed: what is unsent has to be planned anew."""


class RegularSlice(Slice):
    """One worker's turn at a regular run."""

    gave_way: Run | None = None

    def work(self) -> None:
        super().work()
        if self.gave_way is not None:  # only now are the lanes free for it
            nudge.after_commit(self.gave_way)

    def act(self) -> None:
        stages = self._stages()
        names = [name for name, _, _ in stages]
        place = names.index(self.run.stage) if self.run.stage in names else 0
        for name, act, connection in stages[place:]:
            self.run.stage = name
            self.save("stage")
            if act == "read" and connection is not None:
                self._read(connection)
            elif act == "deliver" and connection is not None:
                self._deliver(connection)
            else:
                self._plan()
        self._finish()

    def _stages(self) -> list[tuple[str, str, Connection | None]]:
        connections = usable(self.run.practice)
        pairs = sides_of(self.run.practice)
        targets = {sides.target.pk: sides.target for sides, _ in pairs}
        writing = {
            s.target.pk for s, flows in pairs if {flow.mode for flow in flows.values()} != {Mode.WATCH}
        }
        only = [c for c in connections if c.pk in writing and c.state == ConnectionState.CONNECTED]
        to_read = connections if self.run.reads else only
        return [
            *((f"read {item.provider}", "read", item) for item in to_read),
            ("plan", "plan", None),
            *((f"deliver {item.provider}", "deliver", item) for item in targets.values()),
        ]

    def _read(self, connection: Connection) -> None:
        run = self.run
        wish = reading.Wish(
            started_at=run.queued_at,
            full=run.full,
            thorough=run.full or run.trigger in ASKED_FOR,
            night=reading.night_at(timezone.now(), zone_of(run.practice.time_zone)),
        )
        with self.talking_to(connection) as (client, lane):

            def go_on(kind: str, done: int) -> bool:
                self.progress(f"read {connection.provider}", done, text=kind)
                self.hold(lane)
                return not self.time_is_up() and not self._live_waits()

            result = reading.read(connection, client, wish, go_on=go_on)
        self._count_reads(connection, result)
        self.went_well()
        if not result.finished:
            self.pause(1 if self.gave_way else 0)

    def _plan(self) -> None:
        run = self.run
        self.progress("plan", 0)
        publish_suggested_once(run.practice)
        run.again = False
        run.mapping_version = mapping_version(run.practice)
        self.save("again", "mapping_version")
        for sides, flows in sides_of(run.practice):
            with self.holding(sides.source, sides.target) as held:
                self.hold(*held)
                for kind, counts in self._plan_pair(sides, flows).items():
                    kept = {
                        name: run.counts.get(kind, {}).get(name, 0)
                        for name in ("written", "verified", "failed")
                    }
                    run.counts[kind] = {**counts, **kept}
        self.save("counts")

    def _plan_pair(self, sides: Sides, flows: dict[str, Flow]) -> dict[str, dict[str, int]]:
        """Plan what moved, or everything where somebody asked, something else changed, or it was long ago."""
        oldest = min((flow.planned_at for flow in flows.values() if flow.planned_at), default=None)
        versions = {flow.planned_version for flow in flows.values()}
        recent = oldest is not None and oldest > timezone.now() - PLAN_ALL_EVERY
        by_clock = self.run.trigger in {Trigger.SCHEDULE, Trigger.EVENT} and not self.run.full
        if (
            by_clock
            and recent
            and versions == {self.run.mapping_version}
            and plan_part(sides, flows, self.run)
        ):
            return standing_counts(sides)
        counts = plan_all(sides, flows, self.run)
        Flow.objects.filter(pk__in=[flow.pk for flow in flows.values()]).update(
            planned_at=timezone.now(), planned_version=self.run.mapping_version
        )
        return counts

    def _deliver(self, connection: Connection) -> None:
        if connection.state != ConnectionState.CONNECTED or not self._anything_owed(connection):
            return

        def go_on() -> None:
            if mapping_version(self.run.practice) != self.run.mapping_version:
                Run.objects.filter(pk=self.run.pk).update(again=True)
                raise _PlanAgain
            if self._live_waits():
                self.pause(1)

        try:
            self.send_due(connection, urgent=False, go_on=go_on)
        except _PlanAgain:
            return
        due = claiming.next_due(connection)
        if due is not None and due - timezone.now() < WORTH_WAITING:
            self.wait(max(due, timezone.now() + timedelta(seconds=1)), "Some records are tried again soon.")

    def after_delivery(self, connection: Connection, target: Target) -> None:
        def go_on() -> bool:
            return not self.time_is_up() and not self._live_waits()

        notes.write_due(connection, target, go_on=go_on)

    def delayed(self, until: datetime, message: str) -> None:
        """By the time a long wait is over the plan is old: read and plan again before anything is sent."""
        if until - timezone.now() > WORTH_WAITING:
            self.run.stage, self.run.queued_at = "", timezone.now()
            self.save("stage", "queued_at")
        self.wait(until, message)

    def _anything_owed(self, connection: Connection) -> bool:
        owed = Change.objects.filter(
            connection=connection, state__in=[ChangeState.PENDING, ChangeState.IN_FLIGHT]
        )
        return owed.exists() or notes.any_due(connection)

    def _live_waits(self) -> bool:
        """Whether the practice's live run wants the lanes; it goes first."""
        found = (
            Run.objects.filter(practice=self.run.practice, purpose=Purpose.LIVE, state__in=OPEN_RUN_STATES)
            .exclude(resumes_at__gt=timezone.now())
            .first()
        )
        self.gave_way = found
        return found is not None

    def _finish(self) -> None:
        run = self.run
        run.refresh_from_db(fields=["again", "full", "reads"])
        if run.again:
            self._round_again()
        for kind, counts in run.counts.items():
            if kind == "reading":
                continue
            rows = Change.objects.filter(practice=run.practice, kind=kind)
            counts["failed"] = rows.filter(state=ChangeState.PARKED).count()
            counts["pending"] = rows.filter(state__in=[ChangeState.PENDING, ChangeState.IN_FLIGHT]).count()
        waiting = any(
            counts.get(name)
            for kind, counts in run.counts.items()
            if kind != "reading"
            for name in ("held", "failed", "pending")
        )
        run.quiet = self._quiet()
        self.save("counts", "quiet")
        with transaction.atomic():
            # Whoever wants something of this run waits for the row, and finds it closed or still to go round.
            if not Run.objects.select_for_update().get(pk=run.pk).again:
                self.close(RunState.INCOMPLETE if waiting else RunState.DONE, "")
                return
        self._round_again()

    def _round_again(self) -> None:
        self.run.stage, self.run.queued_at = "", timezone.now()
        self.save("stage", "queued_at")
        self.pause(0)

    def _quiet(self) -> int:
        """How many regular runs in a row found nothing new."""
        reading_counts = self.run.counts.get("reading", {})
        changed = sum(row.get("changed", 0) for table in reading_counts.values() for row in table.values())
        if changed or self.run.trigger != Trigger.SCHEDULE:
            return 0
        before = (
            Run.objects.filter(practice=self.run.practice)
            .exclude(pk=self.run.pk)
            .exclude(purpose=Purpose.LIVE)
            .order_by("-queued_at", "-pk")
            .values_list("quiet", flat=True)
            .first()
        )
        return min((before or 0) + 1, 20)

    def _count_reads(self, connection: Connection, result: reading.Progress) -> None:
        count_reads(self.run, connection, result)
        self.save("counts")


def count_reads(run: Run, connection: Connection, result: reading.Progress) -> None:
    """Add what a reading turn did to the run's numbers."""
    table = run.counts.setdefault("reading", {}).setdefault(connection.provider, {})
    for kind, number in result.read.items():
        row = table.setdefault(kind, {"read": 0, "changed": 0, "unreadable": 0})
        row["read"] += number
        row["changed"] += result.changed.get(kind, 0)
        row["unreadable"] += result.unreadable.get(kind, 0)


def mapping_version(practice: Practice) -> int:
    return load_choices(practice)[0]
