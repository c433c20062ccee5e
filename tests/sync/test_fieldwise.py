"""Contacts field by field: directions, write modes and who wins, each beside its opposite."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.records import Contact
from mappings.fieldmaps import Conflict, Direction, FieldMap, Mode
from mappings.mapped import Mapped
from sync.fieldwise import contact_update
from sync.plan import Decision

EARLY, LATE = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
AGREED = {"name": "Able", "email": "old@able.example"}


def decide(
    theirs: str,
    *,
    ours: str = "new@able.example",
    base: dict[str, Any] | None = None,
    ours_at: datetime = LATE,
    **policy: Any,
) -> Decision:
    """A client whose e-mail is ``ours`` now, linked to a contact that has ``theirs``."""
    target = Contact(external_id="x", name="Able", email=theirs, source_updated_at=EARLY)
    agreed = AGREED if base is None else base
    return contact_update(
        Mapped(values={"name": "Able", "email": ours}),
        target,
        agreed,
        agreed,
        "AU",
        policies={"email": FieldMap(target="contact.email", **policy)},
        source_changed_at=ours_at,
    )


def outcome(found: Decision) -> str:
    return "leave" if found.action == "nothing" else "ask" if found.reason == "conflict" else found.action


UNTOUCHED, TYPED, EMPTY = "old@able.example", "typed@able.example", ""


@pytest.mark.parametrize(
    ("policy", "untouched", "typed", "empty"),
    [
        ({}, "update", "ask", "update"),
        ({"mode": Mode.OVERWRITE}, "update", "update", "update"),
        ({"mode": Mode.ONLY_IF_EMPTY}, "leave", "leave", "update"),
        ({"mode": Mode.ONLY_IF_NEW}, "leave", "leave", "leave"),
        ({"direction": Direction.FROM_TARGET}, "leave", "leave", "leave"),
        ({"direction": Direction.NONE}, "leave", "leave", "leave"),
        ({"direction": Direction.BOTH}, "update", "ask", "update"),
        ({"conflict": Conflict.SOURCE}, "update", "update", "update"),
        ({"conflict": Conflict.TARGET}, "update", "leave", "update"),
        ({"conflict": Conflict.NEWEST}, "update", "update", "update"),
        (
            {"conflict": Conflict.NEWEST, "ours_at": datetime(2026, 10, 1, tzinfo=UTC)},
            "update",
            "leave",
            "update",
        ),
    ],
)
def test_a_change_in_ignition(policy: dict[str, Any], untouched: str, typed: str, empty: str) -> None:
    """Xero's value is what both agreed on, what somebody typed there, or nothing."""
    assert outcome(decide(UNTOUCHED, **policy)) == untouched
    assert outcome(decide(TYPED, **policy)) == typed
    assert outcome(decide(EMPTY, **policy)) == empty


@pytest.mark.parametrize(
    ("policy", "expected"),
    [({}, "leave"), ({"mode": Mode.OVERWRITE}, "update"), ({"conflict": Conflict.SOURCE}, "leave")],
)
def test_only_xero_changed(policy: dict[str, Any], expected: str) -> None:
    """What somebody typed in Xero stays, unless Ignition always overwrites."""
    assert outcome(decide(TYPED, ours="old@able.example", **policy)) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [({}, "ask"), ({"conflict": Conflict.SOURCE}, "update"), ({"conflict": Conflict.TARGET}, "leave")],
)
def test_a_pair_that_was_just_found(policy: dict[str, Any], expected: str) -> None:
    assert outcome(decide(TYPED, base={}, **policy)) == expected


def test_what_means_the_same_is_no_difference() -> None:
    assert outcome(decide("NEW@able.example", mode=Mode.OVERWRITE)) == "leave"
