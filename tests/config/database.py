"""The test's own database, for programs that a test starts."""

import os
from urllib.parse import urlsplit, urlunsplit

from django.db import connection


def address() -> str:
    """A ``DATABASE_URL``. What the programs shall see has to be committed: use ``transaction=True``."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
