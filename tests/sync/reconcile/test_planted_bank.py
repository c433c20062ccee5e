"""Payouts and fees on the bank account: each way to get them wrong, several times over, and none in clean books."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from sandbox.planting import plant
from sandbox.server import running
from sync.models import Mismatch, MismatchState, ReconcileRun
from tests.sync.conftest import NOW, Office, open_office, seeded_world
from tests.sync.reconcile.test_planted import A_WHILE, found, judged

pytestmark = pytest.mark.django_db
KINDS = ("O01", "O02", "O03", "O04", "O07", "O08", "O14", "K13")


@pytest.fixture
def kiwi_office(settings: Any) -> Iterator[Office]:
    """Sixty clients in New Zealand, whose books agree: fees have another tax there."""
    with time_machine.travel(NOW, tick=True):
        world, report = seeded_world(clients=60, months=9, clean=True, country="NZ")
        with running(world) as served:
            office = open_office(served, settings, report=report)
            office.sync()
            world.clock.advance(A_WHILE)
            yield office


def test_every_way_to_get_them_wrong_is_found_and_nothing_else(kiwi_office: Office) -> None:
    office = kiwi_office
    assert found(office) == []
    assert ReconcileRun.objects.latest("pk").unchecked == {}
    planted = plant(office.world, "harbour", kinds=KINDS, each=3)
    office.sync(full=True)
    result = judged(office)
    assert [(entry["ref"], entry["note"]) for entry in result.missed] == []
    assert (result.wrong, result.false) == ([], [])
    kinds = {row["kind"] for row in found(office)}
    assert {told.code for told in planted} <= kinds
    client = Client()
    client.force_login(office.owner)
    rows = Mismatch.objects.filter(practice=office.practice, state=MismatchState.OPEN)
    for row in rows:
        answer = client.get(f"/p/{office.practice.slug}/reconciliation/{row.pk}/")
        shown = answer.content.decode()
        assert answer.status_code == 200
        if row.kind == "payout_fee":
            assert "<h2>Both systems</h2>" in shown, "it is about one payment"
            continue
        assert "the bank account</h2>" in shown, row.kind
        assert ("Open the record" in shown) == bool(row.target_external_ids), row.kind
        assert ('class="differs"' in shown) == bool(row.target_external_ids), row.kind
