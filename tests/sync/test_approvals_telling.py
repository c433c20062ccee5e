"""Mails about approvals: to whom, how often, and that a broken mail server loses none."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from practices.models import Membership, Role, User
from sync import tasks
from sync.approvals import deciding, telling
from sync.models import Approval, ApprovalState, ChannelKind, Mode, Notice, Told
from tests.sync import rows
from tests.sync.alerting import make_channel
from tests.sync.approving import make_request
from tests.sync.receiver import MailHost
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # noon of a Tuesday in Sydney
QUARTER = timedelta(minutes=15)


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def books(clock: Any) -> Books:
    return rows.make_books(Mode.TAKE_OVER, name="Harbour Lane", slug="harbour")


@pytest.fixture
def asker(books: Books) -> User:
    return books.member(Role.ADMIN)


@pytest.fixture
def approver(books: Books) -> User:
    return books.member(Role.STAFF)


def told() -> list[str]:
    return sorted(one.to[0] for one in mail.outbox)


def make_notice(books: Books, text: str = "Look at it.") -> Notice:
    change = rows.make_change(books)
    return Notice.objects.create(
        practice=books.practice, change=change, rule_key="r9", rule_name="Watchful", text=text
    )


def test_everybody_who_may_approve_gets_one_mail(
    books: Books, asker: User, approver: User, settings: Any
) -> None:
    settings.BASE_URL = "https://sync.example.com"
    owner = books.member(Role.OWNER)
    books.member(Role.VIEWER)
    gone = books.member(Role.STAFF)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    for amount in ("8000", "250"):
        make_request(books, asker, of={"amount": Decimal(amount), "title": f"INV {amount}"})
    assert telling.tell_due() == 2
    assert telling.tell_due() == 0
    assert told() == sorted([owner.email, approver.email])
    first = mail.outbox[0]
    assert first.subject == "Harbour Lane: 2 changes wait for your approval · $8,250.00"
    for words in (
        "Create invoice: INV 8000, $8,000.00",
        "Large: More than 5,000.",
        f"Asked by {asker}.",
        "https://sync.example.com/p/harbour/approvals/",
    ):
        assert words in first.body, words
    assert first.body.index("INV 8000") < first.body.index("INV 250")
    assert first.extra_headers["Auto-Submitted"] == "auto-generated"
    html = next(part.content for part in getattr(first, "alternatives", []) if part.mimetype == "text/html")
    assert "INV 8000" in html


def test_one_mail_in_a_quarter_of_an_hour(books: Books, asker: User, approver: User, clock: Any) -> None:
    make_request(books, asker)
    telling.tell_due()
    for _ in range(3):
        clock.shift(timedelta(minutes=4))
        make_request(books, asker)
        assert telling.tell_due() == 0
    clock.shift(timedelta(minutes=3))
    assert telling.tell_due() == 1
    assert mail.outbox[-1].subject.startswith("Harbour Lane: 3 changes wait")
    clock.shift(QUARTER)
    assert telling.tell_due() == 0


def test_what_was_decided_meanwhile_is_left_out(
    books: Books, asker: User, approver: User, clock: Any
) -> None:
    make_request(books, asker)
    telling.tell_due()
    decided, kept = make_request(books, asker), make_request(books, asker, of={"title": "Kept"})
    assert telling.tell_due() == 0
    deciding.approve([decided.pk], books.practice, approver)
    clock.shift(QUARTER)
    assert telling.tell_due() == 1
    assert "Kept" in mail.outbox[-1].body
    later = make_request(books, asker)
    assert telling.tell_due() == 0
    deciding.approve([later.pk, kept.pk], books.practice, approver)
    clock.shift(QUARTER)
    assert telling.tell_due() == 0
    assert len(mail.outbox) == 2


def test_many_are_not_all_listed(books: Books, asker: User, approver: User) -> None:
    for number in range(23):
        make_request(books, asker, of={"title": f"INV {number:02}"})
    telling.tell_due()
    (one,) = mail.outbox
    assert one.body.count("Create invoice") == 20
    assert "And 3 more." in one.body
    assert "23 changes wait for your approval: $2,530.00" in one.body


def test_what_rules_say_goes_to_owners_and_admins(books: Books, asker: User, approver: User) -> None:
    owner = books.member(Role.OWNER)
    make_notice(books, "A new client of a new sort.")
    assert telling.tell_due() == 2
    assert told() == sorted([asker.email, owner.email])
    assert mail.outbox[0].subject == "Harbour Lane: a rule has something to say"
    assert "A new client of a new sort. (Watchful)" in mail.outbox[0].body
    assert telling.tell_due() == 0


def test_somebody_new_hears_of_what_waits_and_not_of_old_notices(
    books: Books, asker: User, approver: User, clock: Any
) -> None:
    make_notice(books, "Long ago.")
    make_request(books, asker, of={"title": "Old one"})
    telling.tell_due()
    mail.outbox.clear()
    newcomer = books.member(Role.ADMIN)
    clock.shift(QUARTER)
    make_request(books, approver, of={"title": "New one"})
    telling.tell_due()
    (theirs,) = [one for one in mail.outbox if one.to == [newcomer.email]]
    assert "Old one" in theirs.body
    assert "New one" in theirs.body
    assert "Long ago" not in theirs.body
    assert approver.email not in told()


def test_a_mail_server_that_hangs_up_loses_and_doubles_nothing(
    books: Books, asker: User, post_office: MailHost, clock: Any
) -> None:
    people = [books.member(Role.STAFF).email for _ in range(3)]
    make_request(books, asker)
    post_office.hangs_up_after = 1
    telling.tell_due()
    post_office.hangs_up_after = None
    assert len(post_office.mails) == 1
    for _ in range(3):
        clock.shift(timedelta(minutes=6))
        telling.tell_due()
    assert [len(post_office.to(email)) for email in people] == [1, 1, 1]


def test_a_refused_address_does_not_keep_the_others_from_it(
    books: Books, asker: User, post_office: MailHost
) -> None:
    bad, good = books.member(Role.STAFF).email, books.member(Role.STAFF).email
    post_office.refuses = {bad}
    make_request(books, asker)
    telling.tell_due()
    assert [email for email, _ in post_office.mails] == [good]


def test_a_sender_that_died_makes_it_late_only(
    books: Books, asker: User, approver: User, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*args: Any) -> bool:
        raise KeyboardInterrupt

    make_request(books, asker)
    with monkeypatch.context() as patched:
        patched.setattr(telling, "_mail", dies)
        with pytest.raises(KeyboardInterrupt):
            telling.tell_due()
    assert telling.tell_due() == 0
    clock.shift(telling.CLAIM_LASTS)
    assert telling.tell_due() >= 1
    assert told() == [approver.email]


def test_what_comes_in_while_a_mail_is_sent_is_told_later(
    books: Books, asker: User, approver: User, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = telling._mail

    def meanwhile(*args: Any) -> bool:
        make_request(books, asker, of={"title": "Meanwhile"})
        telling.begin_round(books.practice.pk)
        return send(*args)

    make_request(books, asker)
    with monkeypatch.context() as patched:
        patched.setattr(telling, "_mail", meanwhile)
        telling.tell_due()
    assert "Meanwhile" not in mail.outbox[0].body
    clock.shift(QUARTER)
    telling.tell_due()
    assert [one.to for one in mail.outbox] == [[approver.email]] * 2
    assert "Meanwhile" in mail.outbox[1].body


def test_quiet_hours_of_the_practices_mails_are_kept(
    books: Books, asker: User, approver: User, clock: Any
) -> None:
    make_channel(books.practice, ChannelKind.EMAIL, quiet_from=time(11), quiet_until=time(13))
    make_request(books, asker)
    assert telling.tell_due() == 0
    clock.shift(timedelta(minutes=59))
    assert telling.tell_due() == 0
    clock.shift(timedelta(minutes=1))
    assert telling.tell_due() == 1


def test_who_is_no_member_any_more_is_not_told(books: Books, asker: User, approver: User) -> None:
    make_request(books, asker)
    telling.begin_round(books.practice.pk)
    Membership.objects.filter(user=approver).update(role=Role.VIEWER)
    assert telling.tell_due() == 0
    assert not mail.outbox


def test_practices_are_kept_apart(books: Books, asker: User, approver: User) -> None:
    other = rows.make_books(Mode.TAKE_OVER, name="Elsewhere")
    stranger = other.member(Role.OWNER)
    make_request(books, asker, of={"title": "Ours"})
    make_request(other, None, of={"title": "Theirs"})
    telling.tell_due()
    found = {one.to[0]: one.body for one in mail.outbox}
    assert "Theirs" not in found[approver.email]
    assert "Ours" not in found[stranger.email]


def test_a_calm_moment_costs_three_queries(books: Books, asker: User, approver: User) -> None:
    make_request(books, asker)
    telling.tell_due()
    with CaptureQueriesContext(connection) as caught:
        telling.tell_due()
    assert len([one for one in caught if one["sql"].startswith("SELECT")]) == 3


def test_the_tasks_do_it(books: Books, asker: User, approver: User, clock: Any) -> None:
    make_request(books, asker, expires_at=NOW + timedelta(hours=1))
    tasks.send_alerts()
    assert told() == [approver.email]
    clock.shift(timedelta(hours=2))
    tasks.expire_approvals()
    assert Approval.objects.get().state == ApprovalState.EXPIRED
    assert Told.objects.get(user=approver).upto is not None
