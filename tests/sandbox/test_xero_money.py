"""Payments, batch payments, credit notes, money in advance, and what they do to invoices."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world import World
from sandbox.xero.ledger import Ledger
from tests.sandbox.xero_client import Api, first, line, payment_of, problems


def stored(api: Api, invoice: dict[str, Any]) -> dict[str, Any]:
    return api.rows(f"Invoices/{invoice['InvoiceID']}")[0]


def undo(api: Api, payment: dict[str, Any]) -> Any:
    return api.call("POST", f"Payments/{payment['PaymentID']}", {"Payments": [{"Status": "DELETED"}]})


def test_payment_shape(api: Api) -> None:
    made = api.invoice(InvoiceNumber="IGN-2207")
    paid = api.pay(made["InvoiceID"], "495.00", Reference="IGN payout 2026-11-18")
    assert paid["Date"] == "/Date(1794960000000+0000)/"
    assert (paid["Amount"], paid["BankAmount"], paid["CurrencyRate"]) == (495.0, 495.0, 1.0)
    assert (paid["PaymentType"], paid["Status"]) == ("ACCRECPAYMENT", "AUTHORISED")
    assert (paid["HasAccount"], paid["IsReconciled"]) == (True, False)
    assert paid["Account"]["Code"] == "608"
    assert paid["Invoice"]["InvoiceNumber"] == "IGN-2207"
    assert paid["Reference"] == "IGN payout 2026-11-18"
    assert paid["HasValidationErrors"] is False


def test_part_payments_then_settled(api: Api) -> None:
    made = api.invoice()
    api.pay(made["InvoiceID"], "200.00")
    found = stored(api, made)
    assert (found["Status"], found["AmountDue"], found["AmountPaid"]) == ("AUTHORISED", 295.0, 200.0)
    api.pay(made["InvoiceID"], "295.00")
    found = stored(api, made)
    assert (found["Status"], found["AmountDue"], found["AmountPaid"]) == ("PAID", 0.0, 495.0)
    # Inside the invoice a payment shows no account.
    assert [entry["HasAccount"] for entry in found["Payments"]] == [False, False]


def test_payment_moves_the_stamp_of_its_invoice(api: Api, xero_world: World) -> None:
    made = api.invoice()
    xero_world.clock.advance(60)
    api.pay(made["InvoiceID"], "1.00")
    assert stored(api, made)["UpdatedDateUTC"] != made["UpdatedDateUTC"]


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"Amount": "495.01"}, "Payment amount exceeds the amount outstanding on this document"),
        ({"Amount": "0"}, "greater than zero"),
        ({"Amount": "-5"}, "greater than zero"),
        ({"Amount": "1.005"}, "2 decimal places"),
        ({"Amount": None}, "must be specified"),
        ({"Account": {"Code": "200"}}, "cannot be used for payments"),
        ({"Account": {"Code": "999"}}, "Account could not be found"),
        ({"Account": None}, "must have an Account"),
        ({"Invoice": None}, "exactly one of"),
        ({"CreditNote": {"CreditNoteID": "5d7b2f60-9e14-4c8b-8f5e-2f3b7a1c6d05"}}, "exactly one of"),
        ({"Invoice": {"InvoiceID": "5d7b2f60-9e14-4c8b-8f5e-2f3b7a1c6d05"}}, "Invoice could not be found"),
        ({"CurrencyRate": "-1"}, "CurrencyRate"),
    ],
)
def test_payments_have_rules(api: Api, ledger: Ledger, fields: dict[str, Any], part: str) -> None:
    made = api.invoice()
    answer = api.put("Payments", {**payment_of(made["InvoiceID"], "495.00"), **fields})
    assert part in problems(answer)[0]
    assert not ledger.payments
    assert stored(api, made)["AmountDue"] == 495.0


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED"])
def test_only_approved_invoices_are_paid(api: Api, status: str) -> None:
    made = api.invoice(Status=status)
    assert problems(api.put("Payments", payment_of(made["InvoiceID"], "1.00"))) == [
        "Payments can only be made against Authorised documents"
    ]


def test_bank_account_by_id_takes_payments(api: Api, ledger: Ledger) -> None:
    bank = ledger.account({"Code": "090"})
    assert bank is not None
    made = api.invoice()
    paid = api.make(
        "Payments", {**payment_of(made["InvoiceID"], "1.00"), "Account": {"AccountID": bank["AccountID"]}}
    )
    assert paid["Account"]["Code"] == "090"


def test_payment_date_in_a_locked_period_is_refused(api: Api, ledger: Ledger) -> None:
    made = api.invoice()
    ledger.period_lock_date = "2026-11-18"
    assert "lock date" in problems(api.put("Payments", payment_of(made["InvoiceID"], "1.00")))[0]
    assert api.pay(made["InvoiceID"], "1.00", Date="2026-11-19")


def test_payments_are_undone_and_never_edited(api: Api) -> None:
    made = api.invoice()
    paid = api.pay(made["InvoiceID"], "495.00")
    refused = api.call("POST", f"Payments/{paid['PaymentID']}", {"Amount": 5})
    assert "can only be deleted" in problems(refused)[0]
    assert first(undo(api, paid))["Status"] == "DELETED"
    assert (stored(api, made)["Status"], stored(api, made)["AmountDue"]) == ("AUTHORISED", 495.0)
    assert "already been deleted" in problems(undo(api, paid))[0]
    # The deleted payment stays in the list: the only sign of an undo.
    assert [row["Status"] for row in api.rows("Payments")] == ["DELETED"]
    assert stored(api, made)["Payments"] == []
    # And now it can be voided.
    first(api.post("Invoices", {"InvoiceID": made["InvoiceID"], "Status": "VOIDED"}))


def test_payment_of_a_bill_and_in_another_currency(api: Api) -> None:
    bill = api.invoice(Type="ACCPAY", LineItems=[line(AccountCode="429")])
    assert api.pay(bill["InvoiceID"], "1.00")["PaymentType"] == "ACCPAYPAYMENT"
    foreign = api.invoice(CurrencyCode="NZD", CurrencyRate="1.1")
    paid = api.pay(foreign["InvoiceID"], "110.00")
    # The bank line is in the currency of the account.
    assert (paid["Amount"], paid["BankAmount"], paid["CurrencyRate"]) == (110.0, 100.0, 1.1)


def test_mixed_batch_of_payments_keeps_the_good_ones(api: Api) -> None:
    made = api.invoice()
    answer = api.put(
        "Payments",
        payment_of(made["InvoiceID"], "400.00"),
        payment_of(made["InvoiceID"], "100.00"),
        payment_of(made["InvoiceID"], "95.00"),
        query="?summarizeErrors=false",
    )
    shown = answer.json()["Payments"]
    assert [entry["StatusAttributeString"] for entry in shown] == ["OK", "ERROR", "OK"]
    assert shown[1]["PaymentID"] == "00000000-0000-0000-0000-000000000000"
    assert shown[1]["HasValidationErrors"] is True
    assert stored(api, made)["Status"] == "PAID"


# Batch payments --------------------------------------------------------------------------------------


def batch_of(*parts: tuple[dict[str, Any], str], **fields: Any) -> dict[str, Any]:
    return {
        "Account": {"Code": "608"},
        "Date": "2026-11-18",
        "Payments": [
            {"Invoice": {"InvoiceID": made["InvoiceID"]}, "Amount": amount} for made, amount in parts
        ],
        **fields,
    }


def test_batch_pays_many_invoices_and_is_undone_as_a_whole(api: Api) -> None:
    one, two = api.invoice(), api.invoice()
    batch = api.make("BatchPayments", batch_of((one, "495.00"), (two, "95.00")))
    assert (batch["Type"], batch["TotalAmount"], batch["Status"]) == ("RECBATCH", 590.0, "AUTHORISED")
    assert stored(api, one)["Status"] == "PAID"
    member = api.rows("Payments")[0]
    assert member["BatchPaymentID"] == batch["BatchPaymentID"]
    assert "part of a batch payment" in problems(undo(api, member))[0]
    gone = api.post("BatchPayments", {"BatchPaymentID": batch["BatchPaymentID"], "Status": "DELETED"})
    assert first(gone)["Status"] == "DELETED"
    assert stored(api, one)["AmountDue"] == 495.0
    assert {row["Status"] for row in api.rows("Payments")} == {"DELETED"}
    again = api.call("POST", f"BatchPayments/{batch['BatchPaymentID']}", {"Status": "DELETED"})
    assert "already been deleted" in problems(again)[0]


def test_bad_batch_pays_nothing(api: Api, ledger: Ledger) -> None:
    one, two = api.invoice(), api.invoice()
    bill = api.invoice(Type="ACCPAY", LineItems=[line(AccountCode="429")])
    foreign = api.invoice(CurrencyCode="NZD")
    for parts, part in (
        ([(one, "1.00"), (two, "495.01")], "exceeds the amount outstanding"),
        ([(one, "300.00"), (one, "300.00")], "exceeds the amount outstanding"),
        ([(one, "1.00"), (bill, "1.00")], "cannot mix"),
        ([(foreign, "1.00")], "base currency"),
        ([], "at least one payment"),
    ):
        assert part in problems(api.put("BatchPayments", batch_of(*parts)))[0]
    assert not ledger.payments
    assert stored(api, one)["AmountDue"] == 495.0


def test_batch_holds_no_credit_notes(api: Api) -> None:
    payload = batch_of() | {"Payments": [{"CreditNote": {"CreditNoteID": "x"}, "Amount": "1"}]}
    assert "only hold payments of invoices" in problems(api.put("BatchPayments", payload))[0]


@pytest.mark.parametrize(
    ("country", "field", "longest"),
    [("NZ", "Particulars", 12), ("NZ", "Code", 12), ("NZ", "Reference", 12), ("AU", "Details", 18),
     ("GB", "Narrative", 18)],
)  # fmt: skip
def test_bank_texts_of_a_batch_are_short(xero_world: World, country: str, field: str, longest: int) -> None:
    api = Api(xero_world, xero_world.xero.add_organisation("Books", country))
    made = api.invoice()
    refused = api.put("BatchPayments", batch_of((made, "1.00"), **{field: "x" * (longest + 1)}))
    assert str(longest) in problems(refused)[0]
    assert api.make("BatchPayments", batch_of((made, "1.00"), **{field: "x" * longest}))[field]


# Credit notes ----------------------------------------------------------------------------------------


def credit_of(contact_id: str, amount: str = "100", **fields: Any) -> dict[str, Any]:
    return {
        "Type": "ACCRECCREDIT",
        "Contact": {"ContactID": contact_id},
        "Date": "2026-11-10",
        "Status": "AUTHORISED",
        "LineItems": [line(amount)],
        **fields,
    }


def allocate(api: Api, note: dict[str, Any], invoice: dict[str, Any], amount: str) -> Any:
    body = {
        "Allocations": [
            {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": amount, "Date": "2026-11-18"}
        ]
    }
    return api.call("PUT", f"CreditNotes/{note['CreditNoteID']}/Allocations", body)


def test_credit_note_is_applied_and_taken_back(api: Api) -> None:
    contact = api.contact("A")["ContactID"]
    made, note = api.invoice(contact), api.make("CreditNotes", credit_of(contact))
    assert (note["CreditNoteNumber"], note["RemainingCredit"]) == ("CN-0001", 110.0)
    done = first(allocate(api, note, made, "60.00"))
    found = stored(api, made)
    assert (found["AmountCredited"], found["AmountDue"]) == (60.0, 435.0)
    assert found["CreditNotes"][0]["AppliedAmount"] == 60.0
    assert api.rows(f"CreditNotes/{note['CreditNoteID']}")[0]["RemainingCredit"] == 50.0
    first(allocate(api, note, made, "50.00"))
    assert api.rows("CreditNotes/CN-0001")[0]["Status"] == "PAID"
    # Voiding is refused while credit is applied.
    assert problems(api.post("Invoices", {"InvoiceID": made["InvoiceID"], "Status": "VOIDED"}))
    path = f"CreditNotes/{note['CreditNoteID']}/Allocations/{done['AllocationID']}"
    assert api.call("DELETE", path).json()["IsDeleted"] is True
    assert stored(api, made)["AmountDue"] == 445.0
    assert api.rows("CreditNotes/CN-0001")[0]["Status"] == "AUTHORISED"
    assert api.call("DELETE", path).status_code == 404


def made_on(api: Api, invoice: dict[str, Any]) -> str:
    return str(api.ledger.invoices[invoice["InvoiceID"]]["Date"])


def test_an_organisation_may_date_allocations_itself(api: Api) -> None:
    contact = api.contact("A")["ContactID"]
    made, note = api.invoice(contact), api.make("CreditNotes", credit_of(contact))
    later = max("2026-11-10", made_on(api, made))
    first(allocate(api, note, made, "60.00"))
    api.ledger.dates_allocations = True
    first(allocate(api, note, made, "50.00"))
    done = api.ledger.credit_notes[note["CreditNoteID"]]["_allocations"]
    assert [item["Date"] for item in done] == ["2026-11-18", later]
    assert later != "2026-11-18"


def test_allocation_rules(api: Api) -> None:
    contact = api.contact("A")["ContactID"]
    made, note = api.invoice(contact), api.make("CreditNotes", credit_of(contact))
    small = api.invoice(contact, LineItems=[line("1")])
    draft = api.invoice(contact, Status="DRAFT")
    foreign = api.invoice(contact, CurrencyCode="NZD")
    bill = api.invoice(contact, Type="ACCPAY", LineItems=[line(AccountCode="429")])
    for target, amount, part in (
        (api.invoice(), "1.00", "same contact"),
        (made, "110.01", "exceeds the remaining credit"),
        (small, "2.00", "exceeds the amount outstanding"),
        (draft, "1.00", "Authorised documents"),
        (foreign, "1.00", "same currency"),
        (bill, "1.00", "document of this type"),
        (made, "0", "greater than zero"),
    ):
        assert part in problems(allocate(api, note, target, amount))[0]


def test_refund_of_a_credit_note_is_a_payment(api: Api) -> None:
    contact = api.contact("A")["ContactID"]
    note = api.make("CreditNotes", credit_of(contact))
    refund = api.make(
        "Payments",
        {"CreditNote": {"CreditNoteID": note["CreditNoteID"]}, "Account": {"Code": "090"},
         "Date": "2026-11-18", "Amount": "110.00"},
    )  # fmt: skip
    assert refund["PaymentType"] == "ARCREDITPAYMENT"
    assert api.rows(f"CreditNotes/{note['CreditNoteID']}")[0]["RemainingCredit"] == 0.0


def test_credit_notes_have_unique_numbers_and_no_discounts(api: Api) -> None:
    contact = api.contact("A")["ContactID"]
    api.make("CreditNotes", credit_of(contact, CreditNoteNumber="C-1"))
    assert "must be unique" in problems(api.put("CreditNotes", credit_of(contact, CreditNoteNumber="C-1")))[0]
    bad = credit_of(contact, LineItems=[line(DiscountRate="5")])
    assert "Discounts are not valid" in problems(api.put("CreditNotes", bad))[0]
    changed = first(api.post("CreditNotes", {"CreditNoteNumber": "C-1", "Reference": "note"}))
    assert changed["Reference"] == "note"
    voided = first(api.post("CreditNotes", {"CreditNoteNumber": "C-1", "Status": "VOIDED"}))
    assert voided["RemainingCredit"] == 0.0


# Money in advance ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "resource", "amount", "refund"),
    [
        ("RECEIVE-OVERPAYMENT", "Overpayments", 100.0, "AROVERPAYMENTPAYMENT"),
        ("RECEIVE-PREPAYMENT", "Prepayments", 110.0, "ARPREPAYMENTPAYMENT"),
    ],
)
def test_money_in_advance_comes_from_a_bank_transaction(
    api: Api, kind: str, resource: str, amount: float, refund: str
) -> None:
    contact = api.contact("A")["ContactID"]
    made = api.make(
        "BankTransactions",
        {"Type": kind, "Contact": {"ContactID": contact}, "BankAccount": {"Code": "090"},
         "Date": "2026-11-10", "LineItems": [line("100")]},
    )  # fmt: skip
    id_field = f"{resource.removesuffix('s')}ID"
    advance = api.rows(resource)[0]
    assert advance[id_field] == made[id_field]
    assert (advance["Total"], advance["RemainingCredit"]) == (amount, amount)
    invoice = api.invoice(contact)
    body = {"Allocations": [{"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": "40.00"}]}
    first(api.call("PUT", f"{resource}/{advance[id_field]}/Allocations", body))
    assert api.rows(f"{resource}/{advance[id_field]}")[0]["RemainingCredit"] == amount - 40
    assert stored(api, invoice)[resource][0]["AppliedAmount"] == 40.0
    paid = api.make(
        "Payments",
        {id_field.removesuffix("ID"): {id_field: advance[id_field]}, "Account": {"Code": "090"},
         "Date": "2026-11-18", "Amount": "10.00"},
    )  # fmt: skip
    assert paid["PaymentType"] == refund


def test_bank_transaction_needs_a_bank_account(api: Api) -> None:
    bad = {"Type": "RECEIVE", "Contact": {"Name": "A"}, "BankAccount": {"Code": "608"}, "LineItems": [line()]}
    assert "type BANK" in problems(api.put("BankTransactions", bad))[0]
