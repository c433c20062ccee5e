"""Answers that are odd but legal: thin, reordered, doubled, unpaged, "not modified"."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import responses

from connectors.base import Page, ReadPlan, Row, Window, Write
from connectors.errors import Rejected
from connectors.ignition.client import READ_PLANS as IGNITION_PLANS
from connectors.ignition.client import IgnitionClient
from connectors.records import Contact, Kind
from connectors.xero.client import XeroClient
from sync import reading, settle
from sync.models import Cursor, Link, Mode, Snapshot
from sync.models import Kind as DbKind
from tests.sync.rows import make_books, make_change, make_invoice

XERO = "http://xero.test"
IGNITION = "http://ignition.test"
ZERO = "00000000-0000-0000-0000-000000000000"


class Token:
    def token(self) -> str:
        return "t"

    def renew(self, rejected: str) -> str:
        return "t2"


@pytest.fixture
def net() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def xero() -> XeroClient:
    return XeroClient(api_url=XERO, tokens=Token(), tenant_external_id="tenant")


def payment(key: str, invoice: str, amount: str = "50.00", day: str = "2026-11-18") -> Write:
    values = {
        "amount": amount,
        "date": day,
        "reference": key,
        "account_code": "608",
        "invoice_external_id": invoice,
    }
    return Write(key=key, natural_key=key, external_id="", values=values)


def thin(external_id: str, invoice: str, amount: float = 50.0) -> dict[str, Any]:
    """A payment's answer as documented: no reference."""
    return {
        "PaymentID": external_id,
        "Status": "AUTHORISED",
        "Date": "/Date(1794960000000+0000)/",
        "Amount": amount,
        "Invoice": {"InvoiceID": invoice, "InvoiceNumber": "IGN-1"},
        "HasValidationErrors": False,
    }


def send(net: responses.RequestsMock, xero: XeroClient, kind: Kind, writes: list[Write], body: Any) -> Any:
    net.put(f"{XERO}/api.xro/2.0/{kind.value.title()}s", json=body)
    return xero.write(kind, "create", writes, idempotency_key="k")


def test_thin_payments_in_another_order_go_to_their_own_invoices(
    net: responses.RequestsMock, xero: XeroClient
) -> None:
    body = {"Payments": [thin("p-two", "inv-2"), thin("p-one", "inv-1")]}
    out = send(net, xero, Kind.PAYMENT, [payment("a", "inv-1"), payment("b", "inv-2")], body)
    assert [item.external_id for item in out] == ["p-one", "p-two"]


def test_two_shares_of_one_invoice_are_told_apart_by_amount(
    net: responses.RequestsMock, xero: XeroClient
) -> None:
    body = {"Payments": [thin("p-two", "inv-1", 20.0), thin("p-one", "inv-1", 50.0)]}
    out = send(net, xero, Kind.PAYMENT, [payment("a", "inv-1"), payment("b", "inv-1", "20.00")], body)
    assert [item.external_id for item in out] == ["p-one", "p-two"]


def test_an_element_for_something_else_is_never_taken_by_its_place(
    net: responses.RequestsMock, xero: XeroClient
) -> None:
    body = {"Payments": [thin("p-x", "inv-9"), thin("p-two", "inv-2")]}
    out = send(net, xero, Kind.PAYMENT, [payment("a", "inv-1"), payment("b", "inv-2")], body)
    assert out[0].unclear
    assert out[1].external_id == "p-two"


def test_one_element_never_answers_two_writes(net: responses.RequestsMock, xero: XeroClient) -> None:
    writes = [
        Write(
            key=str(number),
            natural_key="IGN-1",
            external_id="",
            values={"number": "IGN-1", "contact_external_id": "c", "total": "1.00"},
        )
        for number in (1, 2)
    ]
    good = {"InvoiceID": "x-1", "InvoiceNumber": "IGN-1", "Total": 1, "StatusAttributeString": "OK"}
    bad = {
        "InvoiceID": ZERO,
        "InvoiceNumber": "IGN-1",
        "StatusAttributeString": "ERROR",
        "ValidationErrors": [{"Message": "Invoice # must be unique."}],
    }
    out = send(net, xero, Kind.INVOICE, writes, {"Invoices": [good, bad]})
    assert [item.ok for item in out] == [True, False]
    assert out[1].messages == ("Invoice # must be unique.",)


