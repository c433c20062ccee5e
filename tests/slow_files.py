"""Which test files are begun first.

The workers take whole files in this order. A long one that begins last leaves the other workers idle to the end;
xdist's own order, most tests first, does exactly that, since the longest files hold few tests.
"""

from collections.abc import Iterable

import pytest

#: Folders and files that take more than about fifteen seconds of one worker, longest first. Of the first three one
#: needs the test database and two bring their own, so that nobody waits while it is made.
SLOW_FIRST = (
    "tests/sync/test_outage.py",
    "tests/launcher/test_manage.py",
    "tests/launcher/test_demo.py",
    "tests/deploy/test_after_restore.py",
    "tests/sync/test_kill.py",
    "tests/config/test_worker.py",
    "tests/sync/test_faults.py",
    "tests/test_tenancy.py",
    "tests/config/test_gunicorn.py",
    "tests/test_odd_requests.py",
    "tests/test_access_matrix.py",
    "tests/sync/test_approvals_journey.py",
    "tests/sync/test_part.py",
    "tests/test_fuzz.py",
    "tests/sync/test_journey.py",
    "tests/sync/reconcile/test_fixing_payments.py",
    "tests/sync/reconcile/test_allocating.py",
    "tests/sync/reconcile/test_planted_countries.py",
    "tests/sync/test_alerts_journey.py",
    "tests/config/test_worker_outage.py",
    "tests/sync/test_mapping_changes.py",
    "tests/sync/test_fields_journey.py",
    "tests/browser/",
    "tests/deploy/",
    "tests/mappings/test_rules_properties.py",
    "tests/sync/test_lost_updates.py",
    "tests/sync/reconcile/test_planted.py",
    "tests/sync/reconcile/test_changed.py",
    "tests/sync/test_totals_agree.py",
    "tests/practices/test_refresh_race.py",
    "tests/test_security.py",
    "tests/test_admin_lists.py",
)


def slow_first(nodeids: Iterable[str]) -> list[int]:
    """The places of these tests in the order in which they are to be begun; equals keep theirs."""

    def rank(nodeid: str) -> int:
        return next(
            (place for place, start in enumerate(SLOW_FIRST) if nodeid.startswith(start)), len(SLOW_FIRST)
        )

    ranks = [rank(nodeid) for nodeid in nodeids]
    return sorted(range(len(ranks)), key=ranks.__getitem__)


def put_in_order(items: list[pytest.Item]) -> None:
    """Change the order of collected tests in place."""
    items[:] = [items[place] for place in slow_first(item.nodeid for item in items)]
