"""What people do about differences on the pages: take, note, accept, fix; one and many, with a page in between."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from practices.models import AuditEntry, Role, User
from sync.models import Mismatch, MismatchNote, MismatchState
from sync.reconcile import accepting, fixing, handling, obstacles
from tests.make import make_member
from tests.sync.reconcile.listed import make_mismatch
from tests.sync.rows import Books, make_books, make_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    return make_books()


@pytest.fixture
def admin(books: Books) -> User:
    return books.member(Role.ADMIN)


def post(user: User, books: Books, rest: str, **values: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(books.url(f"reconciliation/{rest}"), values, follow=True)


def said(answer: Any) -> list[str]:
    return [str(item) for item in answer.context["messages"]]


def fresh(row: Mismatch) -> Mismatch:
    return Mismatch.objects.get(pk=row.pk)


def trail(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


def test_it_is_taken_given_and_left(books: Books, admin: User) -> None:
    row, other = make_mismatch(books), books.member()
    post(admin, books, f"{row.pk}/assign/", to="me")
    assert fresh(row).owner == admin
    post(admin, books, f"{row.pk}/assign/", to=str(other.pk))
    assert fresh(row).owner == other
    post(admin, books, f"{row.pk}/assign/", to=str(other.pk))
    assert trail("mismatch.assigned") == 2, "the same again is no news"
    post(admin, books, f"{row.pk}/assign/", to="nobody")
    assert fresh(row).owner is None


@pytest.mark.parametrize("to", ["", "x", "0", "9" * 30])
def test_only_members_look_after_it(books: Books, admin: User, to: str) -> None:
    row = make_mismatch(books)
    assert said(post(admin, books, f"{row.pk}/assign/", to=to)) == ["Choose who looks after it."]
    stranger = make_member(make_books().practice)
    post(admin, books, f"{row.pk}/assign/", to=str(stranger.pk))
    assert fresh(row).owner is None


def test_a_note_stays_on_the_page(books: Books, admin: User) -> None:
    row = make_mismatch(books)
    shown = post(admin, books, f"{row.pk}/note/", text="Asked <b>Robin</b>\nby phone").content.decode()
    assert "Asked &lt;b&gt;Robin&lt;/b&gt;<br>by phone" in shown
    post(admin, books, f"{row.pk}/note/", text=" \x00 ")
    assert MismatchNote.objects.count() == trail("mismatch.noted") == 1


def test_many_are_accepted_after_a_page_that_says_how_much(books: Books, admin: User) -> None:
    rows = [make_mismatch(books, at_stake=Decimal("100.005")) for _ in range(3)]
    gone = make_mismatch(books, state="accepted", accepted_at=timezone.now(), reason="before")
    ids = [row.pk for row in (*rows, gone)]
    asked = post(admin, books, "act/", action="accept", mismatch=ids)
    words = asked.content.decode()
    assert "Accept 3 differences?" in words
    assert "3 differences, $300.02 at stake" in words or "3 differences, $300.01 at stake" in words
    assert "1 more was chosen and stays as it is" in words
    assert fresh(rows[0]).state == MismatchState.OPEN
    again = post(admin, books, "act/", action="accept", mismatch=ids, confirmed="yes", reason=" ")
    assert "Accept 3 differences?" in again.content.decode()
    sure = {"confirmed": "yes", "reason": "Agreed", "until": "2099-01-31", "capped": "yes"}
    assert said(post(admin, books, "act/", action="accept", mismatch=ids, **sure)) == [
        "Accepted 3 differences."
    ]
    row = fresh(rows[0])
    assert (row.state, row.reason, row.accepted_until) == ("accepted", "Agreed", date(2099, 1, 31))
    assert row.ceiling == Decimal("100.01"), "never below what is at stake, or it would open at once"
    assert fresh(gone).reason == "before"
    assert trail("mismatch.accepted") == 3


def test_all_that_fit_are_those_that_were_there_when_it_was_asked(books: Books, admin: User) -> None:
    fitting = [make_mismatch(books, "contact_phone") for _ in range(60)]
    besides = make_mismatch(books)
    newest = max(row.pk for row in fitting)
    later = make_mismatch(books, "contact_phone")
    every = {"scope": "all", "query": "kind=contact_phone", "newest": newest, "action": "assign"}
    assert "Assign 60 differences?" in post(admin, books, "act/", **every).content.decode()
    post(admin, books, "act/", **every, confirmed="yes", to="me")
    assert Mismatch.objects.filter(owner=admin).count() == 60
    assert fresh(besides).owner is fresh(later).owner is None


def test_a_filter_that_can_t_be_read_widens_nothing(books: Books, admin: User) -> None:
    row = make_mismatch(books)
    every = {"scope": "all", "query": "kind=no-such-kind", "newest": row.pk, "confirmed": "yes"}
    answer = post(admin, books, "act/", **every, action="accept", reason="Oh")
    assert said(answer) == ["A filter could not be read. Correct it first."]
    assert fresh(row).state == MismatchState.OPEN


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"action": "destroy", "mismatch": "1"},
        {"action": "assign", "mismatch": "x"},
        {"action": "fix", "mismatch": "9" * 40},
        {"action": "fix", "scope": "all", "query": "&" * 3000, "newest": "-1"},
        {"action": "assign", "scope": "all", "query": "%00=%00", "newest": "1e9", "to": "\x00"},
    ],
)
def test_nonsense_does_nothing(books: Books, admin: User, values: dict[str, str]) -> None:
    row = make_mismatch(books)
    assert post(admin, books, "act/", **values, confirmed="yes").status_code == 200
    assert fresh(row).owner is None
    assert fresh(row).change is None


def test_staff_may_not_accept_and_nobody_reaches_other_practices(books: Books, admin: User) -> None:
    row = make_mismatch(books)
    answer = post(
        books.member(), books, "act/", action="accept", mismatch=[row.pk], confirmed="yes", reason="x"
    )
    assert answer.status_code == 403
    theirs = make_books()
    owner = theirs.member(Role.OWNER)
    post(owner, theirs, "act/", action="assign", mismatch=[row.pk], confirmed="yes", to="me")
    assert post(owner, theirs, f"{row.pk}/fix/").status_code == 404
    assert accepting.accept_each(theirs.practice, [row.pk], actor=owner, reason="x") == 0
    assert handling.assign(theirs.practice, [row.pk], to=owner, actor=owner) == 0
    assert fixing.fix(theirs.practice, [row.pk], actor=owner).done == []
    assert fresh(row).owner is None
    assert fresh(row).state == MismatchState.OPEN


def test_fixing_many_says_what_was_left_and_why(books: Books, admin: User) -> None:
    rows = [make_mismatch(books, "contact_email"), make_mismatch(books, "invoice_total")]
    ids = [row.pk for row in rows]
    asked = post(admin, books, "act/", action="fix", mismatch=ids).content.decode()
    assert "Fix 1 difference?" in asked
    assert "1 more was chosen" in asked
    answer = post(admin, books, "act/", action="fix", mismatch=ids, confirmed="yes")
    assert said(answer) == [obstacles.WATCHED]
    none = post(admin, books, "act/", action="fix", mismatch=[rows[1].pk], confirmed="yes")
    assert said(none) == ["None of these can be fixed from here. What helps is on the page of each."]


def test_the_page_says_what_became_of_the_fix(books: Books, admin: User) -> None:
    row = make_mismatch(books)
    shown = post(admin, books, f"{row.pk}/note/", text="x").content.decode()
    assert obstacles.WATCHED in shown
    assert "Ask to fix it" not in shown
    change = make_change(books, state="held", reason="approval", message="Waits for approval.")
    Mismatch.objects.filter(pk=row.pk).update(change=change)
    shown = post(admin, books, f"{row.pk}/note/", text="x").content.decode()
    assert change.title in shown
    assert "Waits for approval." in shown
    assert "Ask to fix it" not in shown