def test_a_whole_refusal_that_names_only_the_name_holds_back_only_that_contact(
    net: responses.RequestsMock, xero: XeroClient
) -> None:
    writes = [
        Write(key=name, natural_key=f"IGN-{name}", external_id="", values={"name": name})
        for name in ("Able", "Baker")
    ]
    element = {"ContactID": ZERO, "Name": "Baker", "ValidationErrors": [{"Message": "is already assigned"}]}
    net.put(f"{XERO}/api.xro/2.0/Contacts", status=400, json={"ErrorNumber": 10, "Elements": [element]})
    out = xero.write(Kind.CONTACT, "create", writes, idempotency_key="k")
    assert [item.unclear for item in out] == [True, False]
    assert out[1].messages == ("is already assigned",)


def test_a_payment_listed_without_its_reference_is_still_found(
    net: responses.RequestsMock, xero: XeroClient
) -> None:
    net.get(
        f"{XERO}/api.xro/2.0/Payments",
        json={"Payments": [thin("p-other", "inv-1", 49.0), thin("p-one", "inv-1")]},
    )
    found = xero.find(Kind.PAYMENT, [payment("a", "inv-1")], since=datetime(2026, 11, 18, tzinfo=UTC))
    assert found["a"].external_id == "p-one"


def test_a_bill_with_our_number_is_not_our_invoice(net: responses.RequestsMock, xero: XeroClient) -> None:
    bill = {"InvoiceID": "x-bill", "InvoiceNumber": "IGN-1", "Type": "ACCPAY", "Total": 5}
    net.get(f"{XERO}/api.xro/2.0/Invoices", json={"Invoices": [bill]})
    write = Write(key="a", natural_key="IGN-1", external_id="", values={})
    assert xero.find(Kind.INVOICE, [write], since=datetime(2026, 11, 18, tzinfo=UTC)) == {}


def test_not_modified_is_an_empty_list(net: responses.RequestsMock, xero: XeroClient) -> None:
    net.get(f"{XERO}/api.xro/2.0/Contacts", status=304)
    page = xero.read_page(ReadPlan(kind=Kind.CONTACT), Window(since=datetime(2026, 11, 18, tzinfo=UTC)), None)
    assert page == Page(rows=(), next=None, read_at=None)


def contacts(start: int, count: int) -> dict[str, Any]:
    return {"Contacts": [{"ContactID": f"c-{n}", "Name": f"N {n}"} for n in range(start, start + count)]}


def read_all(client: Any, plan: ReadPlan, most: int = 20) -> list[str]:
    ids: list[str] = []
    resume = None
    for _ in range(most):
        page = client.read_page(plan, Window(), resume)
        ids += [row.external_id for row in page.rows]
        resume = page.next
        if resume is None:
            return ids
    raise AssertionError("never ends")


def test_a_list_without_a_pagination_block_is_read_to_its_end(
    net: responses.RequestsMock, xero: XeroClient
) -> None:
    for body in (contacts(0, 100), contacts(100, 100), contacts(200, 7)):
        net.get(f"{XERO}/api.xro/2.0/Contacts", json=body)
    assert len(set(read_all(xero, ReadPlan(kind=Kind.CONTACT)))) == 207


def test_a_list_that_knows_no_pages_ends_as_well(net: responses.RequestsMock, xero: XeroClient) -> None:
    net.get(f"{XERO}/api.xro/2.0/Contacts", json=contacts(0, 200))
    assert len(set(read_all(xero, ReadPlan(kind=Kind.CONTACT)))) == 200


def clients(start: int, count: int, **pagination: Any) -> dict[str, Any]:
    rows = [{"slug": f"cli_{n}", "name": f"N {n}", "state": "active"} for n in range(start, start + count)]
    return {"data": rows, "meta": {"pagination": pagination}}


def test_a_cursor_without_has_more_is_followed(net: responses.RequestsMock) -> None:
    net.get(f"{IGNITION}/reporting/clients", json=clients(0, 3, next_cursor="b"))
    net.get(f"{IGNITION}/reporting/clients", json=clients(3, 2, next_cursor=None))
    client = IgnitionClient(api_url=IGNITION, tokens=Token())
    assert len(read_all(client, ReadPlan(kind=Kind.CONTACT))) == 5


