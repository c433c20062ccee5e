"""Steps of the tests about fixing: what somebody changes in Xero, and how a fix gets there."""

from typing import Any

from practices.models import User
from sync.approvals import deciding
from sync.models import (
    Approval,
    ApprovalState,
    Change,
    Kind,
    Link,
    LinkMethod,
    Mismatch,
    MismatchState,
    Snapshot,
    Trigger,
)
from sync.reconcile.running import compare_now
from tests.sync.conftest import Office


def work_all(office: Office) -> None:
    """Every open run to its end: the one that a fix woke, and the one that plans after it."""
    office.finish_all()


def written_link(kind: Kind, **there: Any) -> Link:
    """A pair that this app made and whose document in Xero is as asked."""
    link: Link
    for link in Link.objects.filter(kind=kind, method=LinkMethod.WRITTEN).order_by("pk"):
        snapshot = Snapshot.objects.get(
            connection=link.target_connection, kind=kind, external_id=link.target_external_id
        )
        if all(snapshot.record.get(name) == value for name, value in there.items()):
            return link
    raise AssertionError("no such pair")


def edit_contact(office: Office, *, upper: bool = False, **values: str) -> tuple[Link, dict[str, Any]]:
    """Somebody changes a linked contact in Xero; ``upper``: writes its name in capitals."""
    for link in Link.objects.filter(kind=Kind.CONTACT, method=LinkMethod.WRITTEN).order_by("pk"):
        there = office.ledger.contacts[link.target_external_id]
        if there.get("EmailAddress"):
            before = dict(there)
            if upper:
                values["Name"] = str(there["Name"]).upper()
            office.world.clock.advance(60)
            office.ledger.post_contact({"ContactID": link.target_external_id, **values})
            return link, before
    raise AssertionError("no linked contact with an address")


def edit_invoice(office: Office, **values: Any) -> Link:
    link = written_link(Kind.INVOICE, status="AUTHORISED")
    office.world.clock.advance(60)
    office.ledger.post_invoice({"InvoiceID": link.target_external_id, **values})
    return link


def compared(office: Office, code: str, key: str) -> Mismatch:
    office.sync()
    compare_now(office.practice, trigger=Trigger.COMMAND)
    found: Mismatch | None = Mismatch.objects.filter(kind=code, source_external_ids=[key]).first()
    assert found is not None, list(Mismatch.objects.open().values_list("kind", "text"))
    return found


def change_of(row: Mismatch) -> Change:
    row.refresh_from_db()
    assert row.change is not None
    return row.change


def approve_all(office: Office, by: User) -> int:
    ids = Approval.objects.filter(state=ApprovalState.WAITING).values_list("pk", flat=True)
    return deciding.approve(list(ids), office.practice, by)


def is_gone(office: Office, row: Mismatch) -> bool:
    """Whether the next comparison takes the difference off the list."""
    office.sync()
    compare_now(office.practice, trigger=Trigger.COMMAND)
    return Mismatch.objects.get(pk=row.pk).state == MismatchState.FIXED
