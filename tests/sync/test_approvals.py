"""Second persons: who may decide, what it leads to, and that nothing goes round an approval."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mappings.services import load_choices
from mappings.spec import Choices
from practices.models import AuditEntry, Role, User
from sync import decisions, incidents
from sync.approvals import asking, deciding
from sync.decisions import NotAllowed
from sync.models import Approval, ApprovalState, Change, ChangeState, Incident, Kind, Mode
from sync.plan import Decision
from sync.ruled import APPROVAL
from tests.make import make_user
from tests.sync import rows
from tests.sync.approving import REASON, hold_rule, make_request, make_waiting, publish_rules
from tests.sync.queued import planned, put
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


def state_of(change: Change) -> tuple[str, str]:
    found = Change.objects.get(pk=change.pk)
    return found.state, found.reason


# --- approving -------------------------------------------------------------------------------------------


def test_approved_it_waits_to_be_sent(books: Books, asker: User, approver: User) -> None:
    request = make_request(books, asker)
    assert deciding.approve([request.pk], books.practice, approver, "Checked") == 1
    request.refresh_from_db()
    assert (request.state, request.decided_by, request.note) == ("approved", approver, "Checked")
    change = Change.objects.get(pk=request.change_id)
    assert (change.state, change.reason, change.message) == (ChangeState.PENDING, "", "")
    assert (change.purpose, change.released_by) == ("person", approver)
    entry = AuditEntry.objects.get(action="approval.approved")
    assert (entry.actor, entry.object_id) == (approver, str(change.pk))
    assert entry.summary.endswith("Checked")


def test_who_asked_may_not_approve(books: Books, asker: User, approver: User) -> None:
    request = make_request(books, asker)
    with pytest.raises(NotAllowed, match=f"somebody else has to approve it: {approver}"):
        deciding.approve([request.pk], books.practice, asker)
    assert state_of(request.change) == (ChangeState.HELD, "approval")
    assert not AuditEntry.objects.filter(action="approval.approved").exists()


def test_with_nobody_else_it_says_what_helps(books: Books, asker: User) -> None:
    books.member(Role.VIEWER)
    request = make_request(books, asker)
    with pytest.raises(NotAllowed, match="nobody else here may approve"):
        deciding.approve([request.pk], books.practice, asker)


def test_the_database_refuses_it_too(books: Books, asker: User, approver: User) -> None:
    request = make_request(books, asker)
    rows_ = Approval.objects.filter(pk=request.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows_.update(state=ApprovalState.APPROVED, decided_by=asker)
    rows_.update(state=ApprovalState.APPROVED, decided_by=approver)


def test_a_practice_may_allow_it(books: Books, asker: User) -> None:
    request = make_request(books, asker)
    asking.ask(books.practice, Choices(approve_own=True))
    assert deciding.approve([request.pk], books.practice, asker) == 1
    later = make_request(books, asker, own_allowed=True)
    asking.ask(books.practice, Choices(approve_own=False))
    with pytest.raises(NotAllowed):
        deciding.approve([later.pk], books.practice, asker)


def test_of_several_those_that_may_be_are_done(books: Books, asker: User, approver: User) -> None:
    mine, theirs = make_request(books, approver), [make_request(books, asker) for _ in range(2)]
    over = make_request(books, asker, state=ApprovalState.EXPIRED)
    ids = [mine.pk, over.pk, *(item.pk for item in theirs)]
    outcome = deciding.decide(ids, books.practice, approver, yes=True)
    assert [item.pk for item in outcome.done] == [item.pk for item in theirs]
    assert outcome.left_count == 2
    assert "1: You asked for it" in outcome.why
    assert "1: It was decided already: run out. Ask again first." in outcome.why


def test_the_cost_does_not_grow_with_the_number(books: Books, asker: User, approver: User) -> None:
    def queries(number: int) -> int:
        ids = [make_request(books, asker).pk for _ in range(number)]
        incidents.refresh(books.practice)
        with CaptureQueriesContext(database) as caught:
            assert deciding.approve(ids, books.practice, approver) == number
        return len(caught)

    queries(1)
    assert queries(30) <= queries(3)


@pytest.mark.parametrize("yes", [True, False])
def test_viewers_and_strangers_decide_nothing(books: Books, asker: User, yes: bool) -> None:
    request = make_request(books, asker)
    inactive = books.member(Role.OWNER)
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    for person in (books.member(Role.VIEWER), make_user(), rows.make_books().member(Role.OWNER), inactive):
        with pytest.raises(NotAllowed, match="Only staff and above"):
            deciding.decide([request.pk], books.practice, person, yes=yes, note="x")
    assert state_of(request.change) == (ChangeState.HELD, "approval")


@pytest.mark.parametrize("yes", [True, False])
def test_requests_of_another_practice_are_not_touched(books: Books, approver: User, yes: bool) -> None:
    theirs = make_request(rows.make_books(Mode.TAKE_OVER))
    outcome = deciding.decide([theirs.pk], books.practice, approver, yes=yes, note="x")
    assert (outcome.done, outcome.left) == ([], {})
    assert state_of(theirs.change) == (ChangeState.HELD, "approval")


def test_what_was_decided_says_by_whom(books: Books, asker: User, approver: User) -> None:
    later = books.member()
    done, refused, gone = (make_request(books, asker) for _ in range(3))
    deciding.approve([done.pk], books.practice, approver)
    deciding.reject([refused.pk], books.practice, approver, "No")
    decisions.cancel([gone.change_id], practice=books.practice, actor=approver, note="Not needed")
    for request, word in ((done, "approved"), (refused, "rejected"), (gone, "no longer needed")):
        with pytest.raises(NotAllowed, match=f"decided already: {word}, by {approver}"):
            deciding.approve([request.pk], books.practice, later)


def test_facts_that_changed_meanwhile_are_not_approved(books: Books, asker: User, approver: User) -> None:
    request = make_request(books, asker)
    Change.objects.filter(pk=request.change_id).update(state=ChangeState.SUPERSEDED)
    with pytest.raises(NotAllowed, match="no longer needed"):
        deciding.approve([request.pk], books.practice, approver)
    assert state_of(request.change)[0] == ChangeState.SUPERSEDED


# --- rejecting -------------------------------------------------------------------------------------------


def test_rejected_it_is_declined_with_who_and_why(books: Books, asker: User, approver: User) -> None:
    request = make_request(books, asker)
    with pytest.raises(NotAllowed, match="Say in the note"):
        deciding.reject([request.pk], books.practice, approver, " ")
    assert deciding.reject([request.pk], books.practice, approver, "Wrong {client}") == 1
    assert state_of(request.change) == (ChangeState.CANCELLED, "declined")
    change = Change.objects.get(pk=request.change_id)
    assert change.message == f"Rejected by {approver}: Wrong {{client}}"
    assert AuditEntry.objects.get(action="approval.rejected").summary.endswith("Wrong {client}")


def test_who_asked_may_reject(books: Books, asker: User) -> None:
    assert deciding.reject([make_request(books, asker).pk], books.practice, asker, "Changed my mind") == 1


def test_what_may_have_arrived_is_not_rejected(books: Books, asker: User, approver: User) -> None:
    request = make_request(books, asker, of={"look_up_first": True})
    with pytest.raises(NotAllowed, match="not known yet"):
        deciding.reject([request.pk], books.practice, approver, "No")


# --- running out -----------------------------------------------------------------------------------------


def test_a_request_runs_out_and_can_be_asked_again(books: Books, asker: User, approver: User) -> None:
    old = make_request(books, asker, expires_at=timezone.now() - timedelta(seconds=1))
    kept = make_request(books, asker)
    with pytest.raises(NotAllowed, match="ran out"):
        deciding.approve([old.pk], books.practice, approver)
    with pytest.raises(NotAllowed, match="waits already"):
        deciding.ask_again(old.change, approver)
    assert deciding.expire(timezone.now()) == 1
    assert deciding.expire(timezone.now()) == 0
    assert AuditEntry.objects.get(action="approval.expired").object_id == str(old.change_id)
    assert state_of(old.change) == (ChangeState.HELD, "approval")
    assert asking.ask(books.practice, Choices()) == 0
    with pytest.raises(NotAllowed):
        deciding.ask_again(old.change, books.member(Role.VIEWER))
    deciding.ask_again(old.change, approver)
    assert [item.state for item in old.change.approvals.order_by("pk")] == ["expired", "waiting"]
    new = old.change.approvals.get(state="waiting")
    assert new.asked_by == approver
    with pytest.raises(NotAllowed):
        deciding.approve([new.pk], books.practice, approver)
    assert deciding.approve([new.pk, kept.pk], books.practice, books.member()) == 2


# --- asking ----------------------------------------------------------------------------------------------


def test_each_is_asked_about_once(books: Books) -> None:
    for _ in range(3):
        make_waiting(books)
    rows.make_change(books, reason="watch")
    assert asking.ask(books.practice, Choices(approval_days=3)) == 3
    assert asking.ask(books.practice, Choices(approval_days=3)) == 0
    request = Approval.objects.latest("pk")
    assert request.reasons == [REASON]
    assert request.days_left == 2


def test_withdrawn_when_nobody_is_needed_and_asked_anew_later(books: Books) -> None:
    request = make_request(books)
    Change.objects.filter(pk=request.change_id).update(reason="watch")
    asking.ask(books.practice, Choices())
    request.refresh_from_db()
    assert request.state == ApprovalState.WITHDRAWN
    Change.objects.filter(pk=request.change_id).update(reason="approval")
    assert asking.ask(books.practice, Choices()) == 1


def test_an_approval_outlasts_a_pause(books: Books, asker: User, approver: User) -> None:
    """Switched off before it was sent, and on again: the facts are the same, so nobody is asked a second time."""
    request = make_request(books, asker)
    deciding.approve([request.pk], books.practice, approver)
    Change.objects.filter(pk=request.change_id).update(state=ChangeState.HELD, reason="approval")
    assert asking.ask(books.practice, Choices()) == 0
    assert state_of(request.change) == (ChangeState.PENDING, "")


def test_a_rule_that_comes_later_asks_again(books: Books, asker: User, approver: User) -> None:
    publish_rules(books.practice, hold_rule(), actor=asker)
    choices = load_choices(books.practice)[1]
    request = make_request(books, asker)
    deciding.approve([request.pk], books.practice, approver)
    assert asking.ask(books.practice, choices) == 0
    more = [REASON, {"key": "r2", "name": "New", "text": ""}]
    Change.objects.filter(pk=request.change_id).update(approval_asked=more)
    assert asking.ask(books.practice, choices) == 1
    assert state_of(request.change) == (ChangeState.HELD, "approval")
    new = Approval.objects.get(state="waiting")
    assert (new.asked_by, new.reasons) == (asker, more)


# --- releasing and retrying ------------------------------------------------------------------------------


def conflict(books: Books, **extra: Any) -> Change:
    return rows.make_change(books, reason="conflict", approval_asked=[REASON], **extra)


def test_releasing_a_conflict_asks_the_second_person(books: Books, approver: User) -> None:
    ruled, plain = conflict(books), rows.make_change(books, reason="conflict")
    releaser = books.member(Role.ADMIN)
    assert decisions.release([ruled.pk, plain.pk], practice=books.practice, actor=releaser) == 2
    assert state_of(plain) == (ChangeState.PENDING, "")
    found = Change.objects.get(pk=ruled.pk)
    assert (found.state, found.reason, found.released_by) == (ChangeState.HELD, "approval", releaser)
    assert found.message.startswith("Waits for approval: “Large”.")
    request = Approval.objects.get(change=ruled)
    assert request.asked_by == releaser
    assert asking.ask(books.practice, Choices()) == 0
    with pytest.raises(NotAllowed):
        decisions.release([ruled.pk], practice=books.practice, actor=releaser)
    with pytest.raises(NotAllowed):
        deciding.approve([request.pk], books.practice, releaser)
    deciding.approve([request.pk], books.practice, approver)
    assert state_of(ruled) == (ChangeState.PENDING, "")


def test_a_released_one_goes_on_when_the_rule_goes_away(books: Books) -> None:
    change, releaser = conflict(books), books.member(Role.ADMIN)
    decisions.release([change.pk], practice=books.practice, actor=releaser)
    Change.objects.filter(pk=change.pk).update(approval_asked=[])
    asking.ask(books.practice, Choices())
    assert state_of(change) == (ChangeState.PENDING, "")
    assert Approval.objects.get().state == ApprovalState.WITHDRAWN


def test_a_retry_does_not_go_round_a_rule(books: Books, asker: User, approver: User) -> None:
    parked: dict[str, Any] = {"state": "parked", "parked_as": "rejected", "reason": "period_locked"}
    ruled = rows.make_change(books, approval_asked=[REASON], **parked)
    approved = rows.make_change(books, approval_asked=[REASON], released_by=approver, **parked)
    make_request(books, asker, approved, state=ApprovalState.APPROVED, decided_by=approver)
    assert decisions.retry([ruled.pk, approved.pk], practice=books.practice, actor=approver) == 2
    assert state_of(ruled) == (ChangeState.HELD, "approval")
    assert state_of(approved) == (ChangeState.PENDING, "")
    assert Approval.objects.filter(change=ruled, state="waiting").count() == 1


def test_nothing_can_be_released_that_waits_for_approval(books: Books, asker: User) -> None:
    assert "approval" not in decisions.RELEASABLE
    with pytest.raises(NotAllowed):
        decisions.release([make_request(books).change_id], practice=books.practice, actor=asker)


# --- the error desk --------------------------------------------------------------------------------------


def test_the_desk_shows_one_calm_card_that_a_person_settles(
    books: Books, asker: User, approver: User
) -> None:
    ids = [make_request(books, asker).pk for _ in range(2)]
    incidents.refresh(books.practice)
    found = Incident.objects.get(cause="held.approval")
    assert (found.title, found.severity, found.count) == ("Invoices wait for approval", "info", 2)
    deciding.approve(ids, books.practice, approver)
    found.refresh_from_db()
    assert (found.state, found.resolution) == ("resolved", "person")


# --- two at once -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_one_decides() -> None:
    books = rows.make_books(Mode.TAKE_OVER)
    asker, first, second = (books.member(Role.ADMIN) for _ in range(3))
    for _ in range(3):
        ids = [make_request(books, asker).pk for _ in range(4)]
        done: list[int] = []
        together(
            partial(_decide, ids, books, first, True, done),
            partial(_decide, ids[::-1], books, second, False, done),
            partial(asking.ask, books.practice, Choices()),
        )
        assert sorted(done) == [0, 4]
        states = set(Approval.objects.filter(pk__in=ids).values_list("state", "change__state"))
        assert states in ({("approved", "pending")}, {("rejected", "cancelled")})


def _decide(ids: list[int], books: Books, actor: User, yes: bool, done: list[int]) -> None:
    done.append(len(deciding.decide(ids, books.practice, actor, yes=yes, note="x").done))


def together(*acts: Callable[[], Any]) -> None:
    """Do these at the same moment; the first error is raised here."""
    start = threading.Barrier(len(acts))
    errors: list[BaseException] = []

    def run(act: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if errors:
        raise errors[0]


@pytest.mark.parametrize("reason", ["possible_duplicate", "period_locked", "no_link"])
@pytest.mark.parametrize("decided", ["conflict", APPROVAL])
def test_a_decision_is_not_about_what_comes_up_later(
    books: Books, approver: User, reason: str, decided: str
) -> None:
    """The plan finds another reason to hold what a person released: that one stands."""
    values = {"number": "INV-1", "total": "6600.00"}
    item = planned("invoice", "inv_a", values)
    change = put(books, Kind.INVOICE, item)["inv_a"]
    Change.objects.filter(pk=change.pk).update(state=ChangeState.PENDING, released_by=approver)

    def held_for(why: str) -> Any:
        return replace(item, decision=Decision(action="held", reason=why, text="Look first.", values=values))

    put(books, Kind.INVOICE, held_for(decided))
    assert state_of(change) == (ChangeState.PENDING, "")
    put(books, Kind.INVOICE, held_for(reason))
    assert state_of(change) == (ChangeState.HELD, reason)
