"""What is too old to tell anything goes; what was written, and by what, stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sync.models import Budget, Change, Event, EventState, Run
from sync.tidying import tidy
from tests.sync.rows import Books, make_books, make_change, make_run

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def books() -> Books:
    return make_books()


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


def test_a_second_time_finds_nothing(books: Books) -> None:
    event(books, "old", days=91)
    Budget.objects.create(
        practice=books.practice, connection=books.target, day=(NOW - timedelta(days=401)).date()
    )
    assert tidy(NOW) == {"events": 1, "runs": 0, "alerts": 0, "incidents": 0, "budgets": 1}
    assert not any(tidy(NOW).values())
