"""Clients across systems: who is linked to whom and why, who is not, and who may be there twice."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from practices.models import Practice
from sync.filters import holds, links_from, links_to
from sync.models import Kind, Link, Mismatch, MismatchState, Review, ReviewState, Snapshot
from sync.pages.long_lists import long_list
from sync.pages.paging import Sheet
from sync.pages.sides import Sides

SHOWS = {
    "": "All clients",
    "linked": "Linked",
    "open": "To decide",
    "none": "No counterpart",
    "target": "Only in Xero",
    "shared": "Shared contact",
    "twins": "Probable twins",
    "twins_target": "Twins in Xero",
}
"""What the list can be narrowed to; the key stands in the address bar."""
OF_TARGET = frozenset({"target", "twins_target"})
TWINS = {"twins": "contact_twice_in_ignition", "twins_target": "contact_twice_in_xero"}
"""The comparison's kinds of difference that name them."""
MOST_TWINS = 5_000
HEAVY = ("raw", "content_hash")
SORTS = {"name": "name", "email": "email"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A link as seen from one of its ends. ``other`` is ``None`` while the other system's copy was not read."""

    link: Link
    other: Snapshot | None
    shared_by: int

    @property
    def percent(self) -> int:
        """Rounded down: only what is certain is 100."""
        return int(100 * self.link.confidence)


@dataclass(frozen=True, slots=True)
class Near:
    """The likeliest counterpart of a client that is not linked, and why it is not."""

    name: str
    why_not: str
    more: int


@dataclass(frozen=True, slots=True)
class Row:
    snapshot: Snapshot
    pairs: Sequence[Pair]
    review: Review | None
    near: Near | None
    is_twin: bool


@dataclass(frozen=True, slots=True)
class Graph:
    sheet: Sheet
    rows: Sequence[Row]
    show: str
    text: str
    of_target: bool
    open_count: int


def graph(practice: Practice, sides: Sides, params: QueryDict) -> Graph:
    """One page of clients. The number of queries doesn't depend on how many there are."""
    show = params.get("show", "")
    show = show if show in SHOWS else ""
    text = params.get("q", "").replace("\x00", "").strip()[:200]
    twins = _twins(practice)
    query = _narrowed(practice, sides, show, twins)
    if text:
        found = Q(external_id=text)
        for column in ("name", "email", "number"):
            found |= holds(column, text)
        query = query.filter(found)
    page, _ = long_list(query, params, sorts=SORTS, default="name", quick=frozenset({"name"}))
    of_target = show in OF_TARGET
    rows = _rows(sides, page.rows, twins["twins_target" if of_target else "twins"], of_target=of_target)
    waiting = Review.objects.filter(practice=practice, kind=Kind.CONTACT, state=ReviewState.OPEN)
    return Graph(page, rows, show, text, of_target, waiting.count())


def _narrowed(practice: Practice, sides: Sides, show: str, twins: dict[str, frozenset[str]]) -> QuerySet[Any]:
    connection = sides.target if show in OF_TARGET else sides.source
    query: QuerySet[Any] = Snapshot.objects.filter(
        practice=practice, connection=connection, kind=Kind.CONTACT
    ).defer(*HEAVY)
    if connection is None:
        return query.none()
    waits = Exists(
        Review.objects.filter(
            source_connection=sides.source,
            target_connection=sides.target,
            kind=Kind.CONTACT,
            state=ReviewState.OPEN,
            source_external_id=OuterRef("external_id"),
        )
    )
    linked = Exists(links_from(sides))
    if show in TWINS:
        return query.filter(external_id__in=twins[show])
    if show == "linked":
        return query.filter(linked)
    if show == "open":
        return query.filter(waits)
    if show == "none":
        return query.filter(~linked, ~waits, gone_at=None)
    if show == "target":
        return query.filter(~Exists(links_to(sides)), gone_at=None)
    if show == "shared":
        links = Link.objects.filter(
            source_connection=sides.source, target_connection=sides.target, kind=Kind.CONTACT
        )
        shared = links.values("target_external_id").annotate(n=Count("pk")).filter(n__gt=1)
        ids = links.filter(target_external_id__in=shared.values("target_external_id"))
        return query.filter(external_id__in=ids.values("source_external_id"))
    return query


def _twins(practice: Practice) -> dict[str, frozenset[str]]:
    """Ids of records that the last comparison found to be there twice, by what the list is narrowed to. One query."""
    rows = Mismatch.objects.filter(practice=practice, kind__in=TWINS.values()).exclude(
        state=MismatchState.FIXED
    )
    found: dict[str, set[str]] = defaultdict(set)
    for kind, source, target in rows.values_list("kind", "source_external_ids", "target_external_ids")[
        :MOST_TWINS
    ]:
        found[kind].update(source if kind == TWINS["twins"] else target)
    return {show: frozenset(found[kind]) for show, kind in TWINS.items()}


def _rows(
    sides: Sides, snapshots: Sequence[Snapshot], twins: frozenset[str], *, of_target: bool
) -> list[Row]:
    """The rows of one page with their other side; four queries whatever their number."""
    ids = [item.external_id for item in snapshots]
    if not ids or sides.source is None or sides.target is None:
        return [Row(item, (), None, None, item.external_id in twins) for item in snapshots]
    mine, theirs = ("target", "source") if of_target else ("source", "target")
    links = list(
        Link.objects.filter(
            **{f"{mine}_external_id__in": ids},
            source_connection=sides.source,
            target_connection=sides.target,
            kind=Kind.CONTACT,
        ).select_related("confirmed_by")
    )
    there = others(
        sides.source if of_target else sides.target,
        (getattr(link, f"{theirs}_external_id") for link in links),
    )
    counts = shared_by(sides, (link.target_external_id for link in links))
    pairs: dict[str, list[Pair]] = defaultdict(list)
    for link in links:
        other = there.get(getattr(link, f"{theirs}_external_id"))
        pairs[getattr(link, f"{mine}_external_id")].append(Pair(link, other, counts[link.target_external_id]))
    reviews = {} if of_target else _reviews(sides, ids)
    return [
        Row(
            snapshot=item,
            pairs=pairs.get(item.external_id, ()),
            review=reviews.get(item.external_id),
            near=_near(reviews.get(item.external_id)),
            is_twin=item.external_id in twins,
        )
        for item in snapshots
    ]


def others(connection: Any, ids: Iterable[str]) -> dict[str, Snapshot]:
    rows = Snapshot.objects.of(connection, Kind.CONTACT).filter(external_id__in=set(ids)).defer(*HEAVY)
    return {item.external_id: item for item in rows}


def shared_by(sides: Sides, contact_ids: Iterable[str]) -> Counter[str]:
    """How many clients are linked to each of these contacts."""
    rows = Link.objects.filter(
        source_connection=sides.source,
        target_connection=sides.target,
        kind=Kind.CONTACT,
        target_external_id__in=set(contact_ids),
    ).order_by()
    return Counter(dict(rows.values_list("target_external_id").annotate(Count("pk"))))


def _reviews(sides: Sides, ids: Sequence[str]) -> dict[str, Review]:
    rows = Review.objects.filter(
        source_connection=sides.source,
        target_connection=sides.target,
        kind=Kind.CONTACT,
        source_external_id__in=ids,
    ).select_related("decided_by")
    return {item.source_external_id: item for item in rows}


def _near(review: Review | None) -> Near | None:
    """The likeliest candidate of an open review, with the first thing that speaks against it."""
    if review is None or review.state != ReviewState.OPEN:
        return None
    given = [item for item in review.candidates if isinstance(item, dict)]
    if not given:
        return None
    against = [str(text) for text in given[0].get("against") or ()]
    return Near(str(given[0].get("name") or ""), against[0] if against else "", len(given) - 1)
