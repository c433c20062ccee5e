"""What was found beside what was planted: what was missed, called by a wrong name, or found where nothing is. Pure.

Both sides are rows as JSON gives them: planted ones as the sandbox lists them, found ones as ``manage.py reconcile
PRACTICE --json --list`` does.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """``planted`` and ``recalled`` count by ref. ``wrong`` are found rows about planted records under another ref."""

    planted: Counter[str] = field(default_factory=Counter)
    recalled: Counter[str] = field(default_factory=Counter)
    missed: Sequence[Row] = ()
    wrong: Sequence[Row] = ()
    false: Sequence[Row] = ()

    @property
    def recall(self) -> float:
        """The share of what was planted that was found, 0 to 1; 1 when nothing was planted."""
        return self.recalled.total() / self.planted.total() if self.planted else 1.0


def judge(planted: Iterable[Row], found: Iterable[Row]) -> Judged:
    """A planted row is recalled by a found one about the same record that carries its ref.

    A found row is right when it carries the ref of something planted on its records or on their client, or one that
    comes with it. What is about no record (a setting) goes by the ref alone.
    """
    truth, rows = list(planted), list(found)
    by_id: dict[str, list[Row]] = {}
    for entry in truth:
        for key in {*entry["ignition_ids"], *entry["xero_ids"], entry["client"]} - {""}:
            by_id.setdefault(key, []).append(entry)
    recalled: set[int] = set()
    wrong: list[Row] = []
    false: list[Row] = []
    for row in rows:
        refs, ids = set(row["refs"]), ids_of(row)
        near = [entry for key in ids for entry in by_id.get(key, ())] if ids else truth
        for entry in near:
            if entry["ref"] in refs and (not ids or ids & {*entry["ignition_ids"], *entry["xero_ids"]}):
                recalled.add(id(entry))
        if any(refs & {entry["ref"], *entry["also"]} for entry in near):
            continue
        (wrong if near and ids else false).append(row)
    return Judged(
        planted=Counter(str(entry["ref"]) for entry in truth),
        recalled=Counter(str(entry["ref"]) for entry in truth if id(entry) in recalled),
        missed=[entry for entry in truth if id(entry) not in recalled],
        wrong=wrong,
        false=false,
    )


def ids_of(row: Row) -> set[str]:
    """The records of a found row; a share of a payment, ``payment/invoice``, is both."""
    return {part for key in (*row["source_ids"], *row["target_ids"]) for part in str(key).split("/") if part}
