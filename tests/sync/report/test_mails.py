"""Mails of saved views: due once, sent once, to members only, and a broken mail server loses none."""

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from practices.models import AuditEntry, Membership, Role, User
from sync import tasks
from sync.models import (
    Cadence,
    CompareState,
    Mismatch,
    ReconcileRun,
    ReportFormat,
    ReportMail,
    ReportSchedule,
    Scope,
)
from sync.report import mailing, saved, schedules
from tests.sync.receiver import MailHost
from tests.sync.rows import Books, make_books

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # noon of a Tuesday in Sydney
DUE = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)  # six on Wednesday morning


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def books(clock: Any) -> Books:
    return make_books(name="Harbour Lane", slug="harbour")


@pytest.fixture
def maker(books: Books) -> User:
    return books.member(Role.STAFF)


def make_open(books: Books, number: int, amount: str = "110.00", **extra: Any) -> Mismatch:
    made: Mismatch = Mismatch.objects.create(
        practice=books.practice,
        fingerprint=f"{number:064}",
        kind="invoice_missing",
        about="invoice",
        text="Xero has no such invoice.",
        client=f"Client {number}",
        document=f"INV-{number}",
        at_stake=Decimal(amount),
        currency="AUD",
        **extra,
    )
    return made


def schedule(books: Books, maker: User, *people: User, query: str = "", **values: Any) -> ReportSchedule:
    view = saved.save(books.practice, maker, name="Missing", query=query, is_shared=True)
    wanted = {
        "view": view,
        "cadence": Cadence.DAILY,
        "hour": 6,
        "weekday": 0,
        "monthday": 1,
        "format": "xlsx",
    }
    return schedules.save(books.practice, maker, people=people or [maker], values={**wanted, **values})


def due(clock: Any, moment: datetime = DUE) -> None:
    clock.move_to(moment)
    tasks.mail_reports()


def to() -> list[str]:
    return sorted(one.to[0] for one in mail.outbox)


def test_a_view_is_mailed_when_it_is_due_with_its_sums_and_every_row(
    books: Books, maker: User, clock: Any, settings: Any
) -> None:
    settings.BASE_URL = "https://sync.example.com"
    make_open(books, 1, "110.00")
    make_open(books, 2, "1000.50")
    Mismatch.objects.create(
        practice=books.practice, fingerprint="x" * 64, kind="contact_email", about="contact", text="Other"
    )
    schedule(books, maker, query="kind=invoice_missing")
    due(clock, DUE - timedelta(seconds=1))
    assert mail.outbox == []
    due(clock)
    (sent,) = mail.outbox
    assert sent.subject == "Harbour Lane: 2 differences, $1,110.50 at stake (Missing)"
    body = str(sent.body)
    assert "https://sync.example.com/p/harbour/reconciliation/?kind=invoice_missing" in body
    assert body.index("Client 2") < body.index("Client 1"), "the largest first"
    assert "since the last mail" not in body, "there was none"
    name, content, kind = sent.attachments[0]
    assert (name, kind) == ("harbour-lane-missing-2026-11-25.xlsx", mailing.TYPES[ReportFormat.XLSX])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert {row[3].value for row in sheet.iter_rows(min_row=2, max_row=3)} == {"Client 1", "Client 2"}
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    due(clock, DUE + timedelta(minutes=5))
    assert len(mail.outbox) == 1, "once for each time"


def test_the_next_mail_says_what_is_new_and_an_empty_view_says_so(
    books: Books, maker: User, clock: Any
) -> None:
    make_open(books, 1, first_seen_at=NOW)
    schedule(books, maker, format="csv")
    due(clock)
    make_open(books, 2, first_seen_at=DUE + timedelta(hours=1))
    due(clock, DUE + timedelta(days=1))
    assert "1 new since the last mail." in str(mail.outbox[1].body)
    assert mail.outbox[1].attachments[0][0].endswith(".csv")
    content = mail.outbox[1].attachments[0][1]
    assert "Client 2" in (content if isinstance(content, str) else content.decode())
    Mismatch.objects.all().delete()
    due(clock, DUE + timedelta(days=2))
    assert mail.outbox[2].subject == "Harbour Lane: no differences (Missing)"
    assert "There is no difference in this view." in str(mail.outbox[2].body)


