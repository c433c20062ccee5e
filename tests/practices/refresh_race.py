"""Processes that all want the same token at the same moment: ``python -m tests.practices.refresh_race GRANT COUNT``.

Prints what each got as ``process number, digest of the token``, or the name of the error.
"""

import hashlib
import os
import sys

import django

django.setup()

from connectors.errors import ConnectorError  # noqa: E402  (Django has to be set up before models are imported)
from practices.models import Grant  # noqa: E402
from practices.tokens import GrantTokens  # noqa: E402


def main(grant_pk: int, count: int) -> None:
    """Fork, hold everybody back until all are there, let them go at once, and wait for the last."""
    gate, opener = os.pipe()
    children = [_fork(grant_pk, gate, opener) for _ in range(count)]
    os.close(gate)
    os.close(opener)
    for child in children:
        os.waitpid(child, 0)


def _fork(grant_pk: int, gate: int, opener: int) -> int:
    child = os.fork()
    if child:
        return child
    os.close(opener)
    os.read(gate, 1)  # ends when nobody holds the other end any more
    try:
        result = hashlib.sha256(GrantTokens(Grant(pk=grant_pk)).token().encode()).hexdigest()
    except ConnectorError as error:
        result = type(error).__name__
    sys.stdout.write(f"{os.getpid()} {result}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
