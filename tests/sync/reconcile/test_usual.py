"""What nobody chose in the mapping is held against what Xero usually has, and not against a guess."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from connectors.records import Line
from mappings.models import MappingSet
from mappings.services import load_choices, publish
from mappings.spec import Choices
from sandbox.server import running
from sync.models import Mismatch, Trigger
from sync.reconcile.books import Books
from sync.reconcile.running import compare_now
from sync.reconcile.usual import Booked, Usual, key_of, unchosen_taxes, usual_of
from tests.sync.conftest import NOW, Office, open_office, seeded_world
from tests.sync.reconcile.ledgers import agreeing, change, kinds


def booked(text: str, account: str, lines: int, tax: str = "OUTPUT") -> Booked:
    return Booked(text=text, account_code=account, tax_type=tax, lines=lines)


def with_usual(*rows: Booked, open_tax: bool = False) -> Books:
    books = agreeing()
    object.__setattr__(books, "usual", usual_of(rows, account="200", is_tax_open=open_tax))
    return books


def in_account(books: Books, code: str) -> Books:
    for key in ("xi0", "xi1"):
        change(books.documents, key, lines=(replace(books.documents[key].lines[0], account_code=code),))
    return books


def test_an_account_that_nobody_chose_is_the_one_that_the_service_usually_has() -> None:
    books = in_account(with_usual(booked("Bookkeeping", "202", 8), booked("Bookkeeping", "206", 1)), "202")
    assert kinds(books) == {}
    change(books.documents, "xi0", lines=(replace(books.documents["xi0"].lines[0], account_code="206"),))
    assert kinds(books) == {"invoice_account": "i0"}


def test_an_account_that_was_chosen_stays_what_is_expected() -> None:
    books = in_account(agreeing(), "202")
    object.__setattr__(
        books, "usual", usual_of([booked("Bookkeeping", "202", 9)], account="", is_tax_open=False)
    )
    assert "invoice_account" in kinds(books)


def test_what_this_app_wrote_is_held_against_the_mapping() -> None:
    books = in_account(with_usual(booked("Bookkeeping", "202", 8)), "202")
    object.__setattr__(books, "written", frozenset({"i0"}))
    assert kinds(books)["invoice_account"] == "i0"


def test_of_a_service_that_nothing_is_known_of_nothing_is_said() -> None:
    one_each = [booked("Bookkeeping", "202", 1), booked("Payroll", "206", 5)]
    assert kinds(in_account(with_usual(*one_each), "202")) == {}
    nearly_all = [booked("Bookkeeping", "202", 1), booked("Payroll", "200", 50)]
    assert "invoice_account" in kinds(in_account(with_usual(*nearly_all), "202"))


def test_what_a_document_had_when_both_agreed_counts_where_there_is_no_habit() -> None:
    books = in_account(with_usual(booked("Bookkeeping", "202", 1), booked("Bookkeeping", "206", 1)), "206")
    assert kinds(books) == {}
    books.agreed["i0"] = in_account(agreeing(), "202").documents["xi0"]
    assert kinds(books) == {"invoice_account": "i0"}


def test_a_tax_type_is_usual_only_while_nobody_has_published_a_mapping() -> None:
    rows = [booked("Bookkeeping", "200", 9, tax="TAX001")]
    books = with_usual(*rows, open_tax=True)
    for key in ("xi0", "xi1"):
        change(books.documents, key, lines=(replace(books.documents[key].lines[0], tax_type="TAX001"),))
    assert kinds(books) == {}
    object.__setattr__(books, "usual", usual_of(rows, account="200", is_tax_open=False))
    assert "invoice_tax_type" in kinds(books)


RATES = {
    **{"OUTPUT": Decimal(10), "INPUT": Decimal(10)},
    **dict.fromkeys(("EXEMPTOUTPUT", "EXEMPTEXPORT", "BASEXCLUDED"), Decimal(0)),
}


def with_tax(there: str, *rows: Booked, mapped: str = "EXEMPTOUTPUT", **known: Any) -> Books:
    """The first invoice has the tax type ``mapped`` by the mapping, and ``there`` in Xero."""
    books = agreeing(1, paid=False)
    for records, key, tax_type in ((books.documents, "xi0", there), (books.expected, "i0", mapped)):
        line = replace(books.documents["xi0"].lines[0], tax_type=tax_type)
        change(records, key, lines=(line,))
    usual = usual_of(rows, **{"account": "", "is_tax_open": False, "rates": RATES, **known})
    return replace(books, usual=usual)


UNCHOSEN = frozenset({"EXEMPTOUTPUT"})
HABIT = booked("Bookkeeping", "200", 3, tax="BASEXCLUDED")


@pytest.mark.parametrize(
    "books",
    [
        with_tax("BASEXCLUDED", is_tax_open=True),
        with_tax("BASEXCLUDED", HABIT, is_tax_open=True),
        with_tax("BASEXCLUDED", unchosen=UNCHOSEN),
        with_tax("BASEXCLUDED", HABIT, unchosen=UNCHOSEN),
    ],
)
def test_one_tax_free_type_is_as_good_as_another_where_nobody_chose(books: Books) -> None:
    assert kinds(books) == {}


@pytest.mark.parametrize(
    "books",
    [
        with_tax("OUTPUT", is_tax_open=True),
        with_tax("BASEXCLUDED", is_tax_open=True, mapped="OUTPUT"),
        with_tax("OUTPUT", unchosen=UNCHOSEN),
        with_tax("EXEMPTEXPORT", HABIT, is_tax_open=True),
        with_tax("EXEMPTEXPORT", HABIT, unchosen=UNCHOSEN),
        with_tax("BASEXCLUDED", HABIT),
        with_tax("TAX001", unchosen=UNCHOSEN),
        with_tax("OUTPUT", booked("Bookkeeping", "200", 3), unchosen=UNCHOSEN),
    ],
)
def test_another_tax_an_odd_one_out_and_what_was_chosen_are_told(books: Books) -> None:
    assert set(kinds(books)) == {"invoice_tax_type"}


def test_a_tax_type_that_changed_after_both_agreed_is_told() -> None:
    books = with_tax("EXEMPTEXPORT", is_tax_open=True)
    books.agreed["i0"] = with_tax("BASEXCLUDED").documents["xi0"]
    assert "invoice_tax_type" in kinds(books)


def test_what_this_app_wrote_keeps_the_tax_type_it_was_given() -> None:
    books = replace(with_tax("BASEXCLUDED", HABIT, is_tax_open=True), written=frozenset({"i0"}))
    assert set(kinds(books)) == {"invoice_tax_type"}


def test_a_tax_type_counts_as_chosen_once_any_label_was_given_it() -> None:
    first = Choices(default_tax="OUTPUT", tax_by_label={"GST": "OUTPUT", "Free": "EXEMPTOUTPUT", "None": ""})
    assert unchosen_taxes(first, first) == {"OUTPUT", "EXEMPTOUTPUT"}
    now = replace(first, tax_by_label={**first.tax_by_label, "None": "EXEMPTOUTPUT"})
    assert unchosen_taxes(now, first) == {"OUTPUT"}
    assert unchosen_taxes(Choices(default_tax="INPUT"), first) == frozenset()
    assert unchosen_taxes(Choices(), Choices()) == frozenset()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Bookkeeping - March 2026", "bookkeeping -"),
        ("Bookkeeping - SEPT 2026", "bookkeeping -"),
        ("BAS Q3 \nlodged by us", "bas q"),
        ("Marching band", "marching band"),
        ("2026", "2026"),
        ("", ""),
    ],
)
def test_numbers_and_months_are_no_part_of_a_service(text: str, key: str) -> None:
    assert key_of(text) == key


def test_half_and_half_is_no_habit() -> None:
    rows = [booked("BAS", "202", 2), booked("BAS", "206", 2), booked("Tax", "204", 1)]
    assert usual_of(rows, account="200", is_tax_open=True).accounts == {}
    line = Line(description="BAS", account_code="200", amount=Decimal(1))
    assert Usual().expected(line, {}) is line


@pytest.fixture
def other_office(db: None, settings: Any) -> Any:
    """Ignition's own link puts everything into another account than the suggested mapping."""
    with time_machine.travel(NOW, tick=True):
        world, report = seeded_world(clients=10, months=3, clean=True)
        ledger = world.xero.organisations[report.tenant_id]
        for document in [
            item
            for item in ledger.invoices.values()
            if item["Type"] == "ACCREC" and item["Status"] in {"AUTHORISED", "PAID"}
        ]:
            _move(ledger, document, lambda line: "202")
        with running(world) as served:
            office = open_office(served, settings, report=report)
            office.sync()
            world.clock.advance(90)
            yield office


