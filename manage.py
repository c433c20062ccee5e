#!/usr/bin/env python
"""Run a management command; without ``DATABASE_URL``, on the database of this checkout's demo."""

import os
import sys

from launcher.local import ensure_database
from launcher.postgres import PostgresError

#: These say what is missing by themselves, or need no database.
WITHOUT_DATABASE = {"", "check", "collectstatic", "help", "makemigrations", "version", "--help", "--version"}


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    server = None
    if (sys.argv[1] if len(sys.argv) > 1 else "") not in WITHOUT_DATABASE:
        try:
            server = ensure_database()
        except (LookupError, PostgresError) as error:
            sys.stderr.write(f"{error.args[0]}\n")
            return 2
    from django.core.management import execute_from_command_line  # noqa: PLC0415  (reads the settings)

    try:
        execute_from_command_line(sys.argv)
    finally:
        if server:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