def test_an_identifier_in_capitals_is_the_same_identifier(net: responses.RequestsMock) -> None:
    body = clients(0, 1)
    body["data"][0]["xero_contact_id"] = "7C0F0D3E-6A0B-4F4E-9A55-2F6F3F8D1C21"
    net.get(f"{IGNITION}/reporting/clients", json=body)
    page = IgnitionClient(api_url=IGNITION, tokens=Token()).read_page(
        ReadPlan(kind=Kind.CONTACT), Window(), None
    )
    record = page.rows[0].record
    assert isinstance(record, Contact)
    assert record.linked["xero"] == "7c0f0d3e-6a0b-4f4e-9a55-2f6f3f8d1c21"


class Circle:
    """A list whose cursors go in a circle, or whose second page is always refused."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.calls, self.refuses = 0, refuses

    def read_plans(self) -> list[ReadPlan]:
        return [ReadPlan(kind=Kind.CONTACT)]

    def read_page(self, plan: ReadPlan, window: Window, resume: str | None) -> Page:
        self.calls += 1
        assert self.calls < 50, "never ends"
        if self.refuses and resume:
            raise Rejected("Bad cursor.", provider="ignition")
        row = Row(kind=Kind.CONTACT, external_id="c", raw={}, record=Contact(external_id="c", name="C"))
        return Page(rows=(row,), next="b" if resume in {None, "a"} else "a", read_at=None)


def walk(source: Circle) -> reading.Progress:
    books = make_books()
    wish = reading.Wish(started_at=datetime.now(UTC))
    return reading.read(books.source, source, wish, go_on=lambda kind, number: True)


@pytest.mark.django_db
def test_cursors_in_a_circle_end_the_walk() -> None:
    source = Circle()
    assert walk(source).finished
    assert source.calls == 3


@pytest.mark.django_db
def test_a_place_that_is_always_refused_ends_the_run_instead_of_looping() -> None:
    source = Circle(refuses=True)
    with pytest.raises(Rejected):
        walk(source)
    assert not Cursor.objects.get(kind="contact", variant="").walk


@pytest.mark.django_db
def test_what_a_thin_answer_leaves_out_does_not_count_as_changed_by_hand() -> None:
    books = make_books(Mode.TAKE_OVER)
    values = {"name": "Able", "email": "a@able.example", "phone": "+61 2 9000 0000", "number": "IGN-1"}
    change = make_change(books, DbKind.CONTACT, source_external_id="cli_a", values=values, state="in_flight")
    record = Contact(external_id="x", name="Able", email="a@able.example", number="IGN-1")
    row = Row(kind=Kind.CONTACT, external_id="x", raw={}, record=record)
    settle.done(change, values, "x", row)
    assert Link.objects.get().base_target["phone"] == "+61 2 9000 0000"


def test_amounts_stay_exact(xero: XeroClient, net: responses.RequestsMock) -> None:
    element = {**thin("p", "inv-1"), "Amount": "50.10"}
    out = send(net, xero, Kind.PAYMENT, [payment("a", "inv-1", "50.10")], {"Payments": [element]})
    assert out[0].record.amount == Decimal("50.10")


class Daily:
    """A list whose only object has vanished without a word."""

    def __init__(self) -> None:
        self.windows: list[Window] = []

    def read_plans(self) -> list[ReadPlan]:
        return [next(plan for plan in IGNITION_PLANS if plan.kind is Kind.INVOICE)]

    def read_page(self, plan: ReadPlan, window: Window, resume: str | None) -> Page:
        self.windows.append(window)
        return Page(rows=(), next=None, read_at=None)


@pytest.mark.django_db
def test_an_invoice_that_left_the_list_is_noticed_within_a_day() -> None:
    """A voided invoice is not listed any more, so asking for changes never shows it."""
    books = make_books()
    invoice = make_invoice(books)
    source, now = Daily(), datetime.now(UTC)
    Snapshot.objects.update(seen_at=now - timedelta(days=3))
    Cursor.objects.create(
        practice=books.practice,
        connection=books.source,
        kind="invoice",
        since=now - timedelta(days=2),
        completed_at=now - timedelta(days=1),
        full_completed_at=now - timedelta(days=2),
        full_began_at=now - timedelta(days=2),
    )
    reading.read(books.source, source, reading.Wish(started_at=now), go_on=lambda kind, number: True)
    invoice.refresh_from_db()
    assert invoice.gone_at is not None
    assert source.windows[0].since is None
