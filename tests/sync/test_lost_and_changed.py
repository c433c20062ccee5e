"""What happens between a write and its answer: the record changes, the plan is made again, the database goes away."""

from decimal import Decimal

import pytest

from sync.models import (
    Attempt,
    AttemptResult,
)
from tests.sync.lost import (
    bill,
    client_of_ours,
    hint,
    in_xero,
    lose_the_answer,
    new_client,
    pay,
    read_and_plan_again,
    settled,
    type_in_xero,
    work_live,
    work_until_unclear,
)
from tests.sync.office import Office

pytestmark = pytest.mark.django_db


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
        thirds = [("1", "33.33", "0")] * 3
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