def test_a_filter_that_means_nothing_any_more_is_said_to_be_left_out(
    books: Books, maker: User, clock: Any
) -> None:
    make_open(books, 1)
    schedule(books, maker, query="kind=was_renamed")
    due(clock)
    assert "means nothing any more and was left out" in str(mail.outbox[0].body)


def test_what_was_missed_is_mailed_once(books: Books, maker: User, clock: Any) -> None:
    made = schedule(books, maker)
    due(clock, DUE + timedelta(days=6, hours=3))
    assert len(mail.outbox) == 1
    made.refresh_from_db()
    assert made.next_at == DUE + timedelta(days=7)


def test_only_members_get_it(books: Books, maker: User, clock: Any) -> None:
    stays, left, asleep = (books.member(Role.VIEWER) for _ in range(3))
    late = books.member(Role.VIEWER)
    schedule(books, maker, stays, left, asleep, late)
    Membership.objects.filter(user=left).delete()
    User.objects.filter(pk=asleep.pk).update(is_active=False)
    clock.move_to(DUE)
    assert schedules.queue_due(DUE) == 2
    Membership.objects.filter(user=late).delete()
    mailing.send_due()
    assert to() == [stays.email]
    row = ReportMail.objects.get(to=late)
    assert (row.sent_at, row.message) == (None, mailing.NOT_A_MEMBER)


@pytest.mark.parametrize("role", [None, Role.VIEWER])
def test_when_who_set_it_up_may_not_see_it_any_more_nothing_is_sent(
    books: Books, maker: User, clock: Any, role: str | None
) -> None:
    schedule(books, maker, books.member(Role.STAFF))
    if role is None:
        Membership.objects.filter(user=maker).delete()
    else:
        Membership.objects.filter(user=maker).update(role=role)
    due(clock)
    assert mail.outbox == []
    assert ReportMail.objects.get().message == mailing.MAKER_LEFT
    page = Client()
    page.force_login(books.member(Role.STAFF))
    assert mailing.MAKER_LEFT.encode() in page.get(books.url("reconciliation/views/")).content


def test_it_waits_for_the_comparison_in_progress_but_not_for_ever(
    books: Books, maker: User, clock: Any
) -> None:
    schedule(books, maker)
    run = ReconcileRun.objects.create(
        practice=books.practice, trigger="schedule", scope=Scope.FULL, state=CompareState.RUNNING
    )
    due(clock)
    assert mail.outbox == []
    ReconcileRun.objects.filter(pk=run.pk).update(state=CompareState.DONE)
    due(clock, DUE + timedelta(minutes=2))
    assert len(mail.outbox) == 1
    ReconcileRun.objects.filter(pk=run.pk).update(state=CompareState.WAITING)
    due(clock, DUE + timedelta(days=1, minutes=59))
    assert len(mail.outbox) == 1
    due(clock, DUE + timedelta(days=1, minutes=60))
    assert len(mail.outbox) == 2


