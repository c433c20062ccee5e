"""Make and drop a database on a PostgreSQL server of this machine: ``python -m tests.server_lane create``.

``create`` prints a ``DATABASE_URL``, or ends with 1 when no account lets us in. ``PGUSER`` and ``PGPASSWORD``
are tried first.
"""

import os
import sys

import psycopg

NAME = "lane_of_ci"


def server() -> str:
    """The address of the server, without a database."""
    accounts = [("postgres", "postgres"), ("postgres", "")]
    if os.environ.get("PGUSER"):
        accounts.insert(0, (os.environ["PGUSER"], os.environ.get("PGPASSWORD", "")))
    for user, password in accounts:
        address = f"postgresql://{user}:{password}@127.0.0.1:5432"
        try:
            psycopg.connect(f"{address}/postgres", connect_timeout=3).close()
        except psycopg.OperationalError:
            continue
        return address
    sys.exit(1)


def main(action: str) -> None:
    address = server()
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        if action == "create":
            connection.execute(f"CREATE DATABASE {NAME}")
            sys.stdout.write(f"{address}/{NAME}\n")


if __name__ == "__main__":
    main(sys.argv[1])
