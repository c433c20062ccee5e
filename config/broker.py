"""The message broker: its queues, and which options each kind needs."""

from typing import Any

from kombu import Exchange, Queue

#: What somebody waits for: events, alerts, a person's clicks, and looking at the clock. Never long work.
LIVE = "live"
#: Everything else, and whatever names no queue.
SYNC = "sync"

#: Stands for ``pgmq://`` without an address: the host is a placeholder, the options say where to connect.
PGMQ_ON_OUR_DATABASE = "pgmq://our-database"

#: How often an idle worker looks at each of its queues. Not by a long poll in the server: that holds a worker to
#: one queue at a time, so the messages of its other queue wait for seconds (measured: p95 10 s).
PGMQ_POLL_SECONDS = 0.1

#: Options of a database that mean something to Django and nothing to PostgreSQL's own library.
DJANGO_OPTIONS = {"assume_role", "isolation_level", "pool", "server_side_binding"}

#: Two at once is all a publisher or a worker's consumer needs; PostgreSQL's connections are few.
PGMQ_POOL_SIZE = 2

#: Nobody who presses a button waits longer than this for a queue whose database is away.
PGMQ_POOL_TIMEOUT_SECONDS = 5


def is_pgmq(broker_url: str) -> bool:
    return broker_url.startswith("pgmq:")


def address(url: str) -> str:
    """``CELERY_BROKER_URL`` as Celery takes it."""
    return PGMQ_ON_OUR_DATABASE if url == "pgmq://" else url


def queues() -> list[Queue]:
    """Both queues. Each has an exchange of its own, or a message for one would be copied into the other."""
    return [Queue(name, Exchange(name), routing_key=name) for name in (LIVE, SYNC)]


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
            "wait_time_seconds": 0,
            "polling_interval": PGMQ_POLL_SECONDS,
            "pool_size": PGMQ_POOL_SIZE,
            "pool_timeout": PGMQ_POOL_TIMEOUT_SECONDS,
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
