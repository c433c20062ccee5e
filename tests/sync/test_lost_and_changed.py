"""What happens between a write and its answer: the record changes, the plan is made again, the database goes away."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from practices.models import Connection
from sync import live, runs, settle
from sync.models import (
    OPEN_RUN_STATES,
    Attempt,
    AttemptResult,
    Change,
    ChangeState,
    Event,
    Link,
    Purpose,
    Run,
    Trigger,
    Verb,
)
from tests.sync.conftest import Office

pytestmark = pytest.mark.django_db

#: A quantity, a price and a discount.
Item = tuple[str, str, str]


@pytest.fixture
def agreed(small_office: Office) -> Office:
    """A practice that is taken over and in agreement; the clock has gone on, so that lists show only what is new."""
    small_office.sync()
    small_office.take_over()
    small_office.world.clock.advance(3600)
    small_office.sync()
    return small_office


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
    Event.objects.create(
        practice=office.practice,
        connection=Connection.objects.get(practice=office.practice, provider="ignition"),
        provider_event_id=f"hint {Event.objects.count()}",
        kind="contact",
        external_id=external_id,
        action="updated",
        occurred_at=office.world.clock.now(),
    )
    live.wake(office.practice.pk)


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


class TestInvoiceThatChanges:
    def test_a_line_that_loses_its_discount_has_none_in_xero(self, agreed: Office) -> None:
        client = client_of_ours(agreed)
        first = bill(agreed, client, ("1", "500", "20"), ("1", "100", "0"))
        agreed.sync()
        bill(agreed, client, ("1", "480", "0"), ("2", "100", "0"), slug=first["slug"])
        agreed.sync()
        assert in_xero(agreed)["Total"] == Decimal("748.00")

    def test_a_line_that_loses_a_cent_of_rounding_has_xeros_own_tax(self, agreed: Office) -> None:
        client = client_of_ours(agreed)
        thirds: list[Item] = [("1", "33.33", "0")] * 3
        first = bill(agreed, client, *thirds, total=Decimal("109.99"))
        agreed.sync()
        assert in_xero(agreed)["Total"] == Decimal("109.99")
        bill(agreed, client, ("1", "50", "0"), ("1", "33.33", "0"), ("1", "33.33", "0"), slug=first["slug"])
        agreed.sync()
        assert in_xero(agreed)["Total"] == Decimal("128.32")

    def test_a_payment_waits_until_its_invoice_is_changed(self, agreed: Office) -> None:
        """Xero changes no invoice with money on it."""
        client = client_of_ours(agreed)
        first = bill(agreed, client, ("1", "500", "0"))
        agreed.sync()
        pay(agreed, bill(agreed, client, ("1", "300", "0"), slug=first["slug"]))
        # The first try to change it fails, and is made again later than the payment could be sent.
        agreed.world.faults.configure(
            {"script": [{"kind": "status", "status": 503, "method": "POST", "path": "Inv"}]}
        )
        settled(agreed)
        there = in_xero(agreed)
        assert (there["Total"], there["Status"]) == (Decimal("330.00"), "PAID")


class TestAnswerThatNeverCame:
    """The target has it, the app does not know; before it looks it up, everything is read and planned again."""

    def test_a_contact_that_was_renamed_meanwhile_is_renamed_in_xero(self, agreed: Office) -> None:
        client = new_client(agreed)
        lose_the_answer(agreed, "Contacts")
        run = work_until_unclear(agreed)
        new_client(agreed, slug=client["slug"], name="Quillon and Daughters Pty Ltd")
        read_and_plan_again(run)
        agreed.finish(run)
        settled(agreed)
        names = [item["Name"] for item in agreed.ledger.contacts.values() if "Quillon" in item["Name"]]
        assert names == ["Quillon and Daughters Pty Ltd"]

    def test_what_somebody_typed_in_xero_meanwhile_stays(self, agreed: Office) -> None:
        client = new_client(agreed)
        lose_the_answer(agreed, "Contacts")
        run = work_until_unclear(agreed)
        (there,) = [item for item in agreed.ledger.contacts.values() if item["Name"] == client["name"]]
        type_in_xero(agreed, there, "typed@by.hand.example")
        read_and_plan_again(run)
        agreed.finish(run)
        settled(agreed)
        assert agreed.ledger.contacts[there["ContactID"]]["EmailAddress"] == "typed@by.hand.example"

    def test_an_invoice_that_was_changed_meanwhile_is_changed_in_xero(self, agreed: Office) -> None:
        client = client_of_ours(agreed)
        first = bill(agreed, client, ("1", "500", "0"))
        lose_the_answer(agreed, "Invoices")
        run = work_until_unclear(agreed)
        bill(agreed, client, ("1", "300", "0"), slug=first["slug"])
        read_and_plan_again(run)
        agreed.finish(run)
        settled(agreed)
        assert in_xero(agreed)["Total"] == Decimal("330.00")

    def test_what_a_look_up_finds_made_from_earlier_facts_is_brought_up_to_date(self, agreed: Office) -> None:
        """A live run plans the newer facts without reading Xero once more, and then looks up what was lost."""
        client = new_client(agreed)
        lose_the_answer(agreed, "Contacts")
        hint(agreed, client["slug"])
        work_live(agreed)
        assert Attempt.objects.filter(result=AttemptResult.UNCLEAR).count() == 1
        new_client(agreed, slug=client["slug"], name="Quillon and Daughters Pty Ltd")
        hint(agreed, client["slug"])
        for _ in range(5):
            work_live(agreed)
        settled(agreed)
        names = [item["Name"] for item in agreed.ledger.contacts.values() if "Quillon" in item["Name"]]
        assert names == ["Quillon and Daughters Pty Ltd"]

    def test_a_look_up_takes_nobodys_typing_for_our_own(self, agreed: Office) -> None:
        client = new_client(agreed)
        lose_the_answer(agreed, "Contacts")
        run = work_until_unclear(agreed)
        (there,) = [item for item in agreed.ledger.contacts.values() if item["Name"] == client["name"]]
        type_in_xero(agreed, there, "typed@by.hand.example")
        agreed.finish(run)
        new_client(agreed, slug=client["slug"], name="Quillon and Daughters Pty Ltd")
        settled(agreed)
        now = agreed.ledger.contacts[there["ContactID"]]
        assert now["Name"] == "Quillon and Daughters Pty Ltd"
        assert now["EmailAddress"] == "typed@by.hand.example"


class TestUpdateThatNobodyAnswered:
    """An update arrived, its answer did not, and newer facts replaced it before anybody looked it up."""

    def lost(self, office: Office, client: dict[str, Any], name: str) -> Run:
        new_client(office, slug=client["slug"], name=name)
        lose_the_answer(office, "Contacts", "POST")
        return work_until_unclear(office)

    def names(self, office: Office) -> list[str]:
        return [item["Name"] for item in office.ledger.contacts.values() if "Quillon" in item["Name"]]

    @pytest.mark.parametrize("later", ["Quillon and Daughters Pty Ltd", "Quillon Marwick Pty Ltd"])
    def test_the_newest_name_is_written_also_when_it_is_the_old_one_again(
        self, agreed: Office, later: str
    ) -> None:
        client = new_client(agreed)
        settled(agreed)
        run = self.lost(agreed, client, "Quillon Brothers Pty Ltd")
        assert self.names(agreed) == ["Quillon Brothers Pty Ltd"]
        new_client(agreed, slug=client["slug"], name=later)
        read_and_plan_again(run)
        agreed.finish(run)
        settled(agreed)
        assert self.names(agreed) == [later]
        assert not Change.objects.filter(
            state=ChangeState.HELD, reason="conflict", title__contains="Quillon"
        ).exists()

    def test_what_somebody_typed_over_it_is_theirs(self, agreed: Office) -> None:
        client = new_client(agreed)
        settled(agreed)
        run = self.lost(agreed, client, "Quillon Brothers Pty Ltd")
        (there,) = [item for item in agreed.ledger.contacts.values() if "Quillon" in item["Name"]]
        agreed.world.clock.advance(60)
        agreed.ledger.post_contact({"ContactID": there["ContactID"], "Name": "Quillon Typed Pty Ltd"})
        new_client(agreed, slug=client["slug"], name="Quillon and Daughters Pty Ltd")
        read_and_plan_again(run)
        agreed.finish(run)
        settled(agreed)
        assert self.names(agreed) == ["Quillon Typed Pty Ltd"]

    def test_another_field_that_is_written_meanwhile_settles_it_too(self, agreed: Office) -> None:
        client = new_client(agreed)
        settled(agreed)
        run = self.lost(agreed, client, "Quillon Brothers Pty Ltd")
        brothers = {"slug": client["slug"], "name": "Quillon Brothers Pty Ltd"}
        new_client(agreed, **brothers, email="two@quillon.example")
        read_and_plan_again(run)
        agreed.finish(run)
        settled(agreed)
        new_client(
            agreed, **{**brothers, "name": "Quillon and Daughters Pty Ltd"}, email="two@quillon.example"
        )
        settled(agreed)
        assert self.names(agreed) == ["Quillon and Daughters Pty Ltd"]

    @pytest.mark.parametrize(("price", "total"), [("300", "330.00"), ("500", "550.00")])
    def test_an_invoice_has_its_newest_total_also_when_it_is_the_old_one_again(
        self, agreed: Office, price: str, total: str
    ) -> None:
        client = client_of_ours(agreed)
        first = bill(agreed, client, ("1", "500", "0"))
        settled(agreed)
        bill(agreed, client, ("1", "400", "0"), slug=first["slug"])
        lose_the_answer(agreed, "Invoices", "POST")
        run = work_until_unclear(agreed)
        assert in_xero(agreed)["Total"] == Decimal("440.00")
        bill(agreed, client, ("1", price, "0"), slug=first["slug"])
        read_and_plan_again(run)
        agreed.finish(run)
        settled(agreed)
        assert in_xero(agreed)["Total"] == Decimal(total)


def test_writing_one_field_does_not_agree_to_what_somebody_typed_into_another(agreed: Office) -> None:
    """When that field then changes in Ignition too, a person chooses."""
    client = new_client(agreed)
    settled(agreed)
    (there,) = [item for item in agreed.ledger.contacts.values() if item["Name"] == client["name"]]
    type_in_xero(agreed, there, "typed@by.hand.example")
    new_client(agreed, slug=client["slug"], name="Quillon and Daughters Pty Ltd")
    settled(agreed)
    new_client(agreed, slug=client["slug"], name="Quillon and Daughters Pty Ltd", email="new@quillon.example")
    settled(agreed)
    now = agreed.ledger.contacts[there["ContactID"]]
    assert now["Name"] == "Quillon and Daughters Pty Ltd"
    assert now["EmailAddress"] == "typed@by.hand.example"
    held = Change.objects.get(source_external_id=client["slug"], state=ChangeState.HELD)
    assert (held.reason, held.values.get("email")) == ("conflict", "new@quillon.example")


def test_hints_that_come_before_the_first_complete_read_write_nothing(small_office: Office) -> None:
    """Xero may have it already; that is known only when its list was read to the end."""
    small_office.switch("take_over")
    regular = runs.start(small_office.practice, trigger=Trigger.CONNECT, wake=False)
    # The clients are read, and then Ignition has a problem.
    rule = {"kind": "status", "status": 503, "path": "/reporting/deal_stages"}
    small_office.world.faults.configure({"rules": [rule]})
    runs.advance(regular.pk)
    for row in small_office.ignition.clients[:5]:
        small_office.ignition.upsert("clients", row)
        hint(small_office, row["slug"])
    for _ in range(5):
        work_live(small_office)
    assert not Change.objects.filter(practice=small_office.practice).exists()
    small_office.world.faults.clear()
    small_office.finish(regular)
    linked = Link.objects.filter(practice=small_office.practice, kind="contact").exclude(method="written")
    assert set(linked.values_list("source_external_id", flat=True)) >= set(small_office.report.linkable)


def test_a_database_that_goes_away_while_an_answer_is_stored_parks_nothing(
    agreed: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = new_client(agreed)
    run = runs.start(agreed.practice, trigger=Trigger.SCHEDULE, wake=False)
    accepted, gone = settle.accepted, [True]

    def once_away(*args: Any, **kwargs: Any) -> bool:
        if gone.pop() if gone else False:
            raise OperationalError("server closed the connection unexpectedly")
        return accepted(*args, **kwargs)

    monkeypatch.setattr(settle, "accepted", once_away)
    with pytest.raises(OperationalError):
        agreed.finish(run)
    change = Change.objects.get(source_external_id=client["slug"], verb=Verb.CREATE)
    assert change.state == ChangeState.IN_FLIGHT
    agreed.finish(run)
    change.refresh_from_db()
    assert change.state == ChangeState.DONE
    names = [item["Name"] for item in agreed.ledger.contacts.values() if item["Name"] == client["name"]]
    assert len(names) == 1
