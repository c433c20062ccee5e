"""What Xero's answer to one allocation says: done, refused, or nothing at all."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Row, Write
from connectors.errors import Unavailable, Unclear
from connectors.records import Kind
from connectors.xero import allocations
from connectors.xero.failures import UNSAID

WRITE = Write(
    key="one",
    natural_key="CN-1",
    external_id="note",
    values={"invoice_external_id": "ABC", "amount": "110.00", "date": "2026-11-22"},
)
MADE = {
    "AllocationID": "a",
    "Amount": Decimal("110.00"),
    "Date": "2026-11-22T00:00:00",
    "Invoice": {"InvoiceID": "abc"},
}


def credit(*made: dict[str, Any], left: Any = Decimal(0)) -> Row:
    raw = {"Allocations": list(made), "RemainingCredit": left}
    return Row(kind=Kind.CREDIT_NOTE, external_id="note", raw=raw, record=None)


def read(kind: Kind, external_id: str) -> Row:
    assert (kind, external_id) == (Kind.CREDIT_NOTE, "note")
    return credit(MADE)


def down(kind: Kind, external_id: str) -> Row:
    raise Unavailable("Xero is away.", provider="xero")


def test_it_is_done_also_when_the_credit_can_not_be_read_after_it() -> None:
    found = allocations.outcome(Kind.CREDIT_NOTE, WRITE, {"Allocations": [MADE]}, read)
    assert (found.ok, found.external_id, found.raw) == (True, "note", credit(MADE).raw)
    found = allocations.outcome(Kind.CREDIT_NOTE, WRITE, {"Allocations": [MADE]}, down)
    assert (found.ok, found.external_id, found.record) == (True, "note", None)


def test_an_element_with_errors_is_a_refusal_in_xeros_words() -> None:
    errors = {**MADE, "StatusAttributeString": "ERROR", "ValidationErrors": [{"Message": "Too much."}]}
    found = allocations.outcome(Kind.CREDIT_NOTE, WRITE, {"Allocations": [errors]}, down)
    assert (found.ok, found.messages) == (False, ("Too much.",))


@pytest.mark.parametrize(
    "sign", [{"StatusAttributeString": "ERROR"}, {"HasErrors": True}, {"HasValidationErrors": True}]
)
def test_an_element_with_errors_and_no_message_is_a_refusal_too(sign: dict[str, Any]) -> None:
    found = allocations.outcome(Kind.CREDIT_NOTE, WRITE, {"Allocations": [{**MADE, **sign}]}, down)
    assert (found.ok, found.messages) == (False, (UNSAID,))


@pytest.mark.parametrize("day", ["2026-11-01T00:00:00", "someday", None])
def test_the_day_that_xero_gave_it_does_not_matter(day: str | None) -> None:
    made = {**MADE, "Date": day}
    assert allocations.outcome(Kind.CREDIT_NOTE, WRITE, {"Allocations": [made]}, read).ok
    assert list(allocations.find(Kind.CREDIT_NOTE, [WRITE], lambda kind, key: credit(made))) == ["one"]


@pytest.mark.parametrize(
    ("left", "is_ours"), [("110.00", False), ("109.99", True), (None, True), ("much", True)]
)
def test_an_equal_one_is_an_earlier_one_while_all_of_it_is_left(left: Any, is_ours: bool) -> None:
    found = allocations.find(Kind.CREDIT_NOTE, [WRITE], lambda kind, key: credit(MADE, left=left))
    assert bool(found) == is_ours


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"Allocations": None},
        {"Allocations": []},
        {"Allocations": ["x"]},
        {"Allocations": [{**MADE, "Amount": Decimal("11.00")}]},
        {"Allocations": [{**MADE, "Amount": "much"}]},
        {"Allocations": [{**MADE, "Invoice": {"InvoiceID": "other"}}]},
    ],
)
def test_an_answer_about_something_else_is_looked_up(answer: Any) -> None:
    with pytest.raises(Unclear):
        allocations.outcome(Kind.CREDIT_NOTE, WRITE, answer, read)


@pytest.mark.parametrize(
    "other",
    [
        {**MADE, "Amount": Decimal("109.99")},
        {**MADE, "Invoice": {"InvoiceID": "def"}},
        {**MADE, "Amount": None},
    ],
)
def test_only_the_very_allocation_is_found(other: dict[str, Any]) -> None:
    def found(*made: dict[str, Any]) -> list[str]:
        return list(allocations.find(Kind.CREDIT_NOTE, [WRITE], lambda kind, key: credit(*made)))

    assert found(other) == []
    assert found(other, MADE) == ["one"]


def test_the_body_names_invoice_amount_and_day() -> None:
    (sent,) = allocations.body(WRITE)["Allocations"]
    assert sent["Invoice"] == {"InvoiceID": "ABC"}
    assert (str(sent["Amount"]), sent["Date"]) == ("110.00", "2026-11-22")
