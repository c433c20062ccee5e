"""A small practice of the chaos program, synced on a good day: two dumps that agree record by record."""

import copy
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from chaos.checker import Result, compare
from chaos.control import Control
from chaos.houses import House, open_houses
from chaos.people import People
from practices.models import Connection
from sandbox.server import running
from sandbox.world import World
from sync import runs
from sync.models import Change, Run, Trigger

Dump = dict[str, list[dict[str, Any]]]
NO_LIMITS = {"minute": None, "day": None, "concurrent": None, "app_minute": None}
SIZE = 120


@dataclass
class Day:
    """One practice at the end of a good day. Each test gets dumps of its own to plant something in."""

    house: House
    ignition: Dump
    xero: Dump

    def compare(self) -> Result:
        notes = self.house.people.notes
        return compare(
            self.ignition,
            self.xero,
            before=self.house.before,
            by_hand=notes.by_hand,
            edits=notes.edits,
            known=self.house.known(),
        )


def work_off(house: House) -> None:
    """Regular runs to their end, without waiting for the times at which work would be tried again."""
    practice = house.office.practice
    run = runs.start(practice, trigger=Trigger.PERSON, wake=False)
    for _ in range(200):
        moved = runs.advance(run.pk)
        if moved is None or not moved.is_open:
            return
        Run.objects.filter(pk=run.pk).update(resumes_at=None)
        Connection.objects.filter(practice=practice).update(resumes_at=None)
        Change.objects.filter(practice=practice).update(not_before=None)
    raise AssertionError("the run did not end")


def edited(people: People, *acts: str) -> None:
    for act in acts:
        people.look_at_xero()
        assert getattr(people, act)(), f"nothing to do for {act}"


@pytest.fixture(scope="package")
def good_day(django_db_setup: None, django_db_blocker: Any) -> Day:
    """Made once: some forty records, then changes of every sort on both sides, all of it synced."""
    world = World(seed=3)
    with running(world) as served, django_db_blocker.unblock(), override_settings(**_settings(served.url)):
        control = Control(served.url)
        control.post("limits", NO_LIMITS)
        with transaction.atomic():
            house = open_houses(control, seed=3, size=SIZE)[0]
            work_off(house)
            people = house.people
            edited(people, "_change_phone", "_change_email", "_rename", "_change_invoice", "_void")
            edited(people, "_change_contact_in_xero", "_pay_in_xero")
            people.grow(20)
            people.finish()
            for _ in range(2):
                work_off(house)
            transaction.set_rollback(True)
        return Day(house, control.ignition(house.key), control.xero(house.tenant))


@pytest.fixture
def day(good_day: Day) -> Day:
    return Day(good_day.house, copy.deepcopy(good_day.ignition), copy.deepcopy(good_day.xero))


@pytest.fixture
def dice() -> Random:
    return Random(7)


def _settings(url: str) -> dict[str, Any]:
    return {
        **dict.fromkeys(
            ("IGNITION_API_URL", "IGNITION_AUTH_URL", "XERO_API_URL", "XERO_LOGIN_URL", "XERO_IDENTITY_URL"),
            url,
        ),
        "NUDGE_WORKERS": False,
        "ANSWER_SECONDS": 1,
        "XERO_CALLS_PER_MINUTE": 1_000_000,
        "XERO_CALLS_PER_DAY": 1_000_000,
        "IGNITION_CALLS_PER_HOUR": 1_000_000,
    }
