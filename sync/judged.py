"""What people said about pairs of records, read for matching and comparing. ``sync.verdicts`` writes it."""

from collections.abc import Mapping

from practices.models import Connection
from sync.models import Kind, PairVerdict, Verdict

Pair = tuple[str, str]


def told_apart(source: Connection, target: Connection) -> frozenset[Pair]:
    """Pairs (client, contact) that never link by themselves. One query."""
    rows = PairVerdict.objects.filter(
        left_connection=source, right_connection=target, kind=Kind.CONTACT, verdict=Verdict.DIFFERENT
    )
    return frozenset(rows.values_list("left_external_id", "right_external_id"))


def different_twins(connection: Connection) -> frozenset[Pair]:
    """Pairs of one system, ids in order, that look alike and are two parties. One query."""
    return told_apart(connection, connection)


def to_be_merged(connection: Connection) -> Mapping[Pair, str]:
    """Pairs of one system, ids in order, that somebody wants merged there, with who said so and when. One query."""
    rows = PairVerdict.objects.filter(
        left_connection=connection, right_connection=connection, kind=Kind.CONTACT, verdict=Verdict.SAME
    ).select_related("decided_by")
    name = connection.get_provider_display()
    return {
        (row.left_external_id, row.right_external_id): (
            f"To be merged in {name}, as {row.decided_by or 'somebody'} said on {row.decided_at:%d %b %Y}."
        )
        for row in rows
    }
