"""The message broker: which options each kind needs."""

from typing import Any

#: Stands for ``pgmq://`` without an address: the host is a placeholder, the options say where to connect.
PGMQ_ON_OUR_DATABASE = "pgmq://our-database"

#: A long poll ends at the latest after this, so that a worker told to stop does so soon.
PGMQ_WAIT_SECONDS = 1
PGMQ_POLL_MS = 50

#: Options of a database that mean something to Django and nothing to PostgreSQL's own library.
DJANGO_OPTIONS = {"assume_role", "isolation_level", "pool", "server_side_binding"}

#: Two at once is all a publisher or a worker's consumer needs; PostgreSQL's connections are few.
PGMQ_POOL_SIZE = 2


def is_pgmq(broker_url: str) -> bool:
    return broker_url.startswith("pgmq:")


def address(url: str) -> str:
    """``CELERY_BROKER_URL`` as Celery takes it."""
    return PGMQ_ON_OUR_DATABASE if url == "pgmq://" else url


def transport_options(
    broker_url: str, database: dict[str, Any], *, visibility_timeout: int
) -> dict[str, Any]:
    """Celery's ``broker_transport_options``. ``database`` is Django's default database, used for PGMQ."""
    if broker_url.startswith(("amqp:", "amqps:", "memory:")):
        return {}
    options: dict[str, Any] = {"visibility_timeout": visibility_timeout}
    if is_pgmq(broker_url):
        options |= {
            "init_extension": False,
            "wait_time_seconds": PGMQ_WAIT_SECONDS,
            "poll_interval_ms": PGMQ_POLL_MS,
            "polling_interval": PGMQ_POLL_MS / 1000,
            "pool_size": PGMQ_POOL_SIZE,
        }
        if broker_url == PGMQ_ON_OUR_DATABASE and database:
            options["conn_string"] = _pgmq_conninfo(database)
    return options


def _pgmq_conninfo(database: dict[str, Any]) -> str:
    """A connection string that survives being taken apart and glued together again.

    The client keeps only five values and joins them without quoting, so each is quoted twice, and the
    remaining ones (``sslmode`` and the like) ride behind the last of the five, the password.
    """
    options = database.get("OPTIONS", {}).items()
    extra = {key: value for key, value in options if key not in DJANGO_OPTIONS}
    five = {
        "host": database.get("HOST") or extra.pop("host", None) or "localhost",
        "port": database.get("PORT") or extra.pop("port", None) or 5432,
        "dbname": database["NAME"],
        "user": database.get("USER") or extra.pop("user", None) or "postgres",
        "password": database.get("PASSWORD") or "none",
    }
    glued = {key: _quoted(value) for key, value in five.items()}
    glued["password"] += "".join(f" {key}={_quoted(value)}" for key, value in extra.items())
    return " ".join(f"{key}={_quoted(value)}" for key, value in glued.items())


def _quoted(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
