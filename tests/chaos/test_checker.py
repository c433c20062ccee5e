"""The comparison finds what is lost, duplicated or wrong. Each fault is planted in dumps that agree."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from chaos.expected import MUST, wanted
from tests.chaos.conftest import Day

Row = dict[str, Any]

pytestmark = pytest.mark.django_db  # for the day that is made once; the comparison itself asks no database


def sorts(day: Day) -> list[tuple[str, str]]:
    return sorted({(finding.sort, finding.kind) for finding in day.compare().findings})


def keys(day: Day, kind: str) -> set[str]:
    """Numbers and references under which records have to be in Xero."""
    return {
        item.key[0]
        for item in wanted(day.ignition, day.house.known())
        if (item.kind, item.whether) == (kind, MUST)
    }


def contact(day: Day) -> Row:
    musts = keys(day, "contact")
    return next(row for row in day.xero["contacts"] if row.get("ContactNumber") in musts)


def invoice(day: Day) -> Row:
    """One without money on it."""
    musts = keys(day, "invoice") - {f"IGN-{row['reference_number']}" for row in _with_versions(day)}
    rows = [row for row in day.xero["invoices"] if row["InvoiceNumber"] in musts]
    return next(row for row in rows if row["Status"] == "AUTHORISED" and not row["AmountPaid"])


def payment(day: Day) -> Row:
    musts = keys(day, "payment")
    return next(row for row in day.xero["payments"] if row.get("Reference") in musts)


def _with_versions(day: Day) -> list[Row]:
    versions = day.house.people.notes.versions
    return [row for row in day.ignition["invoices"] if row["slug"] in versions]


def test_a_good_day_has_no_findings_and_compares_everything(day: Day) -> None:
    result = day.compare()
    assert [str(finding) for finding in result.findings] == []
    assert result.must["contact"] >= 8
    assert result.must["invoice"] >= 15
    assert result.must["payment"] >= 8
    assert result.records >= day.house.wanted


class TestLost:
    @pytest.mark.parametrize(
        ("shelf", "find"), [("contacts", contact), ("invoices", invoice), ("payments", payment)]
    )
    def test_a_record_that_is_not_there(self, day: Day, shelf: str, find: Callable[[Day], Row]) -> None:
        gone = find(day)
        day.xero[shelf].remove(gone)
        assert ("lost", shelf[:-1]) in sorts(day)
        assert day.compare().count("lost") == 1

    def test_a_payment_that_was_taken_back_counts_as_lost(self, day: Day) -> None:
        payment(day)["Status"] = "DELETED"
        assert ("lost", "payment") in sorts(day)


class TestDuplicated:
    def test_a_contact_without_our_number(self, day: Day) -> None:
        day.xero["contacts"].append({**contact(day), "ContactID": "another", "ContactNumber": None})
        assert sorts(day) == [("duplicated", "contact")]

    def test_a_contact_with_our_number(self, day: Day) -> None:
        day.xero["contacts"].append({**contact(day), "ContactID": "another"})
        assert sorts(day) == [("duplicated", "contact")]

    def test_an_invoice_under_another_number(self, day: Day) -> None:
        day.xero["invoices"].append(
            {**invoice(day), "InvoiceID": "another", "InvoiceNumber": "INV-9999", "AmountPaid": 0}
        )
        assert sorts(day) == [("duplicated", "invoice")]

    def test_an_invoice_that_ignitions_own_link_had_pushed(self, day: Day) -> None:
        slug = next(iter(day.house.report["native_invoices"]))
        row = next(row for row in day.ignition["invoices"] if row["slug"] == slug)
        again = {
            **invoice(day),
            "InvoiceID": "again",
            "InvoiceNumber": f"IGN-{row['reference_number']}",
            "AmountPaid": 0,
        }
        day.xero["invoices"].append(again)
        assert sorts(day) == [("duplicated", "invoice")]

    def test_a_payment(self, day: Day) -> None:
        day.xero["payments"].append({**payment(day), "PaymentID": "another"})
        assert ("duplicated", "payment") in sorts(day)

    def test_a_draft_or_a_payment_under_way_that_was_written(self, day: Day) -> None:
        number = invoice(day)["InvoiceNumber"]
        row = next(row for row in day.ignition["invoices"] if f"IGN-{row['reference_number']}" == number)
        row["state"] = "draft"
        reference = payment(day)["Reference"]
        next(row for row in day.ignition["payments"] if row["slug"] == reference)["state"] = "collecting"
        assert {("duplicated", "invoice"), ("duplicated", "payment")} <= set(sorts(day))


class TestWrong:
    @pytest.mark.parametrize(
        ("field", "value"),
        [("Name", "Somebody else"), ("EmailAddress", "other@example.com"), ("ContactStatus", "ARCHIVED")],
    )
    def test_a_contact(self, day: Day, field: str, value: str) -> None:
        contact(day)[field] = value
        assert sorts(day) == [("wrong", "contact")]

    def test_a_phone_number(self, day: Day) -> None:
        phone = next(entry for entry in contact(day)["Phones"] if entry["PhoneType"] == "DEFAULT")
        phone["PhoneNumber"] = "1234 5678"
        assert sorts(day) == [("wrong", "contact")]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("Reference", "PROP-0"),
            ("Date", "2020-01-01"),
            ("DueDate", "2020-01-01"),
            ("LineAmountTypes", "NoTax"),
            ("TotalTax", Decimal("0.01")),
            ("CurrencyCode", "USD"),
            ("Status", "DRAFT"),
            ("Contact", {"ContactID": "nobody"}),
        ],
    )
    def test_an_invoice(self, day: Day, field: str, value: Any) -> None:
        invoice(day)[field] = value
        assert sorts(day) == [("wrong", "invoice")]

    @pytest.mark.parametrize(
        ("field", "value"),
        [("AccountCode", "260"), ("TaxType", "NONE"), ("LineAmount", 1), ("Description", "?")],
    )
    def test_a_line(self, day: Day, field: str, value: Any) -> None:
        invoice(day)["LineItems"][0][field] = value
        assert sorts(day) == [("wrong", "invoice")]

    @pytest.mark.parametrize(
        ("field", "value"), [("Date", "2020-01-01"), ("Account", {"AccountID": "another"})]
    )
    def test_a_payment(self, day: Day, field: str, value: Any) -> None:
        payment(day)[field] = value
        assert sorts(day) == [("wrong", "payment")]

    def test_an_amount_that_is_a_cent_off(self, day: Day) -> None:
        paid = payment(day)
        paid["Amount"] = Decimal(str(paid["Amount"])) - Decimal("0.01")
        assert ("wrong", "payment") in sorts(day)

    def test_an_invoice_with_too_much_money_on_it(self, day: Day) -> None:
        row = invoice(day)
        row["AmountPaid"] = Decimal(str(row["Total"])) + 1
        extra = {
            **payment(day),
            "PaymentID": "extra",
            "Amount": row["AmountPaid"],
            "Invoice": {"InvoiceID": row["InvoiceID"]},
        }
        day.xero["payments"].append(extra)
        assert any("overpaid" in finding.text for finding in day.compare().findings)

    def test_what_somebody_typed_in_xero_was_overwritten(self, day: Day) -> None:
        ((key, typed),) = day.house.people.notes.edits.items()
        row = next(row for row in day.xero["contacts"] if row["ContactID"] == key)
        if "email" in typed:
            row["EmailAddress"] = "from@ignition.example"
        else:
            next(entry for entry in row["Phones"] if entry["PhoneType"] == "DEFAULT")["PhoneNumber"] = (
                "0000 0000"
            )
        (finding,) = day.compare().findings
        assert "typed in Xero" in finding.text

    def test_what_was_there_before_was_changed(self, day: Day) -> None:
        old = day.house.before["invoices"][0]["InvoiceID"]
        next(row for row in day.xero["invoices"] if row["InvoiceID"] == old)["Reference"] = "changed"
        assert sorts(day) == [("wrong", "invoice")]


def test_a_voided_invoice_may_stand_as_it_once_was_or_not_at_all(day: Day) -> None:
    row = next(row for row in _with_versions(day) if row["state"] == "voided")
    number = f"IGN-{row['reference_number']}"
    day.xero["invoices"] = [item for item in day.xero["invoices"] if item["InvoiceNumber"] != number]
    assert day.compare().findings == []
