"""Who may ask how the installation is, and what it answers when a part of it is missing."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from config import readiness
from config.management.commands.prepare_broker import install_pgmq
from config.pulses import WORKER
from sync import tasks
from sync.models import Alert, AlertEvent, Channel, ChannelKind, Delivery, Event, Pulse, Run, RunState
from tests.sync.rows import make_books, make_run

TOKEN = "a-token-for-those-who-watch"
ELSEWHERE: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.9"}
CHECKS = ["database", "migrations", "broker", "workers", "beat", "work"]


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", -1.0)


@pytest.fixture
def well(db: None) -> None:
    """Both queues have a worker, and the clock was just looked at."""
    Pulse.beat(f"{WORKER}here/1", queues=["live"], processes=1, busy=0)
    Pulse.beat(f"{WORKER}here/2", queues=["live", "sync"], processes=2, busy=0)
    Pulse.beat(readiness.BEAT)


def answer(client: Client, **extra: Any) -> tuple[int, dict[str, Any]]:
    response = client.get("/readyz", **extra)
    return response.status_code, response.json()


def trouble(name: str) -> str:
    """What is said to be wrong; everything else has to be well."""
    found = {one.name: one for one in readiness.look()}
    assert list(found) == CHECKS
    assert [one.name for one in found.values() if not one.ok] == [name]
    return found[name].text


def late(**extra: Any) -> Any:
    return timezone.now() - readiness.LATE_AFTER - timedelta(**extra)


# --- /healthz ---------------------------------------------------------------------------------------------


def test_alive_needs_no_database_no_cookie_and_no_known_host(client: Client) -> None:
    """Without the mark for the database any query would fail this test."""
    response = client.get("/healthz", headers={"host": "10.0.0.7:8000"})
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert not response.cookies
    assert response["Cache-Control"] == "no-store"
    assert "Vary" not in response


def test_alive_is_not_sent_on_to_https(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/accounts/login/").status_code == 301


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_nothing_is_sent_there(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405


def test_other_addresses_still_need_a_known_host(client: Client) -> None:
    assert client.get("/", headers={"host": "10.0.0.7:8000"}).status_code == 400


# --- who may see why --------------------------------------------------------------------------------------


def test_this_machine_sees_the_reasons(client: Client, well: None) -> None:
    status, body = answer(client)
    assert (status, body["ready"]) == (200, True)
    assert list(body["checks"]) == CHECKS
    assert all(check["ok"] for check in body["checks"].values())


@pytest.mark.parametrize(
    "extra",
    [
        ELSEWHERE,
        {**ELSEWHERE, "HTTP_AUTHORIZATION": "Bearer wrong"},
        {**ELSEWHERE, "HTTP_AUTHORIZATION": "Bearer "},
        {"HTTP_X_FORWARDED_FOR": "203.0.113.9"},
        {"HTTP_FORWARDED": "for=203.0.113.9"},
        {"HTTP_X_REAL_IP": "203.0.113.9"},
        {"HTTP_VIA": "1.1 proxy"},
        {"REMOTE_ADDR": ""},
        {**ELSEWHERE, "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
    ],
)
@pytest.mark.parametrize("token", ["", TOKEN])
def test_everybody_else_only_whether(
    client: Client, well: None, settings: Any, extra: dict[str, Any], token: str
) -> None:
    """A proxy on this machine makes the whole world look local."""
    settings.METRICS_TOKEN = token
    assert answer(client, **extra) == (200, {"ready": True})
    assert client.get("/metrics", **extra).status_code == 404


def test_the_token_opens_from_anywhere(client: Client, well: None, settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN
    extra = {**ELSEWHERE, "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}
    assert list(answer(client, **extra)[1]["checks"]) == CHECKS
    assert client.get("/metrics", **extra).status_code == 200


def test_whoever_may_not_see_the_measures_gets_the_ordinary_page(client: Client, db: None) -> None:
    hidden, missing = (client.get(address, **ELSEWHERE) for address in ("/metrics", "/no-such-page"))
    assert hidden.status_code == missing.status_code == 404
    assert hidden.content == missing.content


def test_many_askers_cost_one_look(
    client: Client,
    well: None,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 60.0)
    monkeypatch.setattr(readiness, "_last", (float("-inf"), []))
    client.get("/readyz")
    with django_assert_num_queries(0):
        assert answer(client, **ELSEWHERE)[0] == 200
    monkeypatch.setattr(readiness, "_last", (float("-inf"), []))


# --- what can be wrong ------------------------------------------------------------------------------------


def test_nothing_runs(client: Client, db: None, caplog: pytest.LogCaptureFixture) -> None:
    """Being asked every few seconds while something is wrong fills no log."""
    status, body = answer(client)
    assert not caplog.records
    assert (status, body["ready"]) == (503, False)
    assert "No worker" in body["checks"]["workers"]["text"]
    assert "beat" in body["checks"]["beat"]["text"]


def test_a_migration_is_missing(well: None) -> None:
    newest = MigrationRecorder(connection).migration_qs.filter(app="sync").latest("pk")
    newest.delete()
    assert "manage.py prepare" in trouble("migrations")


def test_workers_fell_silent(well: None) -> None:
    Pulse.objects.filter(name__startswith=WORKER).update(at=timezone.now() - timedelta(minutes=4))
    assert "No worker has reported for 4 minutes" in trouble("workers")


def test_one_queue_has_no_worker(well: None) -> None:
    Pulse.objects.filter(name=f"{WORKER}here/2").delete()
    assert trouble("workers") == "No worker listens to the queue sync."


def test_the_clock_stands_still(well: None) -> None:
    Pulse.objects.filter(name=readiness.BEAT).update(at=timezone.now() - timedelta(hours=2))
    assert "2 hours ago" in trouble("beat")


def test_looking_at_the_clock_leaves_a_sign(db: None) -> None:
    tasks.look_round()
    assert Pulse.objects.get(name=readiness.BEAT).age(timezone.now()) < timedelta(seconds=10)


def test_a_run_is_due_and_nobody_takes_it(well: None) -> None:
    run = make_run(make_books(), queued_at=late())
    assert "too few workers" in trouble("work")
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() + timedelta(minutes=1))
    assert all(one.ok for one in readiness.look())


@pytest.mark.parametrize("state", [RunState.DONE, RunState.FAILED, RunState.INCOMPLETE])
def test_a_run_that_ended_is_not_due(well: None, state: str) -> None:
    make_run(make_books(), queued_at=late(), state=state)
    assert all(one.ok for one in readiness.look())


def test_a_run_that_was_told_to_wait_is_not_due(well: None) -> None:
    soon = timezone.now() + timedelta(minutes=30)
    make_run(make_books(), queued_at=late(), state=RunState.WAITING, resumes_at=soon)
    assert all(one.ok for one in readiness.look())


def test_a_dead_workers_run_is_due_since_its_hold_ran_out(well: None) -> None:
    books = make_books()
    run = make_run(books, queued_at=late(hours=5), state=RunState.RUNNING, lease_until=timezone.now())
    assert all(one.ok for one in readiness.look())
    Run.objects.filter(pk=run.pk).update(lease_until=late())
    assert "10 minutes" in trouble("work")


def test_a_reported_change_that_no_run_will_look_at(well: None) -> None:
    books = make_books()
    Event.objects.create(
        practice=books.practice, connection=books.target, provider_event_id="1", received_at=late()
    )
    assert "too few workers" in trouble("work")
    books.target.state = "needs_reconnect"
    books.target.save(update_fields=["state"])
    assert all(one.ok for one in readiness.look())


def test_an_alert_that_is_not_sent(well: None) -> None:
    books = make_books()
    channel = Channel.objects.create(
        practice=books.practice, kind=ChannelKind.EMAIL, name="Mail", address={"to": "a@example.com"}
    )
    alert = Alert.objects.create(
        practice=books.practice, event=AlertEvent.TEST, title="Test", created_at=late()
    )
    Delivery.objects.create(practice=books.practice, alert=alert, channel=channel)
    assert "too few workers" in trouble("work")
    Channel.objects.update(is_on=False)
    assert all(one.ok for one in readiness.look())


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_the_broker_is_away(
    well: None, scheme: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An address where nothing listens."""
    monkeypatch.setenv("CELERY_BROKER_URL", f"{scheme}://user:secret-word@127.0.0.1:9/0")
    assert "broker does not answer" in trouble("broker")
    assert "secret-word" not in capsys.readouterr().err


