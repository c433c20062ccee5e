"""The programs as systemd and containers run them: they come up, find one another, and stop in the time given."""

import configparser
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from config.management.commands.prepare_broker import install_pgmq
from launcher.paths import BASE_DIR
from sync.models import Pulse
from tests.config.database import address
from tests.config.test_documents import settings_read

DEPLOY = BASE_DIR / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*"))
PROGRAMS = ("web", "worker-live", "worker-sync@", "beat")
INSTALLED = "/opt/practice-sync/current"
PATIENCE_SECONDS = 120


def unit(name: str) -> configparser.ConfigParser:
    """One unit file; ``name`` without ``practice-sync-`` and ``.service``."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(DEPLOY / "systemd" / f"practice-sync-{name}.service")
    return parser


def command(name: str) -> list[str]:
    """What systemd would run for the first instance, in this checkout."""
    line = unit(name)["Service"]["ExecStart"].replace("%i", "1").replace("%%", "%")
    program, *arguments = shlex.split(line)
    return [program.replace(f"{INSTALLED}/.venv/bin", str(Path(sys.executable).parent)), *arguments]


def stop_seconds(name: str) -> float:
    return float(unit(name)["Service"]["TimeoutStopSec"])


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_restarted_for_ever_and_stopped_through_its_main_process(name: str) -> None:
    """Without ``mixed`` every process of a worker gets the signal, and those in a call die of it."""
    found = unit(name)
    assert found["Service"]["Restart"] == "always"
    assert found["Unit"]["StartLimitIntervalSec"] == "0"
    assert found["Service"]["KillMode"] == "mixed"
    assert found["Service"]["User"] == "practice-sync"
    for option in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "RestrictNamespaces"):
        assert found["Service"][option] == "yes"
    assert found["Service"]["ProtectSystem"] == "strict"


def test_the_target_starts_every_program() -> None:
    text = (DEPLOY / "systemd/practice-sync.target").read_text()
    for name in PROGRAMS:
        assert f"practice-sync-{name.replace('@', '@1')}.service" in text


def test_containers_run_the_same_commands() -> None:
    compose = (DEPLOY / "compose.yaml").read_text()
    for name in PROGRAMS:
        service = name.removesuffix("@")
        found = re.search(rf"^  {service}:\n(?:    .*\n|\n)*?    command: (\[.*\])$", compose, re.MULTILINE)
        assert found, service
        in_unit = [Path(command(name)[0]).name, *command(name)[1:]]
        assert json.loads(found[1]) == [word.replace("sync1@", "sync@") for word in in_unit]


def test_every_setting_of_the_sample_exists() -> None:
    sample = (DEPLOY / "env.sample").read_text()
    names = set(re.findall(r"^#?([A-Z_]+)=", sample, re.MULTILINE))
    assert names <= settings_read()
    assert {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "BASE_URL", "EMAIL_URL"} <= names


def test_the_image_holds_the_program_and_nothing_else() -> None:
    wanted = {
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    assert all((BASE_DIR / name).exists() for name in wanted)
    assert not wanted & {".env", "var", "tests", "sandbox", "chaos"}


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd's own checker is not installed here"
)
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_understands_it(path: Path, tmp_path: Path) -> None:
    bindir = Path(sys.executable).parent
    for each in UNITS:
        text = (
            each.read_text().replace(f"{INSTALLED}/.venv/bin", str(bindir)).replace(INSTALLED, str(BASE_DIR))
        )
        (tmp_path / each.name).write_text(text)
    result = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / path.name.replace("@", "@1"))]
        if "@" not in path.name
        else ["systemd-analyze", "verify", str(tmp_path / path.name)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in result.stderr.splitlines() if "practice-sync" in line]
    assert (result.returncode, ours) == (0, [])


@pytest.fixture
def running(tmp_path: Path) -> Iterator[dict[str, "subprocess.Popen[bytes]"]]:
    """All programs on the test's database; ``web`` at the address in the environment variable ``BIND``."""
    install_pgmq()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = {**os.environ, "DATABASE_URL": address(), "CELERY_BROKER_URL": "pgmq://", "BIND": bind}
    started = {}
    try:
        for name in PROGRAMS:
            with (tmp_path / f"{name}.log").open("wb") as log:
                started[name] = subprocess.Popen(
                    command(name),
                    cwd=BASE_DIR,
                    env=environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        _until_ready(bind, started, tmp_path)
        yield started
    finally:
        for process in started.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(300)
def test_they_come_up_find_one_another_and_stop_in_time(
    running: dict[str, "subprocess.Popen[bytes]"],
) -> None:
    queues = {row.name: row.detail["queues"] for row in Pulse.objects.filter(name__startswith="worker ")}
    assert sorted(queues.values()) == [["live"], ["live", "sync"]]
    for name, process in running.items():
        process.send_signal(signal.SIGTERM)
        assert process.wait(stop_seconds(name)) == 0, name
    assert not Pulse.objects.filter(name__startswith="worker ").exists()


def _until_ready(bind: str, started: dict[str, "subprocess.Popen[bytes]"], logs: Path) -> None:
    deadline, last = time.monotonic() + PATIENCE_SECONDS, ""
    while True:
        try:
            answer = requests.get(f"http://{bind}/readyz", timeout=10)
            last = answer.text
            if answer.status_code == 200:
                return
        except requests.ConnectionError:
            pass
        said = "\n".join(path.read_text()[-1500:] for path in logs.glob("*.log"))
        assert all(process.poll() is None for process in started.values()), said
        assert time.monotonic() < deadline, last + said
        time.sleep(0.3)