def test_a_mail_server_that_is_away_makes_it_late_and_then_it_is_given_up(
    books: Books, maker: User, clock: Any, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    schedule(books, maker, cadence=Cadence.MONTHLY, monthday=25)
    due(clock)
    row = ReportMail.objects.get()
    assert (row.attempts, row.not_before) == (1, DUE + timedelta(minutes=1))
    due(clock, DUE + timedelta(seconds=30))
    assert ReportMail.objects.get().attempts == 1, "not before its time"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    due(clock, DUE + timedelta(minutes=2))
    assert to() == [maker.email]
    ReportMail.objects.update(sent_at=None)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    due(clock, DUE + timedelta(days=3))
    row = ReportMail.objects.get()
    assert (row.given_up_at, row.message) == (DUE + timedelta(days=3), mailing.NOT_TAKEN)
    assert AuditEntry.objects.filter(action="report.not_sent").count() == 1
    due(clock, DUE + timedelta(days=4))
    assert ReportMail.objects.get().given_up_at == DUE + timedelta(days=3)


def test_an_address_that_is_refused_for_good_keeps_it_from_nobody_else(
    books: Books, maker: User, clock: Any, post_office: MailHost
) -> None:
    bad, good = books.member(Role.STAFF), books.member(Role.STAFF)
    post_office.refuses.add(bad.email)
    schedule(books, maker, bad, good)
    due(clock)
    assert ReportMail.objects.get(to=good).sent_at == DUE
    assert ReportMail.objects.get(to=bad).message == mailing.REFUSED


def test_a_sender_that_died_is_followed_by_another_with_the_same_message(
    books: Books, maker: User, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The worker is gone."""

    def die(*_: Any) -> None:
        raise Killed

    schedule(books, maker)
    with monkeypatch.context() as patched:
        patched.setattr(mailing, "_file", die)
        with pytest.raises(Killed):
            due(clock)
    due(clock, DUE + timedelta(minutes=1))
    assert mail.outbox == [], "the first may be at it still"
    due(clock, DUE + mailing.CLAIM_LASTS)
    ReportMail.objects.update(sent_at=None, claimed_at=None)
    due(clock, DUE + timedelta(hours=1))
    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_the_newer_one_takes_the_place_of_one_that_could_not_be_sent(
    books: Books, maker: User, clock: Any
) -> None:
    made = schedule(books, maker)
    schedules.queue_due(DUE)
    schedules.queue_due(DUE)
    assert ReportMail.objects.count() == 1
    due(clock, DUE + timedelta(days=1))
    assert len(mail.outbox) == 1
    assert ReportMail.objects.filter(schedule=made, message=schedules.SUPERSEDED).count() == 1


def test_mails_are_sent_outside_of_transactions(
    books: Books, maker: User, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    depths = []

    def seen(_: Any) -> None:
        depths.append(len(connection.savepoint_ids))

    schedule(books, maker)
    before = len(connection.savepoint_ids)
    monkeypatch.setattr(mailing, "_send", seen)
    due(clock)
    assert depths == [before]


def test_the_link_under_a_mail_ends_it_for_this_person_only(books: Books, maker: User, clock: Any) -> None:
    other = books.member(Role.STAFF)
    made = schedule(books, maker, maker, other)
    link = mailing.stop_url(made, maker).removeprefix("http://127.0.0.1:8000")
    anybody = Client(enforce_csrf_checks=True)
    assert b"No more of these mails?" in anybody.get(link).content
    assert made.chosen.count() == 2, "looking changes nothing"
    for _ in range(2):
        assert b"gets no more mails" in anybody.post(link, {"List-Unsubscribe": "One-Click"}).content
    assert [one.user for one in made.chosen.all()] == [other]
    assert AuditEntry.objects.filter(action="report.left").count() == 1
    assert anybody.get(f"{link[:-2]}x/").status_code == 404
    made.delete()
    assert anybody.get(link).status_code == 404


def test_its_queries_do_not_grow_with_what_is_in_it(books: Books, maker: User, clock: Any) -> None:
    schedule(books, maker)
    counts = []
    for day in range(3):
        for number in range(day * 10, day * 10 + 3 + day * 5):
            make_open(books, number)
        schedules.queue_due(DUE + timedelta(days=day))
        clock.move_to(DUE + timedelta(days=day))
        with CaptureQueriesContext(connection) as queries:
            assert mailing.send_due() == 1
        counts.append(len(queries))
    assert counts[1] == counts[2], "the first one asks nothing about an earlier one"
