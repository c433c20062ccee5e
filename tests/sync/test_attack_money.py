"""Attacks on amounts and on what counts as paid, pushed or changed. Pure."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connectors.ignition import parse
from connectors.records import Collection, Invoice, Payment
from mappings.mapped import Issue, Mapped
from mappings.spec import Choices
from sync.documents import Allocation, Ledger, allocate, match_invoice, match_payment
from sync.plan import invoice_update, may_write_payment

D = Decimal


def at(day: int, hour: int = 3) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def payment(
    external_id: str, status: str, day: int, *invoices: str, amount: str = "100", **extra: Any
) -> Payment:
    return Payment(
        external_id=external_id,
        status=status,
        source_created_at=at(day),
        collected_at=at(day) if status not in {"cancelled", "uncollected"} else None,
        invoice_external_ids=invoices,
        amount=D(amount),
        **extra,
    )


def row(external_id: str, invoice: str, day: int, amount: str = "100", **extra: Any) -> Collection:
    return Collection(
        external_id=external_id,
        invoice_external_id=invoice,
        amount=D(amount),
        started_at=extra.pop("started_at", at(day)),
        **extra,
    )


def by_id(items: list[Allocation]) -> dict[str, Allocation]:
    return {item.source_external_id: item for item in items}


def test_a_failed_try_does_not_take_the_money_rows_of_the_try_that_worked() -> None:
    tries = [payment("a", "cancelled", 1, "i", "j"), payment("b", "collected", 3, "i", "j")]
    found = by_id(allocate(tries, [row("1", "i", 3, "60"), row("2", "j", 3, "40")], {}))
    assert found["b/i"].problem == ""
    assert (found["b/i"].amount, found["b/j"].amount) == (D(60), D(40))


def test_a_failed_try_does_not_take_the_clawback_of_the_try_that_worked() -> None:
    tries = [payment("a", "cancelled", 1, "i"), payment("b", "collected", 3, "i")]
    found = by_id(allocate(tries, [row("1", "i", 3), row("2", "i", 9, is_clawback=True)], {}))
    assert found["b/i"].clawed_back


def test_a_clawback_that_carries_its_payments_beginning_counts() -> None:
    """The row's ``payment.started_at`` may be that of the payment, minutes before it was collected."""
    back = row("2", "i", 3, is_clawback=True, started_at=at(3, 2))
    found = by_id(allocate([payment("b", "collected", 3, "i")], [back], {}))
    assert found["b/i"].clawed_back


def test_a_clawback_before_a_payment_is_not_the_payments() -> None:
    back = row("2", "i", 1, is_clawback=True)
    assert not by_id(allocate([payment("b", "collected", 9, "i")], [back], {}))["b/i"].clawed_back


def test_a_surcharge_counted_into_the_payment_never_reaches_the_invoice() -> None:
    one = payment("b", "collected", 3, "i", amount="102", surcharge=D(2))
    assert by_id(allocate([one], [row("1", "i", 3)], {}))["b/i"].amount == D(100)
    bill = {"i": Invoice(external_id="i", contact_external_id="c", total=D(100))}
    assert by_id(allocate([one], [row("1", "i", 3, "102")], bill))["b/i"].amount == D(100), "nor into its row"
    assert by_id(allocate([one], [], bill))["b/i"].amount == D(100)
    larger = {"i": Invoice(external_id="i", contact_external_id="c", total=D(102))}
    assert by_id(allocate([one], [row("1", "i", 3, "102")], larger))["b/i"].amount == D(102)
    two = payment("c", "collected", 3, "i", "j", amount="102", surcharge=D(2))
    found = by_id(allocate([two], [row("1", "i", 3, "60"), row("2", "j", 3, "40")], {}))
    assert (found["c/i"].amount, found["c/j"].amount) == (D(60), D(40))


