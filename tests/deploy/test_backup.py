"""A copy of the database that was tried: put back, it holds the same rows and its credentials can be read."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from psycopg import sql

from config.management.commands.prepare_broker import install_pgmq
from launcher import postgres
from launcher.paths import BASE_DIR
from practices.models import Role
from practices.secrets import crypter
from sync.models import ChangeState
from tests.config.database import address
from tests.full_practice import FullPractice, make_full_practice
from tests.sync.rows import make_books, make_change

pytestmark = pytest.mark.django_db(transaction=True)

RESTORED = "restored_by_a_test"
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def programs() -> Path:
    """PostgreSQL's programs of the server's own version: a newer one's copies can't be put back."""
    with psycopg.connect(address()) as connection:
        version = connection.info.server_version // 10_000
    for folder in (postgres.find_binaries(), Path(f"/usr/lib/postgresql/{version}/bin")):
        found = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False)
        if re.search(rf"\b{version}\.", found.stdout):
            return folder
    raise AssertionError(f"the programs of PostgreSQL {version} are not on this machine")


def run(script: str, argument: Path, url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {"DATABASE_URL": url, "PYTHON": sys.executable, "PG_BINDIR": str(programs())}
    return subprocess.run(
        [str(BASE_DIR / "deploy" / script), str(argument)],
        env={**os.environ, **variables, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def backup(folder: Path, **environment: str) -> Path:
    result = run("backup.sh", folder, address(), **environment)
    assert result.returncode == 0, result.stderr
    return Path(result.stdout.strip())


@pytest.fixture
def seeded() -> Iterator[FullPractice]:
    """A practice with everything, changes in every state, a second factor and a message in the queue."""
    install_pgmq()
    full = make_full_practice("Harbour")
    books = make_books()
    for state in ChangeState.values:
        make_change(books, state=state)
    secret = crypter().encrypt(b"second factor").decode()
    user = full.people[Role.OWNER]
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": secret})
    with psycopg.connect(address(), autocommit=True) as connection:
        connection.execute("""SELECT pgmq.send('live', '{"no": "task"}')""")
    yield full
    with psycopg.connect(
        address(), autocommit=True
    ) as connection:  # a worker of a later test would choke on it
        connection.execute("SELECT pgmq.purge_queue('live')")


@pytest.fixture
def empty() -> Iterator[str]:
    """The address of a database that holds nothing."""
    with psycopg.connect(address(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(RESTORED)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(RESTORED)))
    yield urlunsplit(urlsplit(address())._replace(path=f"/{RESTORED}"))
    with psycopg.connect(address(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(RESTORED)))


def contents(url: str) -> dict[str, tuple[int, str]]:
    """Of each table: how many rows, and a fingerprint of them all."""
    found = {}
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            query = sql.SQL(
                "SELECT count(*), coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') FROM {} t"
            ).format(sql.Identifier(schema, table))
            row = connection.execute(query).fetchone()
            assert row is not None
            found[f"{schema}.{table}"] = (row[0], row[1])
    return found


def test_what_is_put_back_is_what_was_there(seeded: FullPractice, empty: str, tmp_path: Path) -> None:
    before = contents(address())
    copy = backup(tmp_path / "copies")
    result = run("restore.sh", copy, empty)
    assert result.returncode == 0, result.stderr
    assert "can be read" in result.stdout
    assert contents(empty) == before
    assert before["public.sync_change"][0] >= len(ChangeState.values)
    assert before["public.practices_grant"][0] >= 2
    assert before["pgmq.q_live"][0] == 1

    with psycopg.connect(empty) as connection:
        stored = connection.execute("SELECT secret FROM practices_grant ORDER BY id").fetchall()
        assert all(crypter().decrypt(row[0].encode()) for row in stored)
        with pytest.raises(psycopg.Error, match="practices_auditentry"):
            connection.execute("DELETE FROM practices_auditentry")


def test_the_app_runs_on_what_was_put_back(seeded: FullPractice, empty: str, tmp_path: Path) -> None:
    assert run("restore.sh", backup(tmp_path), empty).returncode == 0
    for command in (["migrate", "--check"], ["prepare", "--no-static"], ["mode", seeded.practice.slug]):
        result = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=BASE_DIR,
            env={**os.environ, "DATABASE_URL": empty, "CELERY_BROKER_URL": "pgmq://"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, (command, result.stdout, result.stderr)


def test_nothing_is_ever_overwritten(seeded: FullPractice, tmp_path: Path) -> None:
    before = contents(address())
    result = run("restore.sh", backup(tmp_path), address())
    assert result.returncode == 1
    assert "is not empty" in result.stderr
    assert contents(address()) == before


def test_keys_that_do_not_belong_to_the_copy_are_noticed_at_once(
    seeded: FullPractice, empty: str, tmp_path: Path
) -> None:
    other = Fernet.generate_key().decode()
    result = run("restore.sh", backup(tmp_path), empty, FIELD_ENCRYPTION_KEYS=other)
    assert result.returncode == 1
    assert "practices.Grant.secret" in result.stderr
    assert "second factors: 1 of 1" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("kept_checksum", [True, False])
def test_a_copy_that_was_cut_off_is_refused_and_leaves_nothing(
    seeded: FullPractice, empty: str, tmp_path: Path, kept_checksum: bool
) -> None:
    copy = backup(tmp_path)
    copy.write_bytes(copy.read_bytes()[: copy.stat().st_size * 2 // 3])
    if not kept_checksum:
        Path(f"{copy}.sha256").unlink()
    result = run("restore.sh", copy, empty)
    assert result.returncode != 0
    assert contents(empty) == {}


def test_a_copy_is_for_its_owner_only_and_complete(seeded: FullPractice, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    copy = backup(folder)
    assert re.fullmatch(r"practice-sync-\d{8}T\d{6}Z\.dump", copy.name)
    assert copy.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in folder.iterdir()) == [copy.name, f"{copy.name}.sha256"]
    assert EMPTY_SHA256 not in Path(f"{copy}.sha256").read_text()


def test_old_copies_go_and_the_newest_stays(seeded: FullPractice, tmp_path: Path) -> None:
    long_ago = time.time() - 20 * 86400
    for name in ("practice-sync-20200101T000000Z.dump", ".practice-sync-20200102T000000Z.dump.9.unfinished"):
        for path in (tmp_path / name, tmp_path / f"{name}.sha256"):
            path.write_text("old")
            os.utime(path, (long_ago, long_ago))
    (tmp_path / "somebody-elses.dump").write_text("kept")
    os.utime(tmp_path / "somebody-elses.dump", (long_ago, long_ago))
    copy = backup(tmp_path, KEEP_DAYS="14")
    left = {path.name for path in tmp_path.iterdir()}
    assert {copy.name, "somebody-elses.dump"} <= left
    assert not {name for name in left if "2020" in name and not name.endswith("unfinished.sha256")}


def test_a_backup_that_fails_says_so_and_leaves_no_copy(tmp_path: Path) -> None:
    secret = "a-secret-word"
    for url in (f"postgresql://app:{secret}@127.0.0.1:9/app", f"nonsense {secret}", ""):
        result = run("backup.sh", tmp_path / "copies", url)
        assert result.returncode != 0
        assert secret not in result.stdout + result.stderr
        assert result.stderr
        assert not list(tmp_path.glob("copies/*"))


@pytest.mark.parametrize("script", ["backup.sh", "restore.sh"])
def test_wrong_use_is_explained(script: str) -> None:
    result = subprocess.run(
        [str(BASE_DIR / "deploy" / script)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert (result.returncode, result.stderr[:6]) == (2, "usage:")
