"""Switching on what was watched: the ledger may have moved on since it was last read."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import Write
from connectors.records import Kind as RecordKind
from practices.connections import client_for
from practices.models import Connection
from sandbox.server import running
from sync import runs
from sync.models import Change, Link, Trigger
from tests.sync.conftest import Office, open_office, seeded_world


@pytest.fixture
def tiny_office(db: None, settings: Any) -> Iterator[Office]:
    world, report = seeded_world(clients=5, months=2)
    with running(world) as served:
        yield open_office(served, settings, report=report)


def test_what_ignition_pushed_since_the_last_read_is_not_billed_twice(tiny_office: Office) -> None:
    office = tiny_office
    office.sync()
    office.switch("take_over", "contact")
    office.sync()
    contacts = dict(
        Link.objects.filter(kind="contact").values_list("source_external_id", "target_external_id")
    )
    waiting = Change.objects.filter(kind="invoice", verb="create", reason="watch")
    change = next(item for item in waiting if item.refs["contact"] in contacts)
    values = {
        **change.values,
        "number": "INV-9000",
        "contact_external_id": contacts[change.refs["contact"]],
    }
    xero: Any = client_for(Connection.objects.get(practice=office.practice, provider="xero"))
    write = Write(key="n", natural_key="INV-9000", external_id="", values=values)
    (pushed,) = xero.write(RecordKind.INVOICE, "create", [write], idempotency_key="ignition itself")
    assert pushed.ok

    office.switch("take_over")
    office.finish(runs.start(office.practice, trigger=Trigger.MODE, wake=False, reads=False))
    link = Link.objects.get(kind="invoice", source_external_id=change.source_external_id)
    assert link.target_external_id == pushed.external_id
    assert change.natural_key not in {item["InvoiceNumber"] for item in office.ledger.invoices.values()}
