"""Print ``DATABASE_URL`` as the variables that PostgreSQL's own programs read, for ``eval`` in a shell.

From the environment, else from the checkout's ``.env``. As variables and not as arguments, because everybody on a
machine can read the arguments of its programs.
"""

import os
import shlex
import sys
from pathlib import Path

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from launcher import envfile  # noqa: E402  (found by the line above)

NAMES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}


def main() -> int:
    try:
        found = conninfo_to_dict(_address())
    except ProgrammingError:  # its text repeats what it can't read, the password included
        sys.stderr.write("DATABASE_URL can't be read by PostgreSQL's own programs.\n")
        return 1
    if not found.get("dbname"):
        sys.stderr.write("DATABASE_URL names no database.\n")
        return 1
    for name, variable in NAMES.items():
        if name in found:
            sys.stdout.write(f"export {variable}={shlex.quote(str(found[name]))}\n")
    return 0


def _address() -> str:
    if "DATABASE_URL" in os.environ:
        return os.environ["DATABASE_URL"]
    return envfile.read(CHECKOUT / ".env").get("DATABASE_URL", "")


if __name__ == "__main__":
    sys.exit(main())
