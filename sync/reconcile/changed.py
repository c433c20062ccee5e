"""What can be told from the books of a few clients alone, after a sync that changed something of theirs. Pure."""

from collections.abc import Iterable

from sync.reconcile.books import Difference
from sync.reconcile.kinds import KINDS

NEEDS_ALL = frozenset(code for code, item in KINDS.items() if item.needs_all)
"""Kinds that compare a record with all others of its system."""


def of_clients(differences: Iterable[Difference], clients: frozenset[str]) -> list[Difference]:
    """The differences that belong to these clients for certain: what hangs on others was looked at in part only."""
    return [item for item in differences if item.client_external_id in clients and item.kind not in NEEDS_ALL]
