"""What becomes of stored incidents when the true causes are known, and who settled one. No database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.incidents import causes, lifecycle
from sync.incidents.lifecycle import Deed, Known, next_steps, settled_by

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
KEY = (2, "invoice", "rejected.period_locked", "")
VALUES = {"title": "Refused", "count": 3, "severity": causes.WARNING}


def known(**extra: Any) -> Known:
    values: dict[str, Any] = {"pk": 7, "key": KEY, "state": "open", "values": VALUES, "last_seen_at": NOW}
    return Known(**{**values, **extra})


def steps(found_now: dict[Any, Any], *rows: Known, unsure: frozenset[Any] = frozenset()) -> lifecycle.Steps:
    return next_steps(found_now, rows, unsure=unsure, now=NOW)


def test_first_time_opens_and_second_time_writes_nothing() -> None:
    assert steps({KEY: VALUES}).opened == [(KEY, VALUES)]
    again = steps({KEY: VALUES}, known())
    assert (again.opened, again.changed, again.settled, again.seen) == ([], {}, [], [])


def test_only_what_moved_is_written() -> None:
    assert steps({KEY: {**VALUES, "count": 4}}, known()).changed == {7: {"count": 4, "last_seen_at": NOW}}


def test_that_it_is_still_there_is_noted_now_and_then() -> None:
    old = known(last_seen_at=NOW - timedelta(minutes=10))
    assert steps({KEY: VALUES}, old).seen == [7]


def test_what_is_no_longer_true_is_settled_unless_it_can_not_be_told() -> None:
    assert [row.pk for row in steps({}, known()).settled] == [7]
    assert steps({}, known(), unsure=frozenset({KEY})).settled == []


@pytest.mark.parametrize(("minutes", "reopened"), [(1, True), (10, True), (11, False)])
def test_what_comes_back_soon_is_the_same_one(minutes: int, reopened: bool) -> None:
    gone = known(state="resolved", resolved_at=NOW - timedelta(minutes=minutes))
    result = steps({KEY: VALUES}, gone)
    assert bool(result.opened) is not reopened
    assert (result.changed.get(7, {}).get("state") == "open") is reopened


def test_a_snooze_outlives_flapping() -> None:
    gone = known(state="resolved", resolved_at=NOW, snoozed_until=NOW + timedelta(days=1))
    assert steps({KEY: VALUES}, gone).changed[7]["state"] == "snoozed"


def test_a_snooze_ends_in_time_or_when_it_gets_much_worse() -> None:
    asleep = known(state="snoozed", snoozed_until=NOW + timedelta(days=1))
    assert steps({KEY: {**VALUES, "count": 9}}, asleep).changed[7].get("state") is None
    worse = {**VALUES, "severity": causes.CRITICAL}
    assert steps({KEY: worse}, asleep).changed[7]["state"] == "open"
    over = known(state="snoozed", snoozed_until=NOW - timedelta(seconds=1))
    assert steps({KEY: VALUES}, over).changed[7]["state"] == "open"


def test_a_snoozed_cause_can_settle() -> None:
    assert steps({}, known(state="snoozed", snoozed_until=NOW + timedelta(days=1))).settled


MAPPING = frozenset({"tax_unmapped"})


@pytest.mark.parametrize(
    ("deed", "key", "expected"),
    [
        (("change.retried", {"reason": "period_locked", "parked_as": "rejected"}), KEY, True),
        (("change.retried", {"reason": "has_payments", "parked_as": "rejected"}), KEY, False),
        (
            ("change.retried", {"reason": "period_locked", "parked_as": "rejected", "kind": "payment"}),
            KEY,
            False,
        ),
        (("change.declined", {"reason": "tax_unmapped"}), (2, "invoice", "held.tax_unmapped", "A"), True),
        (("change.kept", {"reason": "conflict"}), (2, "invoice", causes.DECIDE_CONFLICT, ""), True),
        (("mapping.published", {}), (2, "invoice", "held.tax_unmapped", "A"), True),
        (("mapping.published", {}), (2, "invoice", "needs_mapping.bad_account", ""), True),
        (("mapping.published", {}), KEY, False),
        (("connection.reconnected", {}), (2, "", causes.RECONNECT, ""), True),
        (("connection.reconnected", {}), (1, "", causes.RECONNECT, ""), False),
        (("connection.reconnected", {}), (2, "", causes.TROUBLE, ""), False),
        (("review.decided", {}), (2, "contact", causes.DECIDE_REVIEW, ""), True),
    ],
)
def test_who_settled_it(deed: tuple[str, dict[str, Any]], key: Any, expected: bool) -> None:
    action, details = deed
    about = {"connection": 2, "kind": "invoice", **details}
    done = Deed(action=action, at=NOW, details=about, object_id="2")
    assert (settled_by(key, [done], since=NOW, by_mapping=MAPPING) is done) is expected
    late = settled_by(key, [done], since=NOW + timedelta(seconds=1), by_mapping=MAPPING)
    assert late is None
