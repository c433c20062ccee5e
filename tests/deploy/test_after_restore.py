"""An older state was put back: what was written to Xero after the copy was made is found there, not written again."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher.paths import BASE_DIR
from sandbox.server import running
from sync import runs
from sync.models import Change, ChangeState, Kind, Mode, Trigger
from tests.deploy.test_backup import backup, empty, run  # noqa: F401  (a fixture)
from tests.sync.conftest import Office, books, open_office, seeded_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


def manage(office: Office, url: str, *command: str) -> subprocess.CompletedProcess[str]:
    addresses = (
        "IGNITION_API_URL",
        "IGNITION_AUTH_URL",
        "XERO_API_URL",
        "XERO_LOGIN_URL",
        "XERO_IDENTITY_URL",
    )
    environment = {
        **os.environ,
        **dict.fromkeys(addresses, office.url),
        "DATABASE_URL": url,
        "ANSWER_SECONDS": "1",
        "NUDGE_WORKERS": "0",
    }
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def in_the_middle_of_writing(office: Office) -> Any:
    """A run that has sent its contacts and owes the rest: the worst moment for a copy."""
    office.switch(Mode.TAKE_OVER)
    run = runs.start(office.practice, trigger=Trigger.PERSON, actor=office.owner, wake=False)
    for _ in range(300):
        run = runs.advance(run.pk, seconds=0) or run
        if Change.objects.filter(kind=Kind.CONTACT, state=ChangeState.DONE).exists():
            break
    assert Change.objects.filter(state=ChangeState.PENDING).count() > 10
    return run


def test_the_documented_way_back_writes_nothing_twice(settings: Any, empty: str, tmp_path: Path) -> None:  # noqa: F811
    settings.NUDGE_WORKERS, settings.ANSWER_SECONDS = False, 1
    world, report = seeded_world(clients=14, months=3)
    with running(world) as served:
        office = open_office(served, settings, report=report)
        office.sync()
        run_now = in_the_middle_of_writing(office)
        copy = backup(tmp_path)
        office.finish(run_now)
        expected, marker = books(office), office.marker

        assert run("restore.sh", copy, empty).returncode == 0
        slug = office.practice.slug
        for command in (
            ["prepare", "--no-static"],
            ["mode", slug, "watch"],
            ["sync", slug, "--full", "--json"],
            ["mode", slug, "take_over"],
            ["sync", slug, "--json"],
        ):
            result = manage(office, empty, *command)
            assert result.returncode == 0 or command[0] == "sync", (command, result.stderr[-3000:])
            assert "Traceback" not in result.stderr
        assert books(office) == expected
        created = [call for call in office.writes(marker) if call.method == "PUT"]
        assert created == []
