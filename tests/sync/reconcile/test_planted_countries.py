"""Books of New Zealand and the United Kingdom: nothing in clean ones, and everything that is planted by its name."""

from typing import Any

import pytest
import time_machine

from sandbox.planting import plant
from sandbox.server import running
from tests.sync.conftest import NOW, open_office, seeded_world
from tests.sync.reconcile.test_planted import A_WHILE, found, judged

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("country", ["NZ", "UK"])
def test_nothing_is_found_in_clean_books_and_everything_that_is_planted(settings: Any, country: str) -> None:
    with time_machine.travel(NOW, tick=True):
        world, report = seeded_world(clients=60, months=9, clean=True, country=country)
        with running(world) as served:
            office = open_office(served, settings, report=report)
            office.sync()
            world.clock.advance(A_WHILE)
            assert found(office) == []
            planted = plant(world, "harbour")
            office.sync(full=True)
            result = judged(office)
    assert [(entry["ref"], entry["note"]) for entry in result.missed] == []
    assert (result.wrong, result.false) == ([], [])
    assert len({told.ref for told in planted}) > 70
