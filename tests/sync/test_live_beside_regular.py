"""What is reported before or while everything is read: the regular run comes first where it has to."""

import pytest

from sync import runs
from sync.models import Change, ChangeState, EventState, Link, Run, Trigger
from tests.sync.lost import work_live
from tests.sync.office import Office
from tests.sync.reported import hint, work

pytestmark = pytest.mark.django_db


def test_hints_that_come_before_the_first_complete_read_write_nothing(small_office: Office) -> None:
    """Xero may have it already; that is known only when its list was read to the end."""
    small_office.switch("take_over")
    regular = runs.start(small_office.practice, trigger=Trigger.CONNECT, wake=False)
    # The clients are read, and then Ignition has a problem.
    rule = {"kind": "status", "status": 503, "path": "/reporting/deal_stages"}
    small_office.world.faults.configure({"rules": [rule]})
    runs.advance(regular.pk)
    for row in small_office.ignition.clients[:5]:
        small_office.ignition.upsert("clients", row)
        hint(small_office, "contact", row["slug"])
    for _ in range(5):
        work_live(small_office)
    assert not Change.objects.filter(practice=small_office.practice).exists()
    small_office.world.faults.clear()
    small_office.finish(regular)
    linked = Link.objects.filter(practice=small_office.practice, kind="contact").exclude(method="written")
    assert set(linked.values_list("source_external_id", flat=True)) >= set(small_office.report.linkable)


def test_a_hint_before_anything_was_read_asks_for_a_regular_run(small_office: Office) -> None:
    event = hint(small_office, "contact", "cli_unknown")
    work(small_office)
    event.refresh_from_db()
    assert event.state == EventState.DONE
    waiting = runs.open_run(small_office.practice)
    assert waiting is not None
    assert waiting.again


def test_watched_kinds_are_planned_and_not_written(small_office: Office) -> None:
    small_office.sync()
    small_office.world.clock.advance(60)
    marker = small_office.marker
    row = small_office.ignition.clients[0]
    small_office.ignition.upsert("clients", {**row, "name": "Watched Pty Ltd"})
    hint(small_office, "contact", row["slug"])
    work(small_office)
    assert small_office.writes(marker) == []
    assert not list(small_office.world.calls.since(marker, host="xero")), (
        "nothing is to be written, so nothing is read"
    )


def test_a_backlog_gives_way_to_a_hint(small_office: Office) -> None:
    """A long regular run gives way before its next call, and goes on afterwards."""
    office = small_office
    office.sync()
    office.switch("take_over")
    run = runs.start(office.practice, trigger=Trigger.MODE, reads=False, wake=False)
    Run.objects.filter(pk=run.pk).update(stage="deliver xero")
    hint(office, "contact", office.ignition.clients[0]["slug"])
    assert Change.objects.filter(state=ChangeState.HELD).exists()
    Run.objects.filter(pk=run.pk).update(stage="plan")
    marker = office.marker
    runs.advance(run.pk)
    assert Change.objects.filter(state=ChangeState.PENDING).exists(), "it planned"
    assert office.writes(marker) == [], "and gave way before sending"
    work(office)
    office.finish(run)
    assert office.writes(marker)
