"""Which database a command in this checkout means when none is named: the demo's own."""

import os

from launcher import envfile, paths, postgres

#: Begins the address of a server that ``launcher.postgres`` runs for this checkout.
OWN_SERVER = f"postgresql://{postgres.APP_ROLE}@/{postgres.APP_DATABASE}?host="

HEADING = "Written by 'make demo'. Read by every command in this checkout while DATABASE_URL is not set."


def is_named() -> bool:
    """Whether the environment or ``.env`` names a database."""
    return bool(os.environ.get("DATABASE_URL") or envfile.read(paths.BASE_DIR / ".env").get("DATABASE_URL"))


def ensure_database() -> postgres.Server | None:
    """Start (or join) the demo's own server for one command; ``None`` when the demo uses another one.

    Raises :class:`LookupError` when neither a database is named nor a demo was ever started here.
    """
    if is_named():
        return None
    known = envfile.read(paths.DEMO_ENV_FILE)
    url = known.get("DATABASE_URL", "")
    if not url:
        raise LookupError(
            "No database is named. Run 'make demo' to get one, or set DATABASE_URL (see .env.example)."
        )
    if not url.startswith(OWN_SERVER):
        return None
    if not postgres.has_data(paths.POSTGRES_DIR):
        raise LookupError(
            f"The demo's database in {paths.POSTGRES_DIR} is gone. Run 'make demo' to get a new one."
        )
    server = postgres.ensure_running(paths.POSTGRES_DIR)
    if server.url != url:  # the checkout was moved, or the socket had to go elsewhere
        envfile.write(paths.DEMO_ENV_FILE, {**known, "DATABASE_URL": server.url}, heading=HEADING)
    return server
