"""The comparison from a shell where there is little or nothing to compare yet."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from practices.models import Connection
from sync.models import Mismatch
from tests.sync.reconcile.reading import read_lists
from tests.sync.rows import Books, make_books, make_invoice

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    return make_books(slug="harbour")


def told(*args: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("reconcile", "harbour", "--json", *args, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_nothing_was_read_so_nothing_is_missing(books: Books) -> None:
    make_invoice(books, number="1", record={"contact_external_id": ""})
    said = told("--list")
    assert said["mismatches"] == []
    assert {item["read_at"] for item in said["coverage"]} == {None}
    assert not [item for item in said["totals"] if item["measure"] == "invoices"]


def test_a_list_read_in_part_neither_finds_nor_closes_anything(books: Books) -> None:
    read_lists(books)
    old = {"contact_external_id": "", "source_created_at": "2026-07-01T00:00:00+00:00"}
    make_invoice(books, number="1", status="issued", record=old)
    assert [item["kind"] for item in told("--list")["mismatches"]] == ["invoice_missing"]
    books.target.cursors.filter(kind="invoice").update(completed_at=None)
    make_invoice(books, number="2", status="issued", record=old)
    assert told()["fixed"] == 0
    assert Mismatch.objects.get().state == "open"


@pytest.mark.parametrize("provider", ["ignition", "xero"])
def test_half_connected_is_not_connected(books: Books, provider: str) -> None:
    Connection.objects.filter(practice=books.practice, provider=provider).delete()
    with pytest.raises(CommandError, match="not connected to both systems"):
        told()


def test_a_practice_goes_by_its_slug_alone(books: Books) -> None:
    with pytest.raises(CommandError, match="There is no practice") as raised:
        call_command("reconcile", books.practice.name)
    assert raised.value.returncode == 1
