"""Waits of the app, shortened for a run of minutes: what takes hours on a bad day has to fit in.

Only how long something waits is touched, never what is done after it. A name that is not there any more stops the
run at once, so that nothing is shortened by mistake in the wrong place.
"""

import importlib
from datetime import timedelta
from typing import Any

from django.conf import settings

#: Environment of every process of the app.
SETTINGS = {
    # Longer than the longest call: a time-out of the sandbox and what it takes to notice.
    "LANE_LEASE_SECONDS": "15",
    # Longer than a slow call may still be at work in the sandbox after its caller was killed.
    "ANSWER_SECONDS": "3",
    # The sandbox sets limits of its own, see chaos/weather.py.
    "XERO_CALLS_PER_MINUTE": "600",
    "XERO_CALLS_PER_DAY": "1000000",
    "IGNITION_CALLS_PER_HOUR": "1000000",
    "ALERT_AFTER_MINUTES": "1",
    "ALERT_RECOVERED_AFTER_MINUTES": "1",
}

#: Module, name, value instead of the usual one.
WAITS: tuple[tuple[str, str, Any], ...] = (
    ("sync.policy", "FIRST_DELAY", timedelta(seconds=0.15)),
    ("sync.policy", "LONGEST_DELAY", timedelta(seconds=1)),
    ("sync.slice", "BUSY_SECONDS", 0.3),
    ("sync.urgent", "COLLECTED", timedelta(seconds=3)),
    ("sync.urgent", "FRESH", timedelta(seconds=2)),
    ("sync.tasks", "NUDGED_RECENTLY", timedelta(seconds=1)),
    ("sync.tasks", "OVERLOOKED", timedelta(seconds=1)),
    # Longer than a token endpoint that hangs.
    ("practices.tokens", "LEASE", timedelta(seconds=8)),
    # Settings that take whole minutes.
    ("django.conf.settings", "SYNC_EVERY_MINUTES", 4 / 60),
    ("django.conf.settings", "SYNC_AT_LEAST_EVERY_MINUTES", 8 / 60),
)

#: How often beat sends what, in seconds.
SCHEDULE = {"wake": 0.5, "look round": 1.0, "watch": 5.0, "send alerts": 2.0}
VISIBILITY_SECONDS = 20


def hasten() -> None:
    """Shorten the waits in this process. Raises :class:`AttributeError` where the app has no such wait."""
    for place, name, value in WAITS:
        getattr(owner(place), name)
        setattr(owner(place), name, value)


def owner(place: str) -> Any:
    """What holds a wait: a module, or Django's settings."""
    return settings if place == "django.conf.settings" else importlib.import_module(place)
