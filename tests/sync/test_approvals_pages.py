"""The pages of approvals: what they show to whom, what the buttons do, and what is said before."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practices.models import Role, User
from sync import incidents
from sync.models import Approval, ApprovalState, Change, ChangeState, Kind, Mode
from tests.sync import desk, rows
from tests.sync.approving import REASON, hold_rule, make_request, publish_rules
from tests.sync.desk import login_as
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    return rows.make_books(Mode.TAKE_OVER)


@pytest.fixture
def asker(books: Books) -> User:
    return books.member(Role.ADMIN)


@pytest.fixture
def approver(books: Books) -> User:
    return books.member(Role.STAFF)


def page(client: Client, books: Books, rest: str = "approvals/") -> str:
    return desk.page(client, books, rest)


def titles(text: str) -> set[str]:
    return set(re.findall(r"A-\d+", text))


def act(client: Client, books: Books, action: str, *requests: Approval, **extra: Any) -> str:
    data = {"action": action, "approval": [item.pk for item in requests], **extra}
    answer = client.post(books.url("approvals/act/"), data, follow=True)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


# --- the list --------------------------------------------------------------------------------------------


@pytest.fixture
def requests(books: Books, asker: User, approver: User) -> None:
    other = [{"key": "r2", "name": "Old client", "text": ""}]
    soon = timezone.now() + timedelta(days=1)
    make_request(books, asker, of={"title": "A-1", "amount": Decimal("8000")}, expires_at=soon)
    make_request(books, approver, of={"title": "A-2", "amount": Decimal("250"), "approval_asked": other})
    make_request(books, asker, of={"kind": Kind.CONTACT, "title": "A-3"})
    make_request(books, asker, of={"title": "A-4"}, state=ApprovalState.REJECTED, decided_by=approver)
    make_request(books, asker, of={"title": "A-5"}, state=ApprovalState.EXPIRED)


@pytest.mark.usefixtures("requests")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "123"),
        ("show=decided", "45"),
        ("show=over", "5"),
        ("show=decided&outcome=rejected", "4"),
        ("show=nonsense", "123"),
        ("kind=contact", "3"),
        ("rule=r2", "2"),
        ("rule=%0a", "123"),
        ("who=mine", "2"),
        ("who=can", "13"),
        ("least=251", "1"),
        ("q=a-2", "2"),
        ("sort=amount", "123"),
        ("sort=-out&size=100", "123"),
        ("show=decided&sort=title&page=99", "45"),
    ],
)
def test_filters(books: Books, approver: User, query: str, expected: str) -> None:
    text = page(login_as(approver), books, f"approvals/?{query}")
    assert titles(text[text.index("</form>") :]) == {f"A-{digit}" for digit in expected}


@pytest.mark.usefixtures("requests")
def test_a_row_says_what_why_who_and_until_when(books: Books, asker: User, approver: User) -> None:
    text = page(login_as(approver), books)
    for words in ("Large", "More than 5,000.", "$8,000.00", str(asker), "Runs out soon", "$8,250.00"):
        assert words in text, words
    assert text.count("Runs out soon") == 1
    assert "<details" in text
    assert "You asked for it: somebody else approves it." in text
    assert len(re.findall(r'name="approval"', text)) == 2


@pytest.mark.usefixtures("requests")
def test_the_menu_counts_what_waits(books: Books) -> None:
    answer = login_as(books.member(Role.VIEWER)).get(books.url("approvals/"))
    assert "3 wait for approval" in answer.content.decode()


def test_a_viewer_sees_and_does_nothing(books: Books, asker: User) -> None:
    request = make_request(books, asker)
    viewer = login_as(books.member(Role.VIEWER))
    for rest in ("approvals/", f"changes/{request.change_id}/"):
        assert 'method="post"' not in page(viewer, books, rest)
    assert viewer.post(books.url("approvals/act/"), {"action": "approve"}).status_code == 403


def test_empty_pages_say_why(books: Books, approver: User) -> None:
    client = login_as(approver)
    assert "Nothing waits for approval" in page(client, books)
    assert "No request ran out" in page(client, books, "approvals/?show=over")
    assert "Nothing decided yet" in page(client, books, "approvals/?show=decided")
    assert "No request fits" in page(client, books, "approvals/?kind=contact")


@pytest.mark.parametrize("show", ["waiting", "over", "decided"])
def test_the_number_of_queries_does_not_grow(books: Books, asker: User, approver: User, show: str) -> None:
    client = login_as(approver)
    publish_rules(books.practice, hold_rule(), actor=asker)
    state = {"waiting": "waiting", "over": "expired", "decided": "rejected"}[show]

    def queries(number: int) -> int:
        for _ in range(number):
            make_request(books, books.member(), state=state, decided_by=asker if show == "decided" else None)
        with CaptureQueriesContext(connection) as caught:
            page(client, books, f"approvals/?show={show}&size=200")
        return len(caught)

    queries(1)
    assert queries(2) == queries(25)


def test_a_create_of_a_document_shows_its_lines(books: Books, asker: User, approver: User) -> None:
    lines = [{"description": "Bookkeeping", "quantity": "1", "unit_amount": "450.00"}]
    make_request(books, asker, of={"values": {"number": "A-1", "total": "450.00", "lines": lines}})
    assert "Bookkeeping" in page(login_as(approver), books)


# --- deciding --------------------------------------------------------------------------------------------


def test_approving_says_first_in_numbers_what_is_written(books: Books, asker: User, approver: User) -> None:
    amounts = ("8000", "150", "100")
    found = [make_request(books, asker, of={"amount": Decimal(amount)}) for amount in amounts]
    own = make_request(books, approver)
    client = login_as(approver)
    text = act(client, books, "approve", *found, own)
    assert "Approves <strong>3 invoices, $8,250.00</strong>. They are sent with the next batch." in text
    assert "1 of those ticked is left. You asked for it" in text
    assert Change.objects.filter(state=ChangeState.PENDING).count() == 0
    text = act(client, books, "approve", *found, own, confirmed="yes", note="Fine")
    assert "Approved: 3 invoices, $8,250.00. They are sent with the next batch." in text
    assert "1 was left. You asked for it" in text
    assert set(Approval.objects.filter(state="approved").values_list("note", "decided_by")) == {
        ("Fine", approver.pk)
    }
    assert Change.objects.filter(state=ChangeState.PENDING).count() == 3


def test_rejecting_needs_a_note(books: Books, asker: User, approver: User) -> None:
    request = make_request(books, asker)
    client = login_as(approver)
    assert "Say in the note" in act(client, books, "reject", request)
    assert "Rejected: 1 invoice, $110.00" in act(client, books, "reject", request, note="Twice")
    request.refresh_from_db()
    assert (request.state, request.note) == ("rejected", "Twice")


def test_one_that_ran_out_is_asked_again(books: Books, asker: User, approver: User) -> None:
    request = make_request(books, asker, state=ApprovalState.EXPIRED)
    client = login_as(approver)
    for rest in ("approvals/?show=over", "approvals/?show=decided", f"changes/{request.change_id}/"):
        assert "Ask again" in page(client, books, rest), rest
    assert "Asked again" in act(client, books, "again", request)
    assert "A request waits already" in act(client, books, "again", request)
    assert "Ask again" not in page(client, books, "approvals/?show=decided")


@pytest.mark.parametrize("data", [{}, {"action": "burn"}, {"action": "approve", "approval": ["x", "9" * 30]}])
def test_nonsense_decides_nothing(books: Books, approver: User, data: dict[str, Any]) -> None:
    answer = login_as(approver).post(books.url("approvals/act/"), data)
    assert answer["Location"] == books.url("approvals/")


@pytest.mark.parametrize("action", ["approve", "reject", "again"])
def test_requests_of_another_practice_are_out_of_reach(books: Books, approver: User, action: str) -> None:
    theirs = make_request(rows.make_books())
    data = {"action": action, "approval": [theirs.pk], "note": "x", "confirmed": "yes"}
    answer = login_as(approver).post(books.url("approvals/act/"), data)
    assert answer.status_code == (404 if action == "again" else 302)
    theirs.refresh_from_db()
    assert theirs.state == ApprovalState.WAITING


def test_only_addresses_of_this_site_are_returned_to(books: Books, approver: User) -> None:
    answer = login_as(approver).post(
        books.url("approvals/act/"), {"action": "reject", "next": "https://elsewhere.test/"}
    )
    assert answer["Location"] == books.url("approvals/")


# --- the page of a change, and others --------------------------------------------------------------------


def test_the_page_of_a_change_shows_its_requests(books: Books, asker: User, approver: User) -> None:
    request = make_request(books, asker)
    rest = f"changes/{request.change_id}/"
    text = page(login_as(approver), books, rest)
    assert "More than 5,000." in text
    assert "Approve $110.00" in text
    assert "Reject" in text
    assert "Needs" not in text
    own = page(login_as(asker), books, rest)
    assert f"somebody else has to approve it: {approver}." in own
    assert 'value="approve"' not in own
    login_as(approver).post(
        books.url("approvals/act/"), {"action": "approve", "approval": request.pk, "confirmed": "yes"}
    )
    text = page(login_as(asker), books, rest)
    assert f"approved by {approver}" in text
    assert 'value="reject"' not in text


def test_releasing_a_conflict_says_that_it_waits(books: Books, asker: User) -> None:
    ruled = rows.make_change(books, reason="conflict", approval_asked=[REASON])
    plain = rows.make_change(books, reason="conflict")
    client = login_as(asker)

    def released(*changes: Change) -> str:
        data = {"action": "release", "change": [change.pk for change in changes]}
        return client.post(books.url("changes/act/"), data, follow=True).content.decode()

    assert "2 changes released. They are sent with the next sync. 1 of them waits" in released(ruled, plain)
    only = rows.make_change(books, reason="conflict", approval_asked=[REASON])
    assert "A rule wants a second person: it waits for approval first." in released(only)


def test_the_desk_leads_there(books: Books, asker: User) -> None:
    make_request(books, asker)
    incidents.refresh(books.practice)
    text = page(login_as(asker), books, "problems/")
    assert "Invoices wait for approval" in text
    assert f"{books.url('approvals/')}?kind=invoice" in text
