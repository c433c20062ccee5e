"""A live run: look at what was reported, plan only that, and send it at once.

Hints say where to look; the records are read from their lists, so many hints of one kind cost one call. What the
snapshots show already (such as the echo of our own write) costs none. Where a hint needs more than a part of the
practice to be planned, a regular run is asked for.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from practices.models import Connection, ConnectionState
from sync import budget, reading
from sync.flows import SOURCES, sides_of
from sync.models import (
    CREDIT_KINDS,
    Change,
    ChangeQuerySet,
    Cursor,
    Event,
    EventState,
    Flow,
    Kind,
    Mode,
    Purpose,
    Run,
    RunState,
    Snapshot,
)
from sync.planning import plan_part
from sync.regular import count_reads
from sync.slice import Slice, usable
from sync.world import Sides

FRESH = timedelta(seconds=20)
"""A target read this recently is not read again before something is written to it."""
TOLD_LATER = timedelta(milliseconds=50)
"""An event may be stamped this much later than the record that it tells of: they are stamped one after the other."""
COLLECTED = timedelta(seconds=30)
"""What a target reports is collected this long: nothing is written from it, and most of it follows our own writes."""
MOST_AT_ONCE = 1000
CALLS_A_TURN = 1.25
"""About what one turn costs at the target: a write, and a read now and then."""
SYNCED = (Kind.CONTACT, Kind.INVOICE, Kind.PAYMENT)
WHOLE_LIST = frozenset({"voided", "deleted"})
"""Words in a hint after which the record is in no list any more: the whole list shows what is missing."""
HIDDEN = frozenset({"archived", "deleted", "cancelled", "restored", "refunded"})
BEFORE_WRITING = {
    Kind.CONTACT: (Kind.CONTACT,),
    Kind.INVOICE: (Kind.CONTACT, Kind.INVOICE),
    Kind.PAYMENT: (Kind.INVOICE, Kind.PAYMENT),
    **dict.fromkeys(CREDIT_KINDS, (Kind.INVOICE,)),
}
"""Which of the target's lists a record's plan depends on."""


class UrgentSlice(Slice):
    """One worker's turn at a live run. ``wants_all`` afterwards: a regular run has to plan everything."""

    wants_all = False

    def act(self) -> None:
        self._space_out()
        while True:
            self._begin_round()
            events = list(
                waiting(timezone.now())
                .filter(practice=self.run.practice)
                .select_related("connection")
                .order_by("pk")[:MOST_AT_ONCE]
            )
            news = self._without_known(events)
            if news:
                self._look(news)
                self._mark(news)  # what moved carries its own mark now
            self._plan()
            # Where everything has to be planned, what waits may not be wanted any more: the regular run sends it.
            if not self.wants_all:
                self._deliver()
            if self._is_over():
                return
            if self.time_is_up():
                self.pause(0)
            self._space_out()

    def wait_for_lane(self) -> None:
        """Whoever holds the lane gives way at its next call and wakes this run."""
        self.pause(1)

    def _begin_round(self) -> None:
        Run.objects.filter(pk=self.run.pk).update(again=False)
        self.run.again = False
        self.hold()

    def _space_out(self) -> None:
        """While calls are scarce, collect changes for a moment and send them together."""
        now = timezone.now()
        last = (
            Run.objects.filter(practice=self.run.practice, purpose=Purpose.LIVE, finished_at__isnull=False)
            .order_by("-finished_at")
            .values_list("finished_at", flat=True)
            .first()
        )
        if last is None:
            return
        gaps = [
            budget.gap(connection, now, calls=CALLS_A_TURN)
            for connection in usable(self.run.practice)
            if connection.state == ConnectionState.CONNECTED
        ]
        until = last + max(gaps, default=timedelta(0))
        if until > now:
            self.wait(until, "Collecting changes, so that the calls left last.")

    # --- hints ------------------------------------------------------------------------------------------

    def _without_known(self, events: list[Event]) -> list[Event]:
        """Leave out hints about what the snapshots show already, and those that can't be looked at."""
        known = _known(events)
        echoes = [event for event in events if event.pk in known]
        self._mark(echoes, EventState.ECHO, "Known already when it came.")
        rest = [event for event in events if event.pk not in known]
        asleep = [event for event in rest if event.connection.state != ConnectionState.CONNECTED]
        self._mark(asleep, EventState.IGNORED, "The connection was not usable. The next full read covers it.")
        return [event for event in rest if event.connection.state == ConnectionState.CONNECTED]

    def _mark(self, events: Iterable[Event], state: str = EventState.DONE, message: str = "") -> None:
        ids = [event.pk for event in events]
        if ids:
            Event.objects.filter(pk__in=ids, state=EventState.WAITING).update(
                state=state, message=message, handled_at=timezone.now(), run=self.run
            )

    def _look(self, events: list[Event]) -> None:
        by_connection: dict[int, list[Event]] = {}
        for event in events:
            by_connection.setdefault(event.connection_id, []).append(event)
        for told in by_connection.values():
            connection = told[0].connection
            kinds, whole = _lists_of(told)
            self._read(connection, kinds, since=timezone.now(), whole=whole)
            if unseen := _kinds_unseen(told):  # no plain list has it: it may be one of the hidden ones
                self._read(connection, unseen, since=timezone.now())
            self._read_around(connection)

    def _read(
        self,
        connection: Connection,
        kinds: Mapping[str, bool],
        *,
        since: datetime,
        whole: frozenset[str] = frozenset(),
    ) -> None:
        """Read these lists unless they were read since then; a list that was never read is the regular run's."""
        read = set(
            Cursor.objects.filter(connection=connection, completed_at__isnull=False, variant="").values_list(
                "kind", flat=True
            )
        )
        if not set(kinds) <= read:
            self.wants_all = True
        wish = reading.Wish(
            started_at=since, kinds={kind: kinds[kind] for kind in kinds if kind in read}, whole=whole
        )
        if not wish.kinds:
            return
        with self.talking_to(connection) as (client, lane):

            def go_on(kind: str, done: int) -> bool:
                self.hold(lane)
                return not self.time_is_up()

            result = reading.read(connection, client, wish, go_on=go_on)
        self.went_well()
        count_reads(self.run, connection, result)
        self.save("counts")
        if not result.finished:
            self.pause(0)

    def _read_around(self, connection: Connection) -> None:
        """Read what the news refers to and what is not there yet: an invoice's client, a payment's shares."""
        moved = Snapshot.objects.filter(connection=connection, to_plan=True)
        parties = set(
            moved.filter(kind__in=[Kind.INVOICE, Kind.PAYMENT, Kind.PERSON])
            .exclude(party_external_id="")
            .values_list("party_external_id", flat=True)
        )
        there = Snapshot.objects.of(connection, Kind.CONTACT).filter(external_id__in=parties)
        kinds = {}
        if parties - set(there.values_list("external_id", flat=True)):
            kinds = {Kind.CONTACT.value: True, Kind.PERSON.value: False}
        shared = moved.filter(kind=Kind.PAYMENT).filter(record__invoice_external_ids__1__isnull=False)
        if shared.exists():
            kinds[Kind.COLLECTION.value] = False
        if kinds:
            self._read(connection, kinds, since=timezone.now())

    # --- plan and delivery ------------------------------------------------------------------------------

    def _plan(self) -> None:
        for sides, flows in sides_of(self.run.practice):
            if not _are_connected(sides):
                continue
            if any(flow.planned_at is None for flow in flows.values()):
                # The target was never read to its end: what it has already would be written once more.
                self.wants_all = True
                continue
            self._freshen(sides, flows)
            with self.holding(sides.source, sides.target) as held:
                self.hold(*held)
                if not plan_part(sides, flows, self.run):
                    self.wants_all = True

    def _freshen(self, sides: Sides, flows: Mapping[str, Flow]) -> None:
        """Read the target again before something is written to it, unless that was just done."""
        moved = set(
            Snapshot.objects.filter(connection=sides.source, to_plan=True, kind__in=SYNCED).values_list(
                "kind", flat=True
            )
        )
        moved |= set(_urgent(sides).values_list("kind", flat=True).distinct())
        kinds = {
            needed.value: False
            for kind in moved
            if flows[Kind.PAYMENT if kind in CREDIT_KINDS else kind].mode != Mode.WATCH
            for needed in BEFORE_WRITING[Kind(kind)]
        }
        if kinds:
            self._read(sides.target, kinds, since=timezone.now() - FRESH)

    def _deliver(self) -> None:
        for sides, _ in sides_of(self.run.practice):
            if _are_connected(sides) and _urgent(sides).exists():
                self.send_due(sides.target, urgent=True, go_on=lambda: None)

    def _is_over(self) -> bool:
        """Close the run unless something came in meanwhile; a run that had nothing to do leaves no trace."""
        run = self.run
        with transaction.atomic():
            fresh = Run.objects.select_for_update().get(pk=run.pk)
            more = waiting(timezone.now()).filter(practice=run.practice)
            if fresh.again or more.exists():
                return False
            if not run.calls and not run.made.exists():
                run.delete()
                run.state = RunState.DONE
            else:
                self.close(RunState.DONE, "")
        return True


