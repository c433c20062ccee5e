"""Versions of records: kept when the content changes, found again by day, never changed, dropped when very old."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection as database
from django.db.utils import DatabaseError
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors.base import Row
from connectors.records import Invoice, Kind
from practices.models import Role
from sync import asof, snapshots
from sync.asof import days_of_change, end_of, version_at, versions_of
from sync.models import PastRecord, Snapshot
from sync.tidying import tidy
from tests.sync.rows import Books, make_books, make_link

pytestmark = pytest.mark.django_db

SYDNEY = ZoneInfo("Australia/Sydney")


def at(day: int, hour: int = 2) -> datetime:
    return datetime(2026, 10, day, hour, tzinfo=UTC)


def row(external_id: str = "i1", *, total: str = "110.00", raw: Any = None, **extra: Any) -> Row:
    record = Invoice(
        external_id=external_id, contact_external_id="c1", total=Decimal(total), currency="AUD", **extra
    )
    return Row(
        kind=Kind.INVOICE,
        external_id=external_id,
        raw={
            "id": external_id,
            "total": total,
            **(raw or {}),
            **{key: str(value) for key, value in extra.items()},
        },
        record=record,
        problem="",
    )


def read(books: Books, *rows: Row, when: datetime) -> None:
    snapshots.store(books.source, rows, now=when)


def the(books: Books, external_id: str = "i1") -> Snapshot:
    found: Snapshot = Snapshot.objects.get(connection=books.source, external_id=external_id)
    return found


def versions(books: Books) -> list[asof.Version]:
    snapshot = the(books)
    return versions_of([snapshot])[snapshot.pk]


def test_a_change_keeps_what_was_said_before(books: Books) -> None:
    read(books, row(), when=at(1))
    read(books, row(), when=at(3))
    assert not PastRecord.objects.exists(), "the same again is no change"
    read(books, row(total="220.00"), when=at(5))
    (past,) = PastRecord.objects.all()
    assert (past.record["total"], past.since, past.until) == ("110.00", at(1), at(5))
    assert the(books).record["total"] == "220.00"


def test_only_what_is_understood_counts_as_a_change(books: Books) -> None:
    read(books, row(), when=at(1))
    read(books, row(raw={"colour": "blue"}), when=at(5))
    assert not PastRecord.objects.exists()


def test_the_version_of_a_day_is_found(books: Books) -> None:
    for day, total in ((1, "110.00"), (5, "220.00"), (9, "330.00")):
        read(books, row(total=total), when=at(day))
    found = versions(books)
    said = {
        day: version.record["total"]
        if (version := version_at(found, end_of(date(2026, 10, day), SYDNEY)))
        else None
        for day in (1, 4, 5, 8, 9, 30)
    }
    assert said == {1: "110.00", 4: "110.00", 5: "220.00", 8: "220.00", 9: "330.00", 30: "330.00"}
    assert version_at(found, at(1) - timedelta(days=1)) is None
    assert days_of_change(found, SYDNEY) == [date(2026, 10, day) for day in (9, 5, 1)]


def test_a_day_ends_where_the_practice_is(books: Books) -> None:
    read(books, row(), when=at(1))
    read(books, row(total="220.00"), when=datetime(2026, 10, 4, 14, 0, tzinfo=UTC))
    found = versions(books)
    fourth, fifth = (version_at(found, end_of(date(2026, 10, day), SYDNEY)) for day in (4, 5))
    assert fourth is not None
    assert fifth is not None
    assert (fourth.record["total"], fifth.record["total"]) == ("110.00", "220.00"), (
        "1 am on the fifth in Sydney"
    )


def test_what_was_gone_for_a_while_was_gone(books: Books) -> None:
    read(books, row(), when=at(1))
    Snapshot.objects.update(gone_at=at(4))
    read(books, row(), when=at(8))
    found = versions(books)
    gone = [
        (version := version_at(found, end_of(date(2026, 10, day), SYDNEY))) is not None
        and version.is_gone(end_of(date(2026, 10, day), SYDNEY))
        for day in (2, 5, 9)
    ]
    assert gone == [False, True, False]
    assert days_of_change(found, SYDNEY) == [date(2026, 10, day) for day in (8, 4, 1)]


def test_reading_something_else_of_it_does_not_move_its_beginning(books: Books) -> None:
    """The stamp of the last reading moves with the raw answer; a version still begins where the one before ended."""
    read(books, row(), when=at(1))
    read(books, row(total="220.00"), when=at(3))
    read(books, row(total="220.00", raw={"colour": "blue"}), when=at(9))
    version = version_at(versions(books), at(5))
    assert version is not None
    assert version.record["total"] == "220.00"


def test_a_page_of_changes_costs_two_more_statements_however_long(books: Books) -> None:
    counts = {}
    for size in (3, 60):
        rows = [row(f"{size}-{number}") for number in range(size)]
        read(books, *rows, when=at(1))
        changed = [row(f"{size}-{number}", total="1.00") for number in range(size)]
        with CaptureQueriesContext(database) as queries:
            read(books, *changed, when=at(2))
        counts[size] = len([item for item in queries if not item["sql"].startswith(("SAVEPOINT", "RELEASE"))])
    assert counts[3] == counts[60] <= 5
    assert PastRecord.objects.count() == 63


def test_new_records_cost_nothing_more(books: Books) -> None:
    with CaptureQueriesContext(database) as queries:
        read(books, row(), when=at(1))
    assert not [item for item in queries if "pastrecord" in item["sql"]]


def test_a_failing_write_keeps_neither(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    read(books, row(), when=at(1))

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(type(Snapshot.objects.all()), "bulk_create", broken)
    with pytest.raises(RuntimeError, match="no"):
        read(books, row(total="220.00"), when=at(5))
    assert not PastRecord.objects.exists()


def test_the_database_lets_nobody_change_a_version(books: Books) -> None:
    read(books, row(), when=at(1))
    read(books, row(total="220.00"), when=at(5))
    with pytest.raises(DatabaseError, match="Cannot update"):
        PastRecord.objects.update(record={})


def test_very_old_versions_go(books: Books) -> None:
    read(books, row(), when=at(1))
    read(books, row(total="220.00"), when=at(5))
    read(books, row(total="330.00"), when=at(9))
    assert tidy(at(6) + asof.KEPT_FOR)["versions"] == 1
    assert PastRecord.objects.get().record["total"] == "220.00"


# the page


def client(books: Books) -> Client:
    made = Client()
    made.force_login(books.member(Role.VIEWER))
    return made


def page(books: Books, query: str = "") -> str:
    answer = client(books).get(books.url(f"records/{the(books).pk}/asof/{query}"))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_page_shows_both_sides_of_the_day_and_marks_what_moved(books: Books) -> None:
    read(books, row(reference="PROP-1"), when=at(1))
    snapshots.store(books.target, [row("x1", reference="PROP-1")], now=at(2))
    make_link(books, the(books), Snapshot.objects.get(external_id="x1"))
    read(books, row(reference="PROP-1", total="220.00"), when=at(5))
    text = page(books, "?day=2026-10-03")
    assert text.count("$110.00") == 2, "Ignition's of then and Xero's"
    assert '<span class="differs">$110.00</span><div class="small muted">today: $220.00</div>' in text
    assert "1 field says something else today" in text
    for day in ("2026-10-01", "2026-10-02", "2026-10-05"):
        assert f"?day={day}" in text
    assert "Nothing differs from today" in page(books, "?day=2026-10-06")
    assert "Not read yet on that day" in page(books, "?day=2026-09-01")


@pytest.mark.parametrize(
    "query", ["", "?day=", "?day=2026-02-31", "?day=x", "?day=0001-01-01", "?day=9999-12-31"]
)
def test_nonsense_falls_back(books: Books, query: str) -> None:
    read(books, row(), when=at(1))
    assert "Days on which something changed" in page(books, query)


def test_another_practices_record_is_not_there(books: Books) -> None:
    read(books, row(), when=at(1))
    other = make_books()
    assert client(other).get(other.url(f"records/{the(books).pk}/asof/")).status_code == 404


def test_queries_do_not_grow_with_the_versions(books: Books) -> None:
    counts = []
    for start in (0, 20):
        for number in range(start, start + 20):
            read(books, row(total=f"{number}.00"), when=at(1) + timedelta(hours=number))
        with CaptureQueriesContext(database) as queries:
            page(books)
        counts.append(len([item for item in queries if "sync_" in item["sql"]]))
    assert counts[0] == counts[1]
