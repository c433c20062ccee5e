"""What is due stands in rows: a beat that was away has missed nothing, and what it sends late is worth nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from config import broker
from config.celery import app
from sync import tasks as sync_tasks
from sync.models import Run, RunState
from tests.sync.rows import make_books, make_run


@pytest.mark.django_db
def test_after_an_hour_without_beat_each_practice_gets_one_run(settings: Any) -> None:
    settings.NUDGE_WORKERS = False
    an_hour_ago = timezone.now() - timedelta(minutes=75)
    practices = [make_books() for _ in range(3)]
    for books in practices:
        make_run(books, state=RunState.DONE, queued_at=an_hour_ago, finished_at=an_hour_ago)
    for _ in range(6):  # beat is back, and catches up as fast as it can
        sync_tasks.look_round()
        sync_tasks.wake()
    queued = Run.objects.exclude(state=RunState.DONE)
    assert sorted(queued.values_list("practice", flat=True)) == sorted(
        books.practice.pk for books in practices
    )


def test_beats_that_nobody_took_are_worth_nothing_later() -> None:
    """Workers that were away for an hour find no hour's worth of messages to go through."""
    for name, entry in app.conf.beat_schedule.items():
        expires = entry["options"]["expires"]
        assert entry["schedule"] <= expires <= 3 * entry["schedule"], name


def test_looking_at_the_clock_never_waits_behind_long_work() -> None:
    for task in ("sync.tasks.wake", "sync.tasks.look_round", "config.tasks.heartbeat"):
        assert app.amqp.router.route({}, task)["queue"].name == broker.LIVE
    assert app.amqp.router.route({}, "sync.tasks.advance_run")["queue"].name == broker.SYNC
    assert [queue.name for queue in django_settings.CELERY_TASK_QUEUES] == [broker.LIVE, broker.SYNC]


def test_a_message_reaches_one_queue_only() -> None:
    """Two queues behind one exchange and key would each get a copy."""
    ways = {(queue.exchange.name, queue.routing_key) for queue in broker.queues()}
    assert len(ways) == 2


def test_a_slip_in_a_queues_name_is_an_error_not_a_queue() -> None:
    with pytest.raises(Exception, match="lvie"):
        app.send_task("sync.tasks.wake", queue="lvie")
