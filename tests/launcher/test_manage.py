"""``manage.py`` finds the demo's database by itself, and says in one line when there is none."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import envfile, postgres
from launcher.paths import BASE_DIR

PACKAGES = (
    "config",
    "connectors",
    "launcher",
    "mappings",
    "practices",
    "sandbox",
    "static",
    "sync",
    "templates",
)


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy of the product without anything that was made by running it."""
    with tempfile.TemporaryDirectory(prefix="co-", dir="/var/tmp", ignore_cleanup_errors=True) as folder:
        path = Path(folder)
        path.chmod(0o711)
        shutil.copy(BASE_DIR / "manage.py", path)
        for package in PACKAGES:
            shutil.copytree(BASE_DIR / package, path / package, ignore=shutil.ignore_patterns("__pycache__"))
        yield path


def manage(checkout: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    own = ("DATABASE_URL", "CELERY_BROKER_URL")
    environment = {name: value for name, value in os.environ.items() if name not in own}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=checkout,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_any_database_it_says_so_in_one_line(checkout: Path) -> None:
    result = manage(checkout, "migrate")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "make demo" in result.stderr


def test_the_demos_database_is_started_for_one_command_even_after_a_move(checkout: Path) -> None:
    base = checkout / "var" / "postgres"
    postgres.ensure_running(base, durable=False).stop()
    demo = checkout / "var" / "demo" / "env"
    envfile.write(
        demo, {"DATABASE_URL": "postgresql://app@/app?host=/moved/away", "COLOUR": "teal"}, heading="x"
    )
    result = manage(checkout, "prepare", "--no-static")
    assert result.returncode == 0, result.stderr
    assert "Message queue created." in result.stdout
    assert envfile.read(demo) == {"DATABASE_URL": f"postgresql://app@/app?host={base}/data", "COLOUR": "teal"}
    assert not (base / "data" / "postmaster.pid").exists()  # and stopped after it
    again = manage(checkout, "prepare", "--no-static")
    assert "The message queue is there already." in again.stdout


def test_a_demo_whose_data_is_gone_is_not_set_up_by_accident(checkout: Path) -> None:
    url = "postgresql://app@/app?host=/gone"
    envfile.write(checkout / "var" / "demo" / "env", {"DATABASE_URL": url}, heading="x")
    result = manage(checkout, "migrate")
    assert result.returncode == 2
    assert "is gone" in result.stderr
    assert not (checkout / "var" / "postgres").exists()


def test_a_named_database_is_used_and_no_server_started(checkout: Path) -> None:
    (checkout / ".env").write_text(f"DATABASE_URL={os.environ['DATABASE_URL']}\n")
    result = manage(checkout, "check", "--database", "default")
    assert result.returncode == 0, result.stderr
    assert not (checkout / "var").exists()
