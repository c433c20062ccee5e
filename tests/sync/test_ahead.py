"""Long lists are read a part ahead: the same rows in the same order, and nothing is lost or hidden."""

import threading
from collections.abc import Iterator

import pytest

from connectors.records import Kind as RecordKind
from practices.models import Connection
from sync import ahead as module
from sync.ahead import ahead
from sync.models import Snapshot
from sync.world import as_records
from tests.sync.conftest import Office


@pytest.fixture(autouse=True)
def _short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 3)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 6, 7, 20])
def test_the_same_rows_in_the_same_order(length: int) -> None:
    assert list(ahead(iter(range(length)))) == list(range(length))


def test_a_short_list_needs_no_thread() -> None:
    read_by: set[int] = set()

    def rows(length: int) -> Iterator[int]:
        for number in range(length):
            read_by.add(threading.get_ident())
            yield number

    assert list(ahead(rows(2))) == [0, 1]
    assert read_by == {threading.get_ident()}
    assert list(ahead(rows(9))) == list(range(9))
    assert len(read_by) == 2


def test_what_goes_wrong_later_is_raised_here() -> None:
    def rows() -> Iterator[int]:
        yield from range(5)
        raise OSError("the server has gone away")

    taken: list[int] = []
    with pytest.raises(OSError, match="gone away"):
        taken.extend(ahead(rows()))
    assert taken == [0, 1, 2]


def test_giving_up_early_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    rows = ahead(iter(range(100)))
    assert [next(rows), next(rows)] == [0, 1]
    rows.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


@pytest.mark.django_db
def test_records_of_several_parts_are_all_there(small_office: Office) -> None:
    small_office.sync()
    target = Connection.objects.get(practice=small_office.practice, provider="xero")
    kept = Snapshot.objects.of(target, "invoice").filter(gone_at=None, problem="")
    assert kept.count() > 3 * module.AT_ONCE
    assert set(as_records(target, RecordKind.INVOICE)) == set(kept.values_list("external_id", flat=True))
