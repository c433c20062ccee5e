"""A small frozen world with one Australian organisation, and a granted caller."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.clock import Clock
from sandbox.world import World
from sandbox.xero.ledger import Ledger
from tests.sandbox.xero_client import Api

NOW = datetime(2026, 11, 20, 2, 0, 0, 500_000, tzinfo=UTC)


@pytest.fixture
def xero_world() -> World:
    return World(seed=7, clock=Clock(NOW, speed=0))


@pytest.fixture
def ledger(xero_world: World) -> Ledger:
    return xero_world.xero.add_organisation("Harbour Lane Advisory", "AU")


@pytest.fixture
def api(xero_world: World, ledger: Ledger) -> Api:
    """Limits are off: the tests of limits switch them on."""
    granted = Api(xero_world, ledger)
    granted.control("limits", minute=None, day=None, concurrent=None, app_minute=None)
    return granted
