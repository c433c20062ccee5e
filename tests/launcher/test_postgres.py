"""The private server starts under every account it may meet, is shared, and goes when the last one leaves."""

import multiprocessing
import os
import pwd
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from launcher import postgres

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that the server's account can reach, with a short path."""
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/var/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def account_of_server(base: Path) -> str:
    pid = (base / "data" / "postmaster.pid").read_text().split()[0]
    return pwd.getpwuid(Path(f"/proc/{pid}").stat().st_uid).pw_name


def test_it_starts_is_shared_keeps_its_data_and_stops_with_its_last_user(base: Path) -> None:
    assert not postgres.has_data(base)
    first = postgres.ensure_running(base, durable=False)
    second = postgres.ensure_running(base, durable=False)
    assert first.data.stat().st_mode & 0o077 == 0  # nobody else may enter
    assert account_of_server(base) != "root"
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        # Row-level security binds the app's account; tests and migrations still have what they need.
        rights = "SELECT rolsuper, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(rights).fetchone() == (False, True, False)
        connection.execute("CREATE EXTENSION pg_trgm")
    first.stop()
    with psycopg.connect(second.url) as connection:  # still there for the second
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    second.stop()
    second.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(second.url)
    assert postgres.has_data(base)
    again = postgres.ensure_running(base, durable=False)
    try:
        with psycopg.connect(again.url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    finally:
        again.stop()


def test_a_killed_server_comes_up_again(base: Path) -> None:
    server = postgres.ensure_running(base, durable=False)
    pid = int((base / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, 9)
    while server.is_up():
        pass
    again = postgres.ensure_running(base, durable=False)
    try:
        with psycopg.connect(again.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()
        again.stop()


def test_a_number_that_another_program_has_by_now_is_not_taken_for_the_server(base: Path) -> None:
    postgres.ensure_running(base, durable=False).stop()
    note = base / "data" / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n{base / 'data'}\n0\n5432\n.\n\n")
    os.chown(note, base.joinpath("data").stat().st_uid, -1)
    server = postgres.ensure_running(base, durable=False)
    try:
        assert server.is_up()
    finally:
        server.stop()
    assert not server.is_up()


def test_a_long_path_and_odd_letters_do_no_harm(base: Path) -> None:
    deep = base / ("it's a long way to the checkout " * 4)
    deep.mkdir()
    deep.chmod(0o711)
    server = postgres.ensure_running(deep, durable=False)
    try:
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()
    assert not postgres._short_name(server.data).exists()


def test_a_set_up_that_was_cut_short_is_begun_anew(base: Path) -> None:
    (base / "data.new").mkdir()
    (base / "data.new" / "PG_VERSION").write_text("18")
    postgres.ensure_running(base, durable=False).stop()
    assert not (base / "data.new").exists()


def test_data_of_another_version_is_refused_with_advice(base: Path) -> None:
    postgres.ensure_running(base, durable=False).stop()
    version = base / "data" / "PG_VERSION"
    version.write_text("9")
    with pytest.raises(postgres.PostgresError, match="made by PostgreSQL 9") as refused:
        postgres.ensure_running(base, durable=False)
    assert "PG_BINDIR" in str(refused.value)


def _start_as(user: str | None, base: Path, result: "multiprocessing.Queue[str]") -> None:
    if user:
        account = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
    try:
        server = postgres.ensure_running(base, durable=False)
        result.put(account_of_server(base))
        server.stop()
    except postgres.PostgresError as error:
        result.put(f"refused: {error}")


def in_a_child(start: Callable[..., None], *arguments: object) -> str:
    fork = multiprocessing.get_context("fork")
    result: multiprocessing.Queue[str] = fork.Queue()
    child = fork.Process(target=start, args=(*arguments, result))
    child.start()
    child.join(60)
    return result.get(timeout=5)


def test_an_ordinary_user_runs_it_as_himself(base: Path) -> None:
    user = "nobody" if AS_ROOT else pwd.getpwuid(os.geteuid()).pw_name
    if AS_ROOT:
        account = pwd.getpwnam(user)
        os.chown(base, account.pw_uid, account.pw_gid)
    assert in_a_child(_start_as, user if AS_ROOT else None, base) == user


def test_root_in_a_folder_closed_to_others_runs_it_in_a_namespace_or_says_why_not(base: Path) -> None:
    base.chmod(0o700)
    closed = base / "inside"
    can = subprocess.run(["unshare", "--user", "--map-user=1000", "true"], check=False, capture_output=True)
    outcome = in_a_child(_start_as, None, closed)
    if AS_ROOT and can.returncode != 0:
        assert outcome.startswith("refused: PostgreSQL refuses to run as root")
    else:
        assert outcome == pwd.getpwuid(os.geteuid()).pw_name
    assert base.stat().st_mode & 0o777 == 0o700  # nothing was opened up to get there


def test_a_link_where_the_socket_should_go_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name can be foreseen, and whoever starts this as root gives what is found there to another account."""
    (base / "ours").mkdir(mode=0o700)
    (base / "trap").symlink_to(base / "ours")
    (base / "open").mkdir()
    for name in ("trap", "open"):
        monkeypatch.setattr(postgres, "Path", lambda *parts, name=name: base / name)
        with pytest.raises(postgres.PostgresError, match="not a private folder"):
            postgres._short_folder(base, postgres._RunAs())
