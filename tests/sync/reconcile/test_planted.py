"""Both systems agree in a clean practice: no difference. Each mismatch that is planted in it is found by its name."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from bench.judging import Judged, judge
from sandbox.planting import plant
from sandbox.server import running
from sync.models import Mismatch, MismatchState, Trigger
from sync.reconcile.kinds import KINDS
from sync.reconcile.running import compare_now
from tests.sync.conftest import NOW, Office, open_office, seeded_world

pytestmark = pytest.mark.django_db
A_WHILE = 90
"""Seconds that the sandbox's clock, which stands still, is put forward after the first sync: more than that took, and
less than what counts as clocks that don't agree."""


@pytest.fixture
def clean_office(settings: Any) -> Iterator[Office]:
    """Sixty clients with nine months of invoices, all of them pushed by Ignition's own link, read and compared."""
    with time_machine.travel(NOW, tick=True):
        world, report = seeded_world(clients=60, months=9, clean=True)
        with running(world) as served:
            office = open_office(served, settings, report=report)
            office.sync()
            world.clock.advance(A_WHILE)
            yield office


def found(office: Office) -> list[dict[str, Any]]:
    compare_now(office.practice, trigger=Trigger.COMMAND)
    rows = Mismatch.objects.filter(practice=office.practice).exclude(state=MismatchState.FIXED)
    return [
        {
            "kind": row.kind,
            "refs": KINDS[row.kind].refs,
            "source_ids": row.source_external_ids,
            "target_ids": row.target_external_ids,
            "text": row.text,
        }
        for row in rows
    ]


def judged(office: Office) -> Judged:
    return judge(office.world.truth, found(office))


def test_nothing_is_found_in_a_clean_practice_and_everything_that_is_planted(clean_office: Office) -> None:
    assert found(clean_office) == []
    plant(clean_office.world, "harbour")
    clean_office.sync(full=True)
    result = judged(clean_office)
    assert [(entry["ref"], entry["note"]) for entry in result.missed] == []
    assert result.wrong == []
    assert result.false == []
    assert result.recall == 1


def test_every_kind_that_is_checked_is_planted_or_is_our_own_bookkeeping() -> None:
    ours = {
        *("K02", "K03", "K04", "K06", "K11"),  # the key's age, rights and owner, and reports that don't come
        *("S02", "S03", "S06", "S07", "S09", "S11", "S12"),  # our own writes, lists, events and decisions
        *("V09", "V10"),  # our own approvals
        *("I24", "V17"),  # need a mapping of the practice's own
    }
    checked = {ref for kind in KINDS.values() if kind.is_checked for ref in kind.refs}
    world, _ = seeded_world(clients=60, months=9, clean=True)
    planted = {told.ref for told in plant(world, "harbour")}
    assert checked - planted - ours == {"K01"}
    assert not planted - checked


def test_a_lost_connection_is_found(clean_office: Office) -> None:
    plant(clean_office.world, "harbour", kinds=["K01"])
    clean_office.sync()
    result = judged(clean_office)
    assert (result.recall, result.wrong, result.false) == (1, [], [])
