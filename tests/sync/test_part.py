"""A plan of what moved writes exactly what a plan of everything would have written."""

import os
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from practices.connections import client_for
from sync import reading
from sync.flows import sides_of
from sync.models import Change, Link, Mode, Review, Snapshot
from sync.part import find_part
from sync.planning import plan_all, plan_part
from sync.slice import usable
from tests.sync.conftest import Office

pytestmark = pytest.mark.django_db

Edit = Callable[[Office, random.Random], None]


def read(office: Office) -> None:
    for connection in usable(office.practice):
        wish = reading.Wish(started_at=timezone.now(), thorough=True)
        source: Any = client_for(connection)
        assert reading.read(connection, source, wish, go_on=lambda kind, done: True).finished


def written(office: Office) -> dict[str, Any]:
    """Everything a plan writes, without keys and times."""
    changes = Change.objects.filter(practice=office.practice).open()
    snapshots = Snapshot.objects.filter(practice=office.practice, connection__provider="ignition")
    facts = ("kind", "source_external_id", "verb", "state", "reason", "message", "facts_hash")
    return {
        "changes": sorted(changes.values_list(*facts, "target_external_id")),
        "depends": sorted(
            changes.filter(depends_on__isnull=False).values_list(
                "source_external_id", "depends_on__source_external_id"
            )
        ),
        "links": sorted(
            Link.objects.filter(practice=office.practice).values_list(
                "kind", "source_external_id", "target_external_id", "method"
            )
        ),
        "reviews": sorted(
            (item.source_external_id, item.state, str(item.candidates))
            for item in Review.objects.filter(practice=office.practice)
        ),
        "standings": sorted(
            snapshots.values_list("kind", "external_id", "standing", "standing_reason", "standing_text")
        ),
    }


def pick(rows: Any, dice: random.Random, name: str = "slug") -> dict[str, Any]:
    return dict(dice.choice(sorted(rows, key=lambda row: str(row[name]))))


def rename(office: Office, dice: random.Random) -> None:
    row = pick(office.ignition.clients, dice)
    other = pick(office.ignition.clients, dice)
    name = (
        other["name"] if dice.random() < 0.2 else f"{row['name']} {dice.choice(['Holdings', 'Group', 'Two'])}"
    )
    office.ignition.upsert("clients", {**row, "name": name})


def write_to(office: Office, dice: random.Random) -> None:
    row = pick(office.ignition.contacts, dice)
    office.ignition.upsert("contacts", {**row, "email": f"new{dice.randint(1, 99)}@example.com"})


def move_state(office: Office, dice: random.Random) -> None:
    row = pick(office.ignition.clients, dice)
    office.ignition.upsert(
        "clients", {**row, "state": dice.choice(["active", "lead", "inactive", "archived"])}
    )


def change_invoice(office: Office, dice: random.Random) -> None:
    row = pick(office.ignition.invoices, dice)
    office.ignition.upsert("invoices", {**row, "due_date": f"2026-12-{dice.randint(10, 30)}"})


def new_client(office: Office, dice: random.Random) -> None:
    row = pick(office.ignition.clients, dice)
    slug = office.ignition.new_slug("clients")
    name = row["name"] if dice.random() < 0.3 else f"Newcomer {dice.randint(1, 999)} Pty Ltd"
    made = {
        **row,
        "slug": slug,
        "name": name,
        "state": "active",
        "xero_contact_id": None,
        "external_client_id": None,
    }
    office.ignition.upsert("clients", made)


def new_invoice(office: Office, dice: random.Random) -> None:
    row = pick(office.ignition.invoices, dice)
    made = {**row, "slug": office.ignition.new_slug("invoices"), "state": "issued", "deployment": None}
    made["reference_number"] = (
        row["reference_number"] if dice.random() < 0.2 else f"{row['reference_number']}{dice.randint(1, 99)}"
    )
    office.ignition.upsert("invoices", made)


def move_payment(office: Office, dice: random.Random) -> None:
    row = pick(office.ignition.payments, dice)
    office.ignition.upsert(
        "payments", {**row, "payment_state": dice.choice(["refunded", "collected", "cancelled"])}
    )


def edit_in_xero(office: Office, dice: random.Random) -> None:
    active = [row for row in office.ledger.contacts.values() if row["ContactStatus"] == "ACTIVE"]
    row = pick(active, dice, "ContactID")
    office.ledger.post_contact(
        {"ContactID": row["ContactID"], "EmailAddress": f"x{dice.randint(1, 99)}@example.com"}
    )


def contact_in_xero(office: Office, dice: random.Random) -> None:
    client = pick(office.ignition.clients, dice)
    name = client["name"] if dice.random() < 0.5 else f"Unrelated {dice.randint(1, 999)}"
    if name.casefold() not in {item["Name"].casefold() for item in office.ledger.contacts.values()}:
        office.ledger.post_contact({"Name": name})


def void_in_xero(office: Office, dice: random.Random) -> None:
    open_ones = [
        row
        for row in office.ledger.invoices.values()
        if row["Status"] == "AUTHORISED" and not Decimal(str(row.get("AmountPaid") or 0))
    ]
    if open_ones:
        office.ledger.void_invoice(pick(open_ones, dice, "InvoiceID")["InvoiceID"])


EDITS: tuple[Edit, ...] = (
    rename,
    write_to,
    move_state,
    change_invoice,
    new_client,
    new_invoice,
    move_payment,
    edit_in_xero,
    contact_in_xero,
    void_in_xero,
)


SEEDS = range(int(os.environ.get("PART_SEEDS", "1")))
"""More of them, for a longer hunt: ``PART_SEEDS=30``."""


@pytest.mark.parametrize("mode", [Mode.WATCH, Mode.TAKE_OVER])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_part_is_planned_as_everything_would_be(office: Office, mode: str, seed: int) -> None:
    dice = random.Random(f"{mode} {seed}")
    office.sync()
    if mode == Mode.TAKE_OVER:
        office.take_over()
        read(office)
    sides, flows = sides_of(office.practice)[0]
    plan_all(sides, flows, None)
    parts = 0
    for turn in range(8):
        office.world.clock.advance(60)
        made = [dice.choice(EDITS) for _ in range(dice.randint(1, 3))]
        for edit in made:
            edit(office, dice)
        read(office)
        part = find_part(sides)
        parts += part is not None
        if plan_part(sides, flows, None):
            assert not Snapshot.objects.filter(practice=office.practice, to_plan=True).exists()
        else:
            plan_all(sides, flows, None)
        ours = written(office)
        plan_all(sides, flows, None)
        theirs = written(office)
        told = f"turn {turn}: {[edit.__name__ for edit in made]}"
        for name, found in ours.items():
            assert [row for row in found if row not in theirs[name]] == [], (told, name)
            assert [row for row in theirs[name] if row not in found] == [], (told, name)
    assert parts >= 6, "most edits are planned as a part"


def test_nothing_moved_plans_nothing(office: Office) -> None:
    office.sync()
    sides, flows = sides_of(office.practice)[0]
    before = written(office)
    assert plan_part(sides, flows, None)
    assert written(office) == before


def test_a_new_tax_rate_moves_the_ground(office: Office) -> None:
    office.sync()
    sides, flows = sides_of(office.practice)[0]
    Snapshot.objects.filter(connection=sides.target, kind="tax_rate").update(to_plan=True)
    assert find_part(sides) is None
    assert not plan_part(sides, flows, None)
