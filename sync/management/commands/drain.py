import json
import sys
import time
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from practices.models import Connection, ConnectionState, Practice
from sync import lanes, live, runs, urgent
from sync.flows import is_connected
from sync.models import (
    OPEN_RUN_STATES,
    Change,
    ChangeState,
    CompareState,
    Event,
    EventState,
    Mode,
    Purpose,
    ReconcileRun,
    Run,
    RunState,
    Trigger,
)
from sync.reconcile import running as comparing

SHORT = timedelta(seconds=5)
"""A run that rests no longer than this made way for another worker, and is waited for."""

BAR = 30


class Command(BaseCommand):
    help = (
        "Work here whatever is due of a practice now: reported changes, open runs, records waiting to be sent, "
        "comparisons that were asked for. Ends when nothing is due any more; what waits for later stays. Exits with 1 "
        "when a run failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("practice", help="the practice's slug")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        practice = Practice.objects.filter(slug=options["practice"]).first()
        if practice is None:
            raise CommandError(f"There is no practice “{options['practice']}”.")
        if not is_connected(practice):
            raise CommandError(
                f"{practice.name} is not connected to both systems. Connect or reconnect it first."
            )
        drain = Drain(practice)
        shows = not options["json"] and self.stderr.isatty()
        total = drain.left()
        while drain.step():
            if shows:
                self._show(total, drain.left())
        if shows:
            self.stderr.write("")
        result = drain.result()
        if options["json"]:
            self.stdout.write(json.dumps(result))
        else:
            self._say(result)
        if not result["ok"]:
            sys.exit(1)

    def _show(self, total: int, left: int) -> None:
        done = max(total - left, 0)
        filled = BAR if not total else min(BAR * done // total, BAR)
        bar = f"{'#' * filled}{'.' * (BAR - filled)}"
        self.stderr.write(f"\r[{bar}] {done} of {max(total, left)} ", ending="")

    def _say(self, result: dict[str, Any]) -> None:
        events, changes = result["events"], result["changes"]
        self.stdout.write(f"Reported changes: {events['looked_at']} looked at, {events['left']} left.")
        self.stdout.write(
            f"Records: {changes['written']} written, {changes['left']} left to send, {changes['parked']} parked."
        )
        for run in result["runs"]:
            self.stdout.write(f"Run {run['run']}: {run['state']}. {run['message']}".strip())
        if result["comparisons"]:
            self.stdout.write(f"Comparisons: {len(result['comparisons'])} made.")
        if result["next_due_at"]:
            self.stdout.write(f"The next is due at {result['next_due_at']}.")


class Drain:
    """What is due of one practice, worked one slice at a time."""

    def __init__(self, practice: Practice) -> None:
        self.practice = practice
        self.began_at = timezone.now()
        self._clock = time.monotonic()
        self._worked: set[int] = set()
        self._compared: list[int] = []
        self._asked_for_changes = False

    def step(self) -> bool:
        """Do the next thing; ``False`` when nothing is due now."""
        now = timezone.now()
        due = runs.due_runs().filter(practice=self.practice)
        run = due.filter(purpose=Purpose.LIVE).first() or due.first()
        if run is not None:
            self._worked.add(run.pk)
            after = runs.advance(run.pk)
            # What failed would fail again at once: that is for whoever reads the message.
            return after is None or after.state != RunState.FAILED
        if self._rests_shortly(now):
            lanes.free_the_dead(self._open(), Connection.objects.filter(practice=self.practice))
            time.sleep(0.05)
            return True
        if self._due_events(now).exists() and not self._open().filter(purpose=Purpose.LIVE).exists():
            live.wake(self.practice.pk)
            return True
        if self._due_changes(now).exists() and not self._asked_for_changes:
            # Once: what one run leaves, another one would leave too.
            self._asked_for_changes = True
            runs.start(self.practice, trigger=Trigger.COMMAND, reads=False, wake=False)
            return True
        asked = comparing.ready(now).filter(practice=self.practice).exclude(pk__in=self._compared)
        comparison = asked.order_by("pk").values_list("pk", flat=True).first()
        if comparison is not None:
            self._compared.append(comparison)
            comparing.work(comparison)
            return True
        return False

    def left(self) -> int:
        now = timezone.now()
        return int(self._due_events(now).count() + self._due_changes(now).count())

    def result(self) -> dict[str, Any]:
        changes = Change.objects.filter(practice=self.practice)
        handled = Event.objects.filter(practice=self.practice, handled_at__gte=self.began_at)
        worked = list(Run.objects.filter(pk__in=self._worked).order_by("pk"))
        due = self._next_due()
        return {
            "practice": self.practice.slug,
            "ok": not any(run.state == RunState.FAILED for run in worked),
            "runs": [{"run": run.pk, "state": run.state, "message": run.message} for run in worked],
            "events": {"looked_at": handled.count(), "left": self._waiting().count()},
            "changes": {
                "written": changes.filter(state=ChangeState.DONE, done_at__gte=self.began_at).count(),
                "left": changes.filter(state__in=[ChangeState.PENDING, ChangeState.IN_FLIGHT]).count(),
                "parked": changes.filter(state=ChangeState.PARKED).count(),
            },
            "comparisons": list(
                ReconcileRun.objects.filter(pk__in=self._compared, state=CompareState.DONE)
                .order_by("pk")
                .values_list("pk", flat=True)
            ),
            "next_due_at": due.isoformat() if due else None,
            "seconds": round(time.monotonic() - self._clock, 3),
        }

    def _rests_shortly(self, now: datetime) -> bool:
        """Whether an open run is worked by somebody else right now, or made way for a moment."""
        rows = self._open()
        return bool(
            rows.filter(lease_until__gt=now).exists()
            or rows.filter(resumes_at__gt=now, resumes_at__lte=now + SHORT).exists()
        )

    def _next_due(self) -> datetime | None:
        moments = [
            *self._open().exclude(resumes_at=None).values_list("resumes_at", flat=True),
            *Change.objects.filter(practice=self.practice, state=ChangeState.PENDING)
            .exclude(not_before=None)
            .order_by("not_before")
            .values_list("not_before", flat=True)[:1],
            *(
                at + urgent.COLLECTED
                for at in self._waiting().order_by("pk").values_list("received_at", flat=True)[:1]
            ),
        ]
        return min(moments, default=None)

    def _open(self) -> Any:
        return Run.objects.filter(practice=self.practice, state__in=OPEN_RUN_STATES)

    def _waiting(self) -> Any:
        return Event.objects.filter(practice=self.practice, state=EventState.WAITING)

    def _due_events(self, now: datetime) -> Any:
        """What a target reports is collected for a while first."""
        return urgent.waiting(now).filter(practice=self.practice)

    def _due_changes(self, now: datetime) -> Any:
        usable = Connection.objects.filter(practice=self.practice, state=ConnectionState.CONNECTED)
        due = Change.objects.due(now).filter(practice=self.practice, connection__in=usable)
        return due.exclude(flow__mode=Mode.WATCH)
