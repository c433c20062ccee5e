"""Updates whose answer never came, and what else goes away in the middle: nobody's words are lost or repeated."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError

from sync import runs, settle
from sync.models import (
    Change,
    ChangeState,
    Run,
    Trigger,
    Verb,
)
from tests.sync.lost import (
    bill,
    client_of_ours,
    in_xero,
    lose_the_answer,
    new_client,
    read_and_plan_again,
    settled,
    type_in_xero,
    work_until_unclear,
)
from tests.sync.office import Office

pytestmark = pytest.mark.django_db


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
