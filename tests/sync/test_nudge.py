"""When a worker is woken for a run: at once, at the moment it waits for, or by the beat."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from sync import nudge, runs, tasks
from sync.models import Purpose, Run, RunState, Trigger
from tests.make import make_practice

pytestmark = pytest.mark.django_db


class Sent(list[tuple[str, datetime | None]]):
    """Messages as (queue, moment)."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Sent:
    """What leaves, at once: as where no transaction is open."""
    settings.NUDGE_WORKERS = True
    messages = Sent()

    def send_task(name: str, *, queue: str, eta: datetime | None, **rest: Any) -> None:
        assert name == nudge.ADVANCE
        messages.append((queue, eta))

    monkeypatch.setattr("sync.nudge.current_app.send_task", send_task)
    monkeypatch.setattr("sync.nudge.transaction.on_commit", lambda act: act())
    return messages


def make_run(*, purpose: str = Purpose.LIVE, wait: float | None = None, **extra: Any) -> Run:
    resumes_at = None if wait is None else timezone.now() + timedelta(seconds=wait)
    run: Run = Run.objects.create(
        practice=make_practice(),
        purpose=purpose,
        trigger=Trigger.EVENT,
        state=RunState.WAITING,
        resumes_at=resumes_at,
        **extra,
    )
    return run


def advance(monkeypatch: pytest.MonkeyPatch, run: Run | None) -> None:
    """The task, after a slice that left the run like this."""
    monkeypatch.setattr(runs, "advance", lambda pk: run)
    tasks.advance_run(run.pk if run else 1)


class TestHandingOn:
    def test_a_live_run_that_waits_for_a_moment_is_woken_at_that_moment(
        self, monkeypatch: pytest.MonkeyPatch, sent: Sent
    ) -> None:
        run = make_run(wait=1.2)
        advance(monkeypatch, run)
        assert sent == [(nudge.LIVE_QUEUE, run.resumes_at)]

    def test_a_long_wait_is_left_to_the_beat(self, monkeypatch: pytest.MonkeyPatch, sent: Sent) -> None:
        advance(monkeypatch, make_run(wait=nudge.SOON.total_seconds() + 5))
        assert sent == []

    def test_a_regular_run_has_time(self, monkeypatch: pytest.MonkeyPatch, sent: Sent) -> None:
        advance(monkeypatch, make_run(wait=1.2, purpose=Purpose.POLL))
        assert sent == []

    @pytest.mark.parametrize("purpose", [Purpose.LIVE, Purpose.POLL])
    def test_what_is_due_goes_on_at_once(
        self, monkeypatch: pytest.MonkeyPatch, sent: Sent, purpose: str
    ) -> None:
        run = make_run(wait=-1, purpose=purpose)
        advance(monkeypatch, run)
        assert sent == [(nudge.queue_of(purpose), None)]

    def test_what_another_worker_holds_is_not_announced_again_and_again(
        self, monkeypatch: pytest.MonkeyPatch, sent: Sent
    ) -> None:
        until = timezone.now() + timedelta(seconds=30)
        advance(monkeypatch, make_run(wait=-1, lease_token=uuid.uuid4(), lease_until=until))
        assert sent == []

    def test_what_a_dead_worker_held_is(self, monkeypatch: pytest.MonkeyPatch, sent: Sent) -> None:
        until = timezone.now() - timedelta(seconds=1)
        advance(monkeypatch, make_run(wait=-1, lease_token=uuid.uuid4(), lease_until=until))
        assert len(sent) == 1

    def test_a_run_that_is_over_or_gone_is_left_alone(
        self, monkeypatch: pytest.MonkeyPatch, sent: Sent
    ) -> None:
        over = make_run()
        over.state = RunState.DONE
        advance(monkeypatch, over)
        advance(monkeypatch, None)
        assert sent == []

    def test_a_broker_that_is_away_stops_nothing(self, monkeypatch: pytest.MonkeyPatch, sent: Sent) -> None:
        def away(*args: Any, **rest: Any) -> None:
            raise ConnectionError

        monkeypatch.setattr("sync.nudge.current_app.send_task", away)
        advance(monkeypatch, make_run(wait=1.2))


def test_nobody_is_woken_where_that_is_switched_off(sent: Sent, settings: Any) -> None:
    settings.NUDGE_WORKERS = False
    nudge.after_commit(make_run())
    nudge.when_it_resumes(make_run(wait=1))
    assert sent == []
