"""The comparison from a shell: one JSON object for machines, a table for people."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from sync.models import Cursor
from sync.reconcile.gathering import LISTS
from tests.make import make_practice
from tests.sync.reconcile.reading import read_lists
from tests.sync.rows import Books, make_books, make_invoice

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    made = make_books(slug="harbour")
    read_lists(made)
    make_invoice(
        made,
        number="1",
        status="issued",
        record={"contact_external_id": "", "source_created_at": "2026-07-01T00:00:00+00:00"},
    )
    return made


def called(*args: str) -> str:
    out = io.StringIO()
    call_command("reconcile", *args, stdout=out)
    return out.getvalue()


def test_it_prints_one_json_object_with_kinds_totals_and_coverage(books: Books) -> None:
    told = json.loads(called("harbour", "--json"))
    assert (told["practice"], told["found"], told["new"], told["fixed"]) == ("harbour", 1, 1, 0)
    assert told["kinds"]["invoice_missing"]["amounts"]["AUD"]["at_stake"] == "110.00"
    assert told["totals"][0]["left"] == "110.00"
    assert len(told["coverage"]) == len(LISTS)
    assert told["kinds"]["invoice_missing"]["refs"] == ["V01"]
    assert told["kinds"]["invoice_missing"]["severity"] == "critical"
    unseen = {item["code"]: item for item in told["not_checked"]}
    assert unseen["payout_surcharge_policy"]["refs"] == ["O09"]
    assert "surcharges" in unseen["payout_surcharge_policy"]["reason"]
    assert unseen["payout_fee_missing"]["refs"] == ["O07"]
    for code in ("payout_fee_missing", "payout_bank_line"):
        assert "no bank transactions at all" in unseen[code]["reason"]
    assert "mismatches" not in told


def test_every_mismatch_is_listed_for_machines(books: Books) -> None:
    (line,) = called("harbour", "--list").splitlines()
    item = json.loads(line)
    assert (item["kind"], item["refs"], item["state"]) == ("invoice_missing", ["V01"], "open")
    assert (item["at_stake"], item["currency"]) == ("110.00", "AUD")
    assert item["source_ids"]
    assert not item["target_ids"]
    told = json.loads(called("harbour", "--json", "--list"))
    assert told["mismatches"] == [item]
    make_invoice(books, at="target", number="IGN-1", record={"contact_external_id": ""})
    assert called("harbour", "--list") == "", "what is gone is not listed"


def test_people_get_a_table(books: Books) -> None:
    Cursor.objects.filter(connection=books.target, kind="payment").delete()
    told = called("harbour")
    assert "1 difference: 1 new" in told
    assert "critical       1  Invoice: not in Xero  AUD 110.00" in told
    assert "Xero payment: 0 records, NOT READ, so not compared" in told
    assert "-110.00" in told


def test_practices_that_can_t_be_compared_are_named() -> None:
    with pytest.raises(CommandError, match="no practice “nobody”"):
        called("nobody")
    make_practice("Lonely", slug="lonely")
    with pytest.raises(CommandError, match="Lonely is not connected"):
        called("lonely")