def _move(ledger: Any, document: Any, account: Any) -> None:
    lines = [
        {"LineItemID": line["LineItemID"], "AccountCode": account(line)} for line in document["LineItems"]
    ]
    ledger.post_invoice({"InvoiceID": document["InvoiceID"], "LineItems": lines}, force=True, unitdp=4)


def _accounts(office: Office) -> list[list[str]]:
    compare_now(office.practice, trigger=Trigger.COMMAND)
    rows = Mismatch.objects.filter(practice=office.practice, kind="invoice_account", state="open")
    return [row.target_external_ids for row in rows]


def test_a_ledger_in_another_account_agrees_until_one_line_goes_astray(other_office: Office) -> None:
    office = other_office
    assert MappingSet.objects.get(practice=office.practice).created_by is None
    assert _accounts(office) == []
    document = _pushed(office)
    _move(office.ledger, document, lambda line: "260")
    office.sync()
    assert _accounts(office) == [[document["InvoiceID"]]]
    assert _accounts(office) == [[document["InvoiceID"]]], "the second time too"


def _pushed(office: Office) -> Any:
    """A document of one line that Ignition's own link made and nobody paid."""
    made = {(item["deployment"] or {}).get("external_id") for item in office.ignition.invoices}
    found = [office.ledger.invoices[key] for key in sorted(key for key in made if key)]
    return next(item for item in found if len(item["LineItems"]) == 1 and item["Status"] == "AUTHORISED")


