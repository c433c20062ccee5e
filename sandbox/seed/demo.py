"""The demo world: an Australian and a New Zealand practice with a history, and an empty one to try
connecting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.seed.practices import open_empty, seed_practice
from sandbox.seed.report import SeedReport

if TYPE_CHECKING:
    from sandbox.world import World

DEMO_CLIENTS = 250
KIWI_CLIENTS = 60


def seed_demo(world: World) -> dict[str, SeedReport]:
    """Fill a world with the practices `demo`, `kiwi` and `blank`; the reports of the first two by key.

    Ignition API keys: ign-demo-key, ign-kiwi-key, ign-blank-key.
    """
    reports = {
        "demo": seed_practice(world, "demo", country="AU", clients=DEMO_CLIENTS, seed=world.seed),
        "kiwi": seed_practice(world, "kiwi", country="NZ", clients=KIWI_CLIENTS, seed=world.seed),
    }
    with world.lock:
        open_empty(world, "blank", country="AU", seed=world.seed)
    return reports