def test_another_payments_receipt_is_not_taken_for_equal_amounts() -> None:
    there = [Payment(external_id="x", amount=D(50), date=date(2026, 11, 3), reference="pypay_b")]
    match = match_payment(
        reference="pypay_a",
        amount=D(50),
        paid_on=date(2026, 11, 3),
        there=there,
        taken=set(),
        others={"pypay_a", "pypay_b"},
    )
    assert match.external_id == ""


def test_a_payment_collected_on_the_first_morning_is_not_before_the_start() -> None:
    """Half past eight in Sydney on the first day is still the day before in UTC."""
    item = Allocation(payment=payment("a", "collected", 30, "i"), invoice_external_id="i", amount=D(1))
    choices = Choices(documents_from=date(2026, 12, 1))
    assert may_write_payment(item, choices, collected_on=date(2026, 12, 1)) is None
    assert may_write_payment(item, choices, collected_on=date(2026, 11, 30)) is not None


def ledger(**extra: Any) -> Ledger:
    there = Invoice(external_id="x", number="IGN-1", contact_external_id="c-other", **extra)
    return Ledger({"x": there})


def source(**extra: Any) -> Invoice:
    return Invoice(external_id="i", contact_external_id="cli", total=D(100), **extra)


def test_a_foreign_invoice_under_our_number_is_for_a_person() -> None:
    match = match_invoice(
        source(), contact_external_ids=["c"], own_number="IGN-1", total=D(100), ledger=ledger(total=D(7))
    )
    assert (match.external_id, len(match.candidates)) == ("", 1)


def test_our_own_invoice_is_recognised_whatever_changed_in_the_source() -> None:
    for contacts in (["c-other"], []):
        match = match_invoice(
            source(),
            contact_external_ids=contacts,
            own_number="IGN-1",
            total=D(100),
            ledger=ledger(total=D(7)),
        )
        assert match.external_id == "x"


INVOICE = {"slug": "inv_a", "amount": {"total": 1, "currency": "AUD"}, "items": []}


def test_a_push_in_words_we_do_not_know_is_not_taken_for_no_push() -> None:
    made = parse.invoice({**INVOICE, "deployment": {"ledgerInvoiceId": "X", "completedAt": "2026-11-01"}})
    assert made.native is not None
    assert made.native.state == "unknown"
    assert parse.invoice({**INVOICE, "deployment": {"state": None, "external_id": None}}).native is None
    shouted = parse.invoice({**INVOICE, "deployment": {"status": "Completed", "external_id": "ABC"}}).native
    assert shouted is not None
    assert (shouted.state, shouted.external_id) == ("completed", "abc")


def test_numbers_written_another_way_are_no_change() -> None:
    base = {
        "reference": "PROP-1",
        "total": "495.00",
        "lines": [{"description": "Books", "quantity": "1", "unit_amount": "450.0", "external_id": "l"}],
    }
    now = {**base, "lines": [{"description": "Books", "quantity": "1.00", "unit_amount": "450"}]}
    target = source(status="AUTHORISED")
    assert invoice_update(Mapped(values=now), target, base, was_written=True).action == "nothing"
    dearer = {**base, "lines": [{"description": "Books", "quantity": "1", "unit_amount": "451"}]}
    assert (
        invoice_update(Mapped(values=dearer | EMPTY), target, base | EMPTY, was_written=True).action
        == "update"
    )


EMPTY = {"line_amounts": "Exclusive", "subtotal": "450.00", "tax": "45.00"}


def test_a_paid_document_is_locked_whatever_the_mapping_lacks_now() -> None:
    base = {"reference": "PROP-1", "due_date": "2026-11-14", "lines": []}
    gone = Issue("account_gone", "account", "The account 200 is not active in Xero any more.")
    now = Mapped(values={**base, "due_date": "2026-11-24"}, issues=(gone,))
    paid = source(status="PAID", amount_paid=D(100))
    assert invoice_update(now, paid, base, was_written=True).reason == "locked_by_money"
    open_one = source(status="AUTHORISED")
    assert invoice_update(now, open_one, base, was_written=True).reason == "account_gone"