def test_a_mapping_published_for_another_reason_chooses_no_tax_types(db: None, settings: Any) -> None:
    """Ignition's own link puts what is labelled “GST Free” into another tax-free type than the suggested one."""
    with time_machine.travel(NOW, tick=True):
        world, report = seeded_world(clients=40, months=9, clean=True)
        assert _put_elsewhere(world.xero.organisations[report.tenant_id])
        with running(world) as served:
            office = open_office(served, settings, report=report)
            office.sync()
            world.clock.advance(90)
            practice = office.practice
            assert _tax_types(office) == 0
            _, choices = load_choices(practice)
            assert choices.tax_by_label["GST Free"] == "EXEMPTOUTPUT"
            publish(practice, replace(choices, invoice_status="DRAFT"), actor=office.owner)
            assert _tax_types(office) == 0
            labels = {**choices.tax_by_label, "GST Free": "BASEXCLUDED"}
            publish(practice, replace(choices, tax_by_label=labels), actor=office.owner)
            publish(practice, choices, actor=office.owner)
            assert _tax_types(office) == 0, "back to the suggested one is as if nobody chose"


def _put_elsewhere(ledger: Any) -> int:
    """Tax-free lines into the other tax-free type, as if they had always been there; how many."""
    sales = [document for document in ledger.invoices.values() if document["Type"] == "ACCREC"]
    lines = [line for row in sales for line in row["LineItems"] if line.get("TaxType") == "EXEMPTOUTPUT"]
    for line in lines:
        line["TaxType"] = "BASEXCLUDED"
    return len(lines)


def _tax_types(office: Office) -> int:
    compare_now(office.practice, trigger=Trigger.COMMAND)
    return Mismatch.objects.filter(practice=office.practice, kind="invoice_tax_type", state="open").count()
