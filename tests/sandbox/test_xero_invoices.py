"""Invoices: numbers, status moves, what may still change, lock dates."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.world import World
from sandbox.xero.ledger import Ledger
from tests.sandbox.xero_client import Api, change, first, invoice_of, line, problems, stored

WRONG_STATUS = "Invoice not of valid status for modification"
LOCKED_BY_MONEY = "This document cannot be edited as it has a payment or credit note allocated to it"


def test_wire_shape_of_a_new_invoice(api: Api) -> None:
    made = api.invoice(api.contact("A")["ContactID"], InvoiceNumber="IGN-2207", Reference="PROP-1042")
    assert made["Date"] == "/Date(1793577600000+0000)/"
    assert made["DateString"] == "2026-11-02T00:00:00"
    assert made["DueDate"] == "/Date(1794787200000+0000)/"
    assert (made["SubTotal"], made["TotalTax"], made["Total"]) == (450.0, 45.0, 495.0)
    assert (made["AmountDue"], made["AmountPaid"], made["AmountCredited"]) == (495.0, 0.0, 0.0)
    assert (made["CurrencyCode"], made["CurrencyRate"]) == ("AUD", 1.0)
    assert made["UpdatedDateUTCString"] == "2026-11-20T02:00:00.500Z"
    assert made["LineItems"][0]["TaxType"] == "OUTPUT"
    assert made["LineItems"][0]["AccountID"]
    assert made["HasErrors"] is False


def test_status_is_draft_and_date_is_today_in_the_organisation_when_left_out(api: Api) -> None:
    api.wait(12 * 3600)  # 14:00 UTC is past midnight in Sydney
    made = api.make("Invoices", {"Type": "ACCREC", "Contact": {"Name": "A"}, "LineItems": []})
    assert made["Status"] == "DRAFT"
    assert made["DateString"] == "2026-11-21T00:00:00"


# Numbers ---------------------------------------------------------------------------------------------


def test_number_left_out_is_the_next_free_one(api: Api) -> None:
    api.invoice(InvoiceNumber="INV-0002")
    assert [api.invoice()["InvoiceNumber"] for _ in range(2)] == ["INV-0001", "INV-0003"]


def test_put_refuses_a_sales_number_that_is_taken(api: Api) -> None:
    api.invoice(InvoiceNumber="IGN-1")
    assert problems(api.put("Invoices", invoice_of(api.ledger, InvoiceNumber="ign-1"))) == [
        "Invoice # must be unique."
    ]


def test_post_with_a_taken_sales_number_takes_that_invoice_over(api: Api, ledger: Ledger) -> None:
    made = api.invoice(InvoiceNumber="IGN-1")
    taken = first(api.post("Invoices", invoice_of(ledger, InvoiceNumber="IGN-1", Reference="mine now")))
    assert taken["InvoiceID"] == made["InvoiceID"]
    assert len(ledger.invoices) == 1


def test_number_of_a_voided_or_deleted_invoice_stays_used(api: Api) -> None:
    for status, final in (("AUTHORISED", "VOIDED"), ("DRAFT", "DELETED")):
        made = api.invoice(InvoiceNumber=f"IGN-{final}", Status=status)
        first(change(api, made, Status=final))
        assert (
            "must be unique"
            in problems(api.put("Invoices", invoice_of(api.ledger, InvoiceNumber=f"IGN-{final}")))[0]
        )


def test_bills_may_share_a_number(api: Api, ledger: Ledger) -> None:
    for _ in range(2):
        api.invoice(Type="ACCPAY", InvoiceNumber="SUP-1", LineItems=[line(AccountCode="429")])
    assert len(ledger.invoices) == 2


def test_number_is_printable_ascii(api: Api) -> None:
    assert "ASCII" in problems(api.put("Invoices", invoice_of(api.ledger, InvoiceNumber="IGN-é")))[0]


def test_read_by_sales_number(api: Api) -> None:
    made = api.invoice(InvoiceNumber="IGN-1")
    assert api.rows("Invoices/IGN-1")[0]["InvoiceID"] == made["InvoiceID"]


def test_number_can_change_and_is_free_then(api: Api) -> None:
    made = api.invoice(InvoiceNumber="IGN-1")
    first(change(api, made, InvoiceNumber="IGN-2"))
    assert api.get("Invoices/IGN-1").status_code == 404
    api.invoice(InvoiceNumber="IGN-1")


# Status moves ----------------------------------------------------------------------------------------

OPEN = ["DRAFT", "SUBMITTED", "AUTHORISED"]
MOVES = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"SUBMITTED", "DRAFT", "AUTHORISED", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
}


@pytest.mark.parametrize("before", OPEN)
@pytest.mark.parametrize("after", [*OPEN, "PAID", "DELETED", "VOIDED"])
def test_status_moves(api: Api, before: str, after: str) -> None:
    made = api.invoice(Status=before)
    answer = change(api, made, Status=after)
    if after in MOVES[before]:
        assert first(answer)["Status"] == after
    else:
        assert problems(answer) == [WRONG_STATUS]
        assert stored(api, made)["Status"] == before


@pytest.mark.parametrize(("before", "final"), [("DRAFT", "DELETED"), ("AUTHORISED", "VOIDED")])
def test_deleted_and_voided_are_final(api: Api, before: str, final: str) -> None:
    made = api.invoice(Status=before)
    assert first(change(api, made, Status=final))["AmountDue"] == 0.0
    for status in ("DRAFT", "AUTHORISED", final):
        assert problems(change(api, made, Status=status)) == [WRONG_STATUS]
    assert problems(change(api, made, Reference="late")) == [WRONG_STATUS]


@pytest.mark.parametrize("status", ["PAID", "VOIDED", "DELETED", "OPEN"])
def test_new_invoice_cannot_start_in_another_status(api: Api, status: str) -> None:
    assert (
        "not valid for a new document"
        in problems(api.put("Invoices", invoice_of(api.ledger, Status=status)))[0]
    )


def test_paid_invoice_moves_only_by_its_payment(api: Api, ledger: Ledger) -> None:
    made = api.invoice()
    paid = api.pay(made["InvoiceID"], "495.00")
    assert stored(api, made)["Status"] == "PAID"
    assert stored(api, made)["FullyPaidOnDate"] == "/Date(1794960000000+0000)/"
    for status in ("AUTHORISED", "VOIDED", "DELETED"):
        assert problems(change(api, made, Status=status)) == [WRONG_STATUS]
    first(api.call("POST", f"Payments/{paid['PaymentID']}", {"Status": "DELETED"}))
    assert stored(api, made)["Status"] == "AUTHORISED"
    assert "FullyPaidOnDate" not in stored(api, made)


def test_partly_paid_invoice_cannot_be_voided(api: Api) -> None:
    made = api.invoice()
    api.pay(made["InvoiceID"], "1.00")
    assert problems(change(api, made, Status="VOIDED")) == [LOCKED_BY_MONEY]


def test_invoice_of_nothing_is_paid_once_it_is_approved(api: Api) -> None:
    assert api.invoice(LineItems=[line("0")])["Status"] == "PAID"


# What may change -------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["100.00", "495.00"])
def test_sales_invoice_with_money_keeps_its_figures(api: Api, amount: str) -> None:
    made = api.invoice()
    api.pay(made["InvoiceID"], amount)
    key = made["LineItems"][0]["LineItemID"]
    for fields in (
        {"Date": "2026-11-03"},
        {"CurrencyCode": "NZD"},
        {"LineAmountTypes": "Inclusive"},
        {"LineItems": [{"LineItemID": key, "UnitAmount": "451"}]},
        {"LineItems": [{"LineItemID": key, "TaxType": "EXEMPTOUTPUT"}]},
        {"LineItems": [{"LineItemID": key}, line("0")]},
    ):
        assert problems(change(api, made, **fields)) == [LOCKED_BY_MONEY]
    allowed = {
        "Reference": "new",
        "DueDate": "2026-12-24",
        "InvoiceNumber": "IGN-9",
        "Url": "https://app.example/1",
        "LineItems": [{"LineItemID": key, "Description": "Other words", "AccountCode": "260"}],
    }
    changed = first(change(api, made, **allowed))
    assert (changed["Reference"], changed["InvoiceNumber"]) == ("new", "IGN-9")
    assert changed["LineItems"][0]["Description"] == "Other words"
    assert changed["LineItems"][0]["AccountCode"] == "260"
    assert changed["Total"] == made["Total"]


def test_contact_of_a_paid_invoice_changes_unless_it_was_paid_by_credit(api: Api, ledger: Ledger) -> None:
    one, two = api.contact("A"), api.contact("B")
    paid = api.invoice(one["ContactID"])
    api.pay(paid["InvoiceID"], "495.00")
    moved = first(change(api, paid, Contact={"ContactID": two["ContactID"]}))
    assert moved["Contact"]["ContactID"] == two["ContactID"]
    credited = api.invoice(one["ContactID"])
    note = api.make(
        "CreditNotes",
        {"Type": "ACCRECCREDIT", "Contact": {"ContactID": one["ContactID"]}, "Status": "AUTHORISED",
         "Date": "2026-11-10", "LineItems": [line("10")]},
    )  # fmt: skip
    ledger.allocate_credit_note(
        note["CreditNoteID"], {"Invoice": {"InvoiceID": credited["InvoiceID"]}, "Amount": "11.00"}
    )
    assert problems(change(api, credited, Contact={"ContactID": two["ContactID"]})) == [LOCKED_BY_MONEY]


def test_bill_with_money_keeps_everything(api: Api) -> None:
    made = api.invoice(Type="ACCPAY", LineItems=[line(AccountCode="429")])
    api.pay(made["InvoiceID"], "1.00")
    assert problems(change(api, made, Reference="new")) == [LOCKED_BY_MONEY]


def test_unpaid_approved_invoice_may_change_completely(api: Api) -> None:
    made = api.invoice()
    changed = first(change(api, made, Date="2026-11-05", LineItems=[line("100"), line("50")]))
    assert changed["Total"] == 165.0
    assert changed["AmountDue"] == 165.0


def test_changes_that_move_no_money_on_a_partly_paid_invoice_leave_its_stamp(
    api: Api, xero_world: World
) -> None:
    made = api.invoice()
    api.pay(made["InvoiceID"], "1.00")
    before = stored(api, made)["UpdatedDateUTC"]
    xero_world.clock.advance(60)
    first(change(api, made, DueDate="2026-12-24"))
    first(change(api, made, SentToContact=True))
    assert stored(api, made)["UpdatedDateUTC"] == before
    assert stored(api, made)["DueDateString"] == "2026-12-24T00:00:00"
    first(change(api, made, Reference="visible"))
    assert stored(api, made)["UpdatedDateUTC"] != before


def test_sent_flag_on_a_draft_is_a_warning_and_not_an_error(api: Api) -> None:
    answer = api.put(
        "Invoices",
        invoice_of(api.ledger, Status="DRAFT", SentToContact=True),
        query="?summarizeErrors=false",
    )
    shown = answer.json()["Invoices"][0]
    assert shown["StatusAttributeString"] == "WARNING"
    assert shown["Warnings"] == [{"Message": "Only AUTHORISED invoices may have SentToContact updated."}]
    assert shown["SentToContact"] is False


def test_failed_deletion_echoes_the_status_that_was_asked_for(api: Api) -> None:
    made = api.invoice()
    answer = api.post(
        "Invoices", {"InvoiceID": made["InvoiceID"], "Status": "DELETED"}, query="?summarizeErrors=false"
    )
    shown = answer.json()["Invoices"][0]
    assert (shown["Status"], shown["HasErrors"], shown["StatusAttributeString"]) == ("DELETED", True, "ERROR")
    assert stored(api, made)["Status"] == "AUTHORISED"


# Rules of the whole -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"Type": "SALE"}, "Type is not valid"),
        ({"Contact": {}}, "at least 1 of the following elements"),
        ({"Contact": {"ContactNumber": "NOBODY"}}, "contact could not be found"),
        ({"Date": "2026-02-30"}, "Date is not a valid date"),
        ({"DueDate": None}, "due date cannot be empty"),
        ({"LineItems": []}, "One or more line items must be specified"),
        ({"CurrencyCode": "EUR"}, "not subscribed to currency EUR"),
        ({"LineAmountTypes": "Gross"}, "LineAmountTypes"),
        ({"Reference": "x" * 256}, "255"),
        ({"BrandingThemeID": "5d7b2f60-9e14-4c8b-8f5e-2f3b7a1c6d05"}, "branding theme"),
    ],
)
def test_invoices_have_rules(api: Api, ledger: Ledger, fields: dict[str, Any], part: str) -> None:
    answer = api.put("Invoices", {**invoice_of(ledger), **fields})
    assert any(part in message for message in problems(answer))


def test_draft_may_lack_what_an_approved_invoice_needs(api: Api) -> None:
    made = api.invoice(Status="DRAFT", DueDate=None, LineItems=[line(AccountCode=None)])
    answer = change(api, made, Status="AUTHORISED")
    assert set(problems(answer)) == {"Invoice due date cannot be empty.", "Account code must be specified."}


# Lock dates ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["period_lock_date", "end_of_year_lock_date"])
def test_locked_period(api: Api, ledger: Ledger, field: str) -> None:
    old = api.invoice()
    draft = api.invoice(Status="DRAFT")
    api.control(f"xero/{ledger.tenant_id}/organisation", **{field: "2026-11-02"})
    name = "end of year lock date" if field.startswith("end") else "period lock date"
    wanted = [f"The document date cannot be before the {name}"]
    assert problems(api.put("Invoices", invoice_of(ledger))) == wanted
    assert problems(change(api, draft, Status="AUTHORISED")) == wanted
    # An approved document in the period keeps everything, words included.
    assert problems(change(api, old, Reference="x")) == wanted
    assert problems(change(api, old, Status="VOIDED")) == wanted
    # Drafts post nothing, and the day after the lock date is open.
    api.invoice(Status="DRAFT")
    api.invoice(Date="2026-11-03")
    # A seed may write history.
    assert ledger.put_invoice(invoice_of(ledger), force=True)["Status"] == "AUTHORISED"


# Around the invoice ----------------------------------------------------------------------------------


def test_online_invoice_is_not_for_drafts(api: Api) -> None:
    made, draft = api.invoice(), api.invoice(Status="DRAFT")
    found = api.get(f"Invoices/{made['InvoiceID']}/OnlineInvoice").json()
    assert found["OnlineInvoices"][0]["OnlineInvoiceUrl"].startswith("https://in.xero.com/")
    assert "DRAFT" in problems(api.get(f"Invoices/{draft['InvoiceID']}/OnlineInvoice"))[0]


def test_email_needs_an_approved_invoice_and_an_address(api: Api) -> None:
    made = api.invoice(api.contact("A")["ContactID"])
    assert "no email address" in problems(api.call("POST", f"Invoices/{made['InvoiceID']}/Email"))[0]
    ready = api.invoice(api.contact("B", EmailAddress="b@b.example")["ContactID"])
    answer = api.call("POST", f"Invoices/{ready['InvoiceID']}/Email")
    assert (answer.status_code, answer.content) == (204, b"")
    assert stored(api, ready)["SentToContact"] is True


def test_history_notes(api: Api) -> None:
    made = api.invoice()
    path = f"Invoices/{made['InvoiceID']}/History"
    note = first(api.call("PUT", path, {"HistoryRecords": [{"Details": "Created from PROP-1042"}]}))
    assert note["User"] == "System Generated"
    found = api.get(path).json()["HistoryRecords"]
    assert [entry["Details"] for entry in found] == ["Created from PROP-1042", ""]
    assert found[1]["Changes"] == "Created"
    long = api.call("PUT", path, {"HistoryRecords": [{"Details": "x" * 2501}]})
    assert "2500" in problems(long)[0]
    assert api.get("Invoices/5d7b2f60-9e14-4c8b-8f5e-2f3b7a1c6d05/History").status_code == 404
