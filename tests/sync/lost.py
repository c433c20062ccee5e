"""Writes whose answer is lost on the way, and edits on both sides meanwhile."""

from decimal import Decimal
from typing import Any

from django.utils import timezone

from sync import runs
from sync.models import (
    OPEN_RUN_STATES,
    Attempt,
    AttemptResult,
    Change,
    ChangeState,
    Link,
    Purpose,
    Run,
    Trigger,
)
from tests.sync import reported
from tests.sync.office import Office

#: A quantity, a price and a discount.
Item = tuple[str, str, str]


def client_of_ours(office: Office) -> dict[str, Any]:
    """A client whose contact this app made."""
    links = Link.objects.filter(practice=office.practice, kind="contact", method="written")
    ids = set(links.values_list("source_external_id", flat=True))
    return dict(next(row for row in office.ignition.clients if row["slug"] in ids))


def new_client(office: Office, **extra: Any) -> dict[str, Any]:
    office.world.clock.advance(60)
    row = {
        "name": "Quillon Marwick Pty Ltd",
        "state": "active",
        "email": "office@quillon.example",
        "phone": None,
    }
    return office.ignition.upsert(
        "clients", {"external_client_id": None, "xero_contact_id": None, **row, **extra}
    )


def bill(office: Office, client: dict[str, Any], *items: Item, **extra: Any) -> dict[str, Any]:
    """An invoice over the first service that bears tax; a tenth on top."""
    office.world.clock.advance(60)
    service = next(row for row in office.ignition.services if row["tax_rate"] == "GST on Income")
    lines = [
        {
            "description": service["name"],
            "quantity": Decimal(quantity),
            "unit_price": Decimal(price),
            "discount": Decimal(discount),
            "total": Decimal(quantity) * Decimal(price) - Decimal(discount),
            "currency": "AUD",
            "origin_type": None,
            "origin_identifier": None,
        }
        for quantity, price, discount in items
    ]
    net = sum((line["total"] for line in lines), Decimal(0))
    tax = sum(((line["total"] / 10).quantize(Decimal("0.01")) for line in lines), Decimal(0))
    total = extra.pop("total", net + tax)
    row = {
        "reference_number": "LOST0001",
        "reference": None,
        "billing_reference": "PROP-9001",
        "client": {"slug": client["slug"], "name": client["name"]},
        "state": "issued",
        "payment_state": "unpaid",
        "amount": {"total": total, "surcharge": Decimal(0), "currency": "AUD"},
        "date": "2026-11-18",
        "due_date": "2026-12-02",
        "items": lines,
        "source": "ignition",
        "deployment": None,
        "link": "https://go.ignitionapp.example/invoices/lost",
    }
    return office.ignition.upsert("invoices", {**row, **extra})


def pay(office: Office, invoice: dict[str, Any]) -> None:
    office.world.clock.advance(60)
    amount = {"amount": invoice["amount"]["total"], "surcharge": Decimal(0), "currency": "AUD"}
    payment = {
        "client": {"slug": invoice["client"]["slug"]},
        "invoices": [{"slug": invoice["slug"]}],
        "amount": amount,
        "state": "collected",
        "collection": {"type": "credit card", "state": "completed", "completed_at": "2026-11-19T02:00:00Z"},
        "available_on": None,
        "disbursal": None,
    }
    office.ignition.upsert("payments", payment)


def in_xero(office: Office, number: str = "IGN-LOST0001") -> dict[str, Any]:
    (found,) = [item for item in office.ledger.invoices.values() if item["InvoiceNumber"] == number]
    return dict(found)


def type_in_xero(office: Office, contact: dict[str, Any], email: str) -> None:
    office.world.clock.advance(60)
    office.ledger.post_contact({"ContactID": contact["ContactID"], "EmailAddress": email})


def lose_the_answer(office: Office, resource: str, method: str = "PUT") -> None:
    """The next write of this resource is carried out, and the answer never arrives."""
    office.world.faults.configure(
        {"script": [{"kind": "drop_after", "method": method, "path": f"/{resource}$"}]}
    )


def work_until_unclear(office: Office) -> Run:
    """A regular run up to the call whose answer is lost; what came of that is not looked up yet."""
    run = runs.start(office.practice, trigger=Trigger.SCHEDULE, wake=False)
    before = Attempt.objects.filter(result=AttemptResult.UNCLEAR).count()
    for _ in range(20):
        Run.objects.filter(pk=run.pk).update(resumes_at=None)
        runs.advance(run.pk)
        if Attempt.objects.filter(result=AttemptResult.UNCLEAR).count() > before:
            return run
    raise AssertionError("no answer was lost")


def hint(office: Office, external_id: str) -> None:
    """Ignition says that something about this client changed."""
    reported.hint(office, "contact", external_id)


def work_live(office: Office) -> None:
    """One turn of the open live run, without waiting for the times at which work would be tried again."""
    open_runs = Run.objects.filter(practice=office.practice, purpose=Purpose.LIVE, state__in=OPEN_RUN_STATES)
    open_runs.update(resumes_at=None)
    Change.objects.filter(practice=office.practice).update(not_before=None)
    for run_pk in open_runs.values_list("pk", flat=True):
        runs.advance(run_pk)


def read_and_plan_again(run: Run) -> None:
    """As after a long pause: the plan is old by then."""
    Run.objects.filter(pk=run.pk).update(stage="", queued_at=timezone.now(), resumes_at=None)


def settled(office: Office) -> None:
    """Regular runs by the clock until all is done; none of them plans more than what moved."""
    for _ in range(2):
        run = runs.start(office.practice, trigger=Trigger.SCHEDULE, wake=False)
        office.finish(run)
    assert not Change.objects.filter(practice=office.practice, state=ChangeState.PENDING).exists()
