"""A practice of the sandbox as it is seeded, with the report about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.clock import Clock
from sandbox.ignition.state import IgnitionPractice
from sandbox.seed import SeedReport, seed_practice
from sandbox.world import World
from sandbox.xero.ledger import Ledger

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
Row = dict[str, Any]


class Seeded:
    """A practice of 250 clients (AU) or 60 (elsewhere), with its report."""

    def __init__(self, country: str, seed: int = 1, **options: Any) -> None:
        self.world = World(seed=seed, clock=Clock(NOW, speed=0))
        settings = {"clients": 250 if country == "AU" else 60, **options}
        self.report: SeedReport = seed_practice(self.world, "demo", country=country, seed=seed, **settings)
        self.practice: IgnitionPractice = self.world.ignition["demo"]
        self.ledger: Ledger = self.world.xero.organisations[self.report.tenant_id]

    def by_slug(self, resource: str) -> dict[str, Row]:
        return {row["slug"]: row for row in self.practice.rows(resource)}