URGENT = (Purpose.LIVE, Purpose.PERSON)


def _urgent(sides: Sides) -> ChangeQuerySet:
    """What is due and was reported or asked for by a person."""
    rows: ChangeQuerySet = Change.objects.due(timezone.now())
    return rows.filter(connection=sides.target, purpose__in=URGENT).exclude(flow__mode=Mode.WATCH)


def waiting(now: datetime) -> QuerySet[Event]:
    """Hints to look at now: a source's at once, a target's when they were collected for a while or a person asks."""
    urgent = Q(connection__provider__in=SOURCES) | Q(replays__gt=0) | Q(received_at__lte=now - COLLECTED)
    return Event.objects.filter(urgent, state=EventState.WAITING)


def _lists_of(events: list[Event]) -> tuple[dict[str, bool], frozenset[str]]:
    """Which lists these hints are about, each with whether its hidden records count, and which to read whole."""
    kinds: dict[str, bool] = {}
    whole: set[str] = set()
    statuses = _statuses(events)
    for event in events:
        words = set(event.action.casefold().replace("_", ".").replace(" ", ".").split("."))
        words.add(statuses.get((event.kind, event.external_id), ""))
        for kind in [event.kind] if event.kind else [item.value for item in SYNCED]:
            kinds[kind] = kinds.get(kind, False) or bool(words & HIDDEN)
            if words & WHOLE_LIST and kind == Kind.INVOICE:
                whole.add(kind)
    return kinds, frozenset(whole)


