"""Attacks on the plan: what may already be in the ledger is not sent, and the work doesn't multiply."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.records import Account, Contact, Invoice, Line, NativePush, TaxRate
from mappings.engine import Catalogue
from mappings.spec import Choices, Facts, Spec
from practices.models import Connection, Practice
from sync.invoices import plan_invoices, vanished_invoices
from sync.models import Link, Review, ReviewState
from sync.plan import Decision
from sync.planned import Planned
from sync.world import Sides, World

SPEC = Spec(
    version=1,
    choices=Choices(sales_account="200", default_tax="OUTPUT"),
    facts=Facts(
        accounts={"200": Account(external_id="a", name="Sales", code="200", status="ACTIVE")},
        tax_rates={"OUTPUT": TaxRate(external_id="OUTPUT", name="GST", rate=Decimal(10), for_revenue=True)},
        base_currency="AUD",
    ),
)


def world(invoices: list[Invoice], contacts: Mapping[str, Contact] | None = None, **extra: Any) -> World:
    return World(
        sides=Sides(practice=Practice(), source=Connection(), target=Connection()),
        spec=SPEC,
        clients={},
        people={},
        catalogue=Catalogue(),
        invoices={item.external_id: item for item in invoices},
        payments={},
        collections={},
        contacts=dict(contacts or {}),
        documents=extra.pop("documents", {}),
        receipts={},
        **extra,
    )


def invoice(external_id: str, **extra: Any) -> Invoice:
    return Invoice(
        **{
            "external_id": external_id,
            "contact_external_id": "cli",
            "number": f"n-{external_id}",
            "status": "issued",
            "date": date(2026, 11, 3),
            "currency": "AUD",
            "total": Decimal("110.00"),
            "lines": (Line(description="Books", unit_amount=Decimal(100), amount=Decimal(100)),),
            **extra,
        }
    )


CLIENT = {
    "cli": Planned(
        kind="contact",
        source_external_id="cli",
        record_external_id="cli",
        title="Able",
        decision=Decision(action="nothing"),
        target_external_id="x-con",
    )
}


def decide(made: World) -> dict[str, Planned]:
    return plan_invoices(made, CLIENT, mode="take_over")


def test_the_plain_invoice_is_created() -> None:
    assert decide(world([invoice("i")]))["i"].decision.action == "create"


def test_an_invoice_that_ignition_may_have_pushed_is_held() -> None:
    for native in (NativePush(state="unknown"), NativePush(state="completed"), NativePush(state="deployed")):
        item = decide(world([invoice("i", native=native)]))["i"]
        assert (item.decision.action, item.decision.reason) == ("held", "native_missing")


def test_a_failed_push_is_made_up_for_and_a_person_may_overrule_the_rest() -> None:
    assert decide(world([invoice("i", native=NativePush(state="failed"))]))["i"].decision.action == "create"
    reviews = {("invoice", "i"): Review(state=ReviewState.CREATE)}
    pushed = invoice("i", native=NativePush(state="completed", external_id="gone"))
    assert decide(world([pushed], reviews=reviews))["i"].decision.action == "create"


def test_two_invoices_of_one_number_are_for_a_person() -> None:
    found = decide(world([invoice("i", number="7"), invoice("j", number="7"), invoice("k", number="8")]))
    assert [found[key].decision.reason for key in "ijk"] == ["duplicate_number", "duplicate_number", ""]
    assert found["i"].decision.values["total"] == "110.00"


class Counted(dict[str, Contact]):
    """Contacts that count how often somebody goes through all of them."""

    walks = 0

    def values(self) -> Any:
        self.walks += 1
        return super().values()


def test_contacts_are_gone_through_once_however_many_invoices_there_are() -> None:
    contacts = Counted(c=Contact(external_id="c", name="N", merged_into="x-con"))
    made = world([invoice(f"i{n}") for n in range(50)])
    made.contacts = contacts
    decide(made)
    assert contacts.walks == 1


def test_a_written_invoice_that_ignition_lists_no_more_is_for_a_person() -> None:
    links = {("invoice", "i"): Link(kind="invoice", source_external_id="i", target_external_id="x")}
    for status, reasons in (("AUTHORISED", ["void_in_source"]), ("VOIDED", [])):
        there = {"x": invoice("x", type="ACCREC", status=status)}
        made = world([], links=links, documents=there, vanished={"i": invoice("i")})
        assert [item.decision.reason for item in vanished_invoices(made).values()] == reasons
