"""What is too old to tell anything goes; what was written, and by what, stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sync.models import Budget, Change, CompareState, Event, EventState, ReconcileRun, Run, Scope
from sync.tidying import tidy
from tests.sync.rows import Books, make_change, make_run

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def event(books: Books, name: str, *, days: int, state: str = EventState.DONE) -> Event:
    made: Event = Event.objects.create(
        practice=books.practice,
        connection=books.source,
        provider_event_id=name,
        state=state,
        received_at=NOW - timedelta(days=days),
    )
    return made


def test_old_hints_go_and_waiting_ones_stay(books: Books) -> None:
    event(books, "old", days=91)
    event(books, "old and waiting", days=91, state=EventState.WAITING)
    event(books, "young", days=89)
    assert tidy(NOW)["events"] == 1
    assert set(Event.objects.values_list("provider_event_id", flat=True)) == {"old and waiting", "young"}


def test_runs_that_wrote_something_are_kept_for_good(books: Books) -> None:
    long_ago = NOW - timedelta(days=500)
    wrote, idle = (make_run(books, state="done", queued_at=long_ago) for _ in range(2))
    make_change(books, state="done", made_by=wrote)
    still_open = make_run(books, state="waiting", queued_at=long_ago)
    assert tidy(NOW)["runs"] == 1
    assert set(Run.objects.all()) == {wrote, still_open}
    assert not Run.objects.filter(pk=idle.pk).exists()
    assert Change.objects.count() == 1


def test_of_old_comparisons_the_last_of_each_day_is_kept_for_two_years(books: Books) -> None:
    def compared(days: int, *, scope: str = Scope.FULL, state: str = CompareState.DONE, hour: int = 3) -> int:
        at = (NOW - timedelta(days=days)).replace(hour=hour)
        made = ReconcileRun.objects.create(
            practice=books.practice, trigger="schedule", scope=scope, state=state, finished_at=at
        )
        return made.pk

    kept = {
        compared(29, scope=Scope.CHANGED),
        compared(29, state=CompareState.FAILED),
        compared(10),
        compared(10, hour=4),
        compared(800, state=CompareState.WAITING),
    }
    compared(60)
    kept.add(compared(60, hour=4))
    compared(60, hour=5, scope=Scope.CHANGED)
    compared(60, hour=6, state=CompareState.FAILED)
    compared(740)
    found = tidy(NOW)
    assert set(ReconcileRun.objects.values_list("pk", flat=True)) == kept
    assert (found["comparisons"], found["days"]) == (3, 1)


def test_a_second_time_finds_nothing(books: Books) -> None:
    event(books, "old", days=91)
    Budget.objects.create(
        practice=books.practice, connection=books.target, day=(NOW - timedelta(days=401)).date()
    )
    others = ("runs", "alerts", "incidents", "versions", "comparisons", "days", "report mails")
    assert tidy(NOW) == {**dict.fromkeys(others, 0), "events": 1, "budgets": 1}
    assert not any(tidy(NOW).values())
