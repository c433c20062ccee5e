"""The steps from a shell: one JSON object, an exit code that a script can trust, and sentences for people."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from practices.models import Connection, ConnectionState
from sync.models import Change, ChangeState, Flow, Mode
from tests.make import make_practice
from tests.sync.conftest import Office


def sync_json(slug: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("sync", slug, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_sync_prints_one_json_object_with_counts_per_kind(small_office: Office) -> None:
    result = sync_json(small_office.practice.slug)
    assert result["ok"] is True
    assert result["practice"] == "harbour"
    assert set(result["kinds"]) == {"contact", "invoice", "payment"}
    for counts in result["kinds"].values():
        parts = ("unchanged", "filtered", "held", "to_write", "failed")
        assert counts["read"] == sum(counts[name] for name in parts)
    assert result["calls"]["xero"] > 0
    assert small_office.writes() == []


def test_sync_exits_with_one_when_something_failed(
    small_office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    small_office.sync()
    change = Change.objects.filter(practice=small_office.practice, reason="watch").first()
    assert change is not None
    Change.objects.filter(pk=change.pk).update(state=ChangeState.PARKED, parked_as="rejected", message="No.")
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("sync", "harbour", "--json", stdout=out)
    assert ended.value.code == 1
    result = json.loads(out.getvalue())
    assert result["ok"] is False
    assert result["kinds"][change.kind]["failed"] == 1


def test_sync_exits_with_one_when_a_connection_is_gone(small_office: Office) -> None:
    small_office.world.ignition["harbour"].api_keys.clear()
    with pytest.raises(SystemExit):
        call_command("sync", "harbour", "--json", stdout=io.StringIO())
    ignition = Connection.objects.get(practice=small_office.practice, provider="ignition")
    assert ignition.state == ConnectionState.NEEDS_RECONNECT
    with pytest.raises(CommandError, match="not connected"):
        call_command("sync", "harbour")


@pytest.mark.django_db
def test_unknown_and_unconnected_practices_are_named() -> None:
    with pytest.raises(CommandError, match="no practice “nobody”"):
        call_command("sync", "nobody")
    make_practice("Lonely", slug="lonely")
    with pytest.raises(CommandError, match="Lonely is not connected"):
        call_command("sync", "lonely")


def test_mode_shows_and_sets(small_office: Office) -> None:
    out = io.StringIO()
    call_command("mode", "harbour", "take_over", "--kind", "contact", stdout=out)
    modes = dict(Flow.objects.filter(practice=small_office.practice).values_list("kind", "mode"))
    assert modes == {"contact": Mode.TAKE_OVER, "invoice": Mode.WATCH, "payment": Mode.WATCH}
    assert "contact: take_over" in out.getvalue()
