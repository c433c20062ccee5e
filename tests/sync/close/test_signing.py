"""Signing a month off: what is refused, what stays on record, and what moved since."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from practices.models import AuditEntry, Role
from sync.close import signing, working
from sync.close.pack import Pack, build
from sync.close.periods import MONTH, period_of
from sync.close.sections import sections
from sync.decisions import NotAllowed
from sync.models import Mismatch, MismatchState, SignOff
from tests.sync.close.rows import NOW, as_, make_difference, make_read_books, pair_up, worked_out
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db
OCTOBER = period_of(MONTH, date(2026, 10, 1))


@pytest.fixture
def books() -> Books:
    made = make_read_books()
    pair_up(made, 1, day=date(2026, 10, 5), amount="121.00")
    worked_out(made)
    return made


def pack(books: Books, *, now: datetime = NOW) -> Pack:
    return build(books.practice, OCTOBER, now=now)


def sign(books: Books, *, note: str = "", seen: Pack | None = None) -> SignOff:
    found = pack(books)
    return signing.sign(found, actor=books.member(Role.ADMIN), note=note, seen=signing.digest(seen or found))


def refused(books: Books, words: str) -> None:
    with pytest.raises(NotAllowed, match=words):
        sign(books)
    assert not SignOff.objects.filter(withdrawn_at=None).exists()


def test_a_sign_off_keeps_the_figures_and_leaves_a_trace(books: Books) -> None:
    make_difference(books, "One")
    made = sign(books, note="Checked")
    assert made.figures["Invoices in AUD: Ignition"] == "110.00"
    assert made.figures["Invoices in AUD: Xero"] == "121.00"
    assert made.figures["Open differences: at stake in AUD"] == "110.00"
    assert made.figures["Tax at stake in AUD"] == "10.00"
    entry = AuditEntry.objects.get(practice=books.practice, action="period.signed_off")
    assert entry.details["figures"] == made.figures
    assert signing.moved_since(pack(books)) == []


def test_something_critical_has_to_be_explained(books: Books) -> None:
    make_difference(books, "One", rank=0)
    refused(books, "critical")
    assert sign(books, note="The client pays on Monday").note == "The client pays on Monday"


def test_what_is_critical_in_another_month_is_no_hindrance(books: Books) -> None:
    make_difference(books, "One", rank=0, dated_on=date(2026, 9, 30))
    assert sign(books)


def test_nobody_signs_what_they_have_not_seen(books: Books) -> None:
    seen = pack(books)
    make_difference(books, "Late")
    with pytest.raises(NotAllowed, match="changed while you looked"):
        sign(books, seen=seen)


def test_a_month_is_signed_off_once_and_only_when_it_is_over(books: Books) -> None:
    first = pack(books)
    sign(books)
    with pytest.raises(NotAllowed, match="already"):
        sign(books)
    with pytest.raises(NotAllowed, match="already"):
        # A second person who had the page open before the first one signed.
        signing.sign(first, actor=books.member(Role.ADMIN), note="", seen=signing.digest(first))
    assert SignOff.objects.count() == 1
    early = pack(books, now=datetime(2026, 10, 31, 12, 59, tzinfo=UTC))
    assert signing.why_not(early, note="") == signing.ALREADY
    SignOff.objects.all().delete()
    early = pack(books, now=datetime(2026, 10, 31, 12, 59, tzinfo=UTC))
    assert signing.why_not(early, note="") == signing.NOT_OVER, "still October in Sydney"
    late = pack(books, now=datetime(2026, 10, 31, 13, 1, tzinfo=UTC))
    assert signing.why_not(late, note="") == ""


def test_without_figures_nothing_is_signed() -> None:
    refused(make_read_books(), "worked out")


def test_figures_that_move_are_told(books: Books) -> None:
    row = make_difference(books, "One")
    sign(books)
    Mismatch.objects.filter(pk=row.pk).update(at_stake=Decimal("200.00"))
    pair_up(books, 2, day=date(2026, 10, 6))
    working.ask(books.practice, now=NOW)
    assert working.work(books.practice.pk)
    found = {item.label: (item.then, item.now) for item in signing.moved_since(pack(books))}
    assert found["Invoices in AUD: Ignition"] == ("110.00", "220.00")
    assert found["Open differences: at stake in AUD"] == ("110.00", "200.00")
    Mismatch.objects.filter(pk=row.pk).update(state=MismatchState.FIXED, fixed_at=NOW)
    gone = {item.label: (item.then, item.now) for item in signing.moved_since(pack(books))}
    assert gone["Open differences: at stake in AUD"] == ("110.00", "")


def test_a_sign_off_is_taken_back_with_a_trace_and_can_be_given_again(books: Books) -> None:
    made = sign(books)
    actor = books.member(Role.ADMIN)
    assert signing.withdraw(books.practice, made.pk, actor=actor, reason="An invoice came late", now=NOW)
    assert not signing.withdraw(books.practice, made.pk, actor=actor, reason="Again", now=NOW)
    found = pack(books)
    assert (found.signed, [item.pk for item in found.withdrawn]) == (None, [made.pk])
    entry = AuditEntry.objects.get(practice=books.practice, action="period.reopened")
    assert "An invoice came late" in entry.summary
    assert sign(books).pk != made.pk


def test_another_practices_sign_off_is_left_alone(books: Books) -> None:
    made = sign(books)
    other = make_read_books()
    assert not signing.withdraw(
        other.practice, made.pk, actor=other.member(Role.OWNER), reason="Mine", now=NOW
    )


def test_figures_older_than_the_comparison_are_not_signed(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(working, "work_out", lambda practice: 1 / 0)
        worked_out(books)
    refused(books, "could not be worked out anew")
    working.ask(books.practice, now=NOW)
    assert working.work(books.practice.pk)
    assert sign(books)


def test_something_critical_that_is_tied_to_no_month_has_to_be_explained_too(books: Books) -> None:
    make_difference(books, "Client", rank=0, dated_on=None)
    refused(books, "critical")


def test_what_is_tied_to_no_month_is_signed_by_itself(books: Books) -> None:
    make_difference(books, "One")
    make_difference(books, "Client", dated_on=None, at_stake=Decimal(900))
    made = sign(books)
    assert made.figures["Open differences: at stake in AUD"] == "110.00"
    assert made.figures["Open differences not tied to a month: at stake in AUD"] == "900.00"
    make_difference(books, "Another", dated_on=None, at_stake=Decimal(1))
    moved = {item.label for item in signing.moved_since(pack(books))}
    assert moved == {
        "Open differences not tied to a month",
        "Open differences not tied to a month: at stake in AUD",
    }


def test_what_was_signed_before_they_were_kept_apart_has_not_moved(books: Books) -> None:
    make_difference(books, "One", document="IGN-1")
    make_difference(books, "Its payment", document="IGN-1", kind="payment_missing")
    make_difference(books, "Client", dated_on=None, at_stake=Decimal(900), currency="NZD")
    make_difference(books, "Yes", state="accepted", accepted_at=NOW, reason="Yes")
    made = sign(books)
    made.figures = {name: text for name, text in made.figures.items() if " differences" not in name} | {
        "Open differences": "3",
        "Open differences: at stake in AUD": "220.00",
        "Open differences: at stake in NZD": "900.00",
        "Open critical differences": "0",
        "Accepted differences": "1",
        "Accepted differences: at stake in AUD": "110.00",
    }
    made.save(update_fields=["figures"])
    assert signing.moved_since(pack(books)) == []
    make_difference(books, "Late")
    assert {item.label for item in signing.moved_since(pack(books))} == {
        "Open differences",
        "Open differences: at stake in AUD",
        "Tax at stake in AUD",
    }


def test_why_a_sign_off_was_taken_back_stays_to_be_seen(books: Books) -> None:
    made = sign(books)
    actor = books.member(Role.ADMIN)
    signing.withdraw(books.practice, made.pk, actor=actor, reason="An invoice came late", now=NOW)
    shown = as_(books).get(books.url("reconciliation/close/?every=month&from=2026-10-01"))
    assert "An invoice came late" in shown.content.decode()
    (facts,) = [item for item in sections(pack(books)) if item.title == "Sign-off"]
    assert ("Because", "An invoice came late") in [row.cells for row in facts.rows]