def _statuses(events: list[Event]) -> dict[tuple[str, str], str]:
    """The state in which each reported record was last read."""
    rows = Snapshot.objects.filter(
        connection__in={event.connection_id for event in events},
        external_id__in={event.external_id for event in events if event.external_id},
    )
    return {
        (kind, external_id): status.casefold()
        for kind, external_id, status in rows.values_list("kind", "external_id", "status")
    }


def _kinds_unseen(events: list[Event]) -> dict[str, bool]:
    """Kinds of reported records that no list has shown yet."""
    there = _statuses(events)
    return {
        event.kind: True
        for event in events
        if event.kind and event.external_id and (event.kind, event.external_id) not in there
    }


def _are_connected(sides: Sides) -> bool:
    usable_state = ConnectionState.CONNECTED
    return sides.source.state == usable_state and sides.target.state == usable_state


def _known(events: list[Event]) -> set[int]:
    """Events about records whose stored snapshot is as new as the event. Replayed ones are looked at in any case."""
    told = [event for event in events if event.external_id and event.occurred_at and not event.replays]
    wanted = Q(pk__in=[])
    for connection, kind in {(event.connection_id, event.kind) for event in told}:
        ids = [e.external_id for e in told if (e.connection_id, e.kind) == (connection, kind)]
        wanted |= Q(connection=connection, kind=kind, external_id__in=ids)
    stamps = (
        {
            (connection, kind, external_id): stamp
            for connection, kind, external_id, stamp in Snapshot.objects.filter(
                wanted, gone_at=None
            ).values_list("connection_id", "kind", "external_id", "source_updated_at")
        }
        if told
        else {}
    )
    known = set()
    for event in told:
        stamp = stamps.get((event.connection_id, event.kind, event.external_id))
        if stamp is not None and event.occurred_at is not None and stamp >= event.occurred_at - TOLD_LATER:
            known.add(event.pk)
    return known