def test_the_queue_in_the_database_is_there_or_not(well: None, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "pgmq://our-database"
    with connection.cursor() as cursor:  # a test before this one may have made it for good
        cursor.execute("DROP SCHEMA IF EXISTS pgmq CASCADE")
    assert "manage.py prepare" in trouble("broker")
    install_pgmq()
    assert all(one.ok for one in readiness.look())


@pytest.mark.django_db(transaction=True)
def test_the_database_is_away(client: Client, settings: Any) -> None:
    """Every other question that needs it is not even asked; the page itself still answers."""
    kept = connection.settings_dict["PORT"], connection.settings_dict["HOST"]
    options = dict(connection.settings_dict["OPTIONS"])
    connection.close()
    connection.settings_dict["OPTIONS"].pop("host", None)
    connection.settings_dict.update(HOST="127.0.0.1", PORT="9")
    try:
        status, body = answer(client)
        alive = client.get("/healthz")
        measures = client.get("/metrics").content.decode()
    finally:
        connection.close()
        connection.settings_dict.update(PORT=kept[0], HOST=kept[1], OPTIONS=options)
    assert status == 503
    assert body["checks"]["database"]["text"] == "The database does not answer."
    assert "Not known" in body["checks"]["work"]["text"]
    assert str(django_settings.DATABASES["default"]["USER"]) not in str(body)
    assert alive.status_code == 200
    assert "practice_sync_database_up 0.0" in measures
