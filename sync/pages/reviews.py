"""Records that a person has to recognise, with the candidates as they stand now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from practices.models import Practice
from sync.deeplinks import deep_link
from sync.models import Link, PairVerdict, Review, ReviewState, Snapshot, Verdict
from sync.pages.lists import by_external_id
from sync.pages.related import RelatedGroup, related

FOUND = 20
SHORTEST_SEARCH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A possible counterpart. ``taken_by`` counts source records already linked to it."""

    external_id: str
    name: str
    email: str
    score: float | None
    reasons: Sequence[str]
    against: Sequence[str]
    snapshot: Snapshot | None
    link: str
    taken_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    review: Review
    source: Snapshot | None
    source_link: str
    related: Sequence[RelatedGroup]
    candidates: Sequence[Candidate]
    notes: Sequence[str]
    found: Sequence[Candidate]
    searched: str
    position: int
    open_count: int
    following: Review | None
    previous: Review | None


def review_page(practice: Practice, review: Review, search: str) -> ReviewPage:
    """``search`` looks through all records of the target for another candidate."""
    source = (
        Snapshot.objects.filter(
            connection=review.source_connection,
            kind=review.kind,
            external_id=review.source_external_id.partition("/")[0],
        )
        .select_related("connection")
        .first()
    )
    given = [item for item in review.candidates if isinstance(item, dict)]
    search = search.strip().replace("\x00", "")
    hits = _search(review, search) if len(search) >= SHORTEST_SEARCH else []
    ids = {str(item.get("external_id") or "") for item in given} | {item.external_id for item in hits}
    known = by_external_id(review.target_connection, review.kind, ids - {""})
    taken = _taken(review, list(known))
    apart = _told_apart(review)
    waiting = Review.objects.filter(practice=practice, state=ReviewState.OPEN)
    return ReviewPage(
        review=review,
        source=source,
        source_link=deep_link(source.connection, source.kind, source.external_id, source.record)
        if source
        else "",
        related=related(practice, source) if source else [],
        candidates=[
            _candidate(review, item, known, taken, apart) for item in given if item.get("external_id")
        ],
        notes=[text for item in given if not item.get("external_id") for text in item.get("against") or []],
        found=[_plain(review, item, taken, apart) for item in hits],
        searched=search,
        position=waiting.filter(pk__lte=review.pk).count(),
        open_count=waiting.count(),
        following=next_open(practice, review.pk),
        previous=waiting.filter(pk__lt=review.pk).order_by("-pk").first(),
    )


def next_open(practice: Practice, after: int) -> Review | None:
    """The next one to decide, going round to the first."""
    waiting = (
        Review.objects.filter(practice=practice, state=ReviewState.OPEN).exclude(pk=after).order_by("pk")
    )
    return waiting.filter(pk__gt=after).first() or waiting.first()


def _search(review: Review, text: str) -> list[Snapshot]:
    found = Q(name__icontains=text) | Q(email__icontains=text) | Q(number__iexact=text) | Q(external_id=text)
    rows = Snapshot.objects.filter(found, connection=review.target_connection, kind=review.kind, gone_at=None)
    return list(rows.defer("raw").order_by("name", "pk")[:FOUND])


def _taken(review: Review, ids: Sequence[str]) -> dict[str, int]:
    out: dict[str, int] = {}
    rows = Link.objects.filter(
        target_connection=review.target_connection, kind=review.kind, target_external_id__in=ids
    ).exclude(source_external_id=review.source_external_id)
    for external_id in rows.values_list("target_external_id", flat=True):
        out[external_id] = out.get(external_id, 0) + 1
    return out


def _told_apart(review: Review) -> dict[str, str]:
    """Records that somebody said are another party, with who and when."""
    rows = PairVerdict.objects.filter(
        left_connection=review.source_connection,
        left_external_id=review.source_external_id,
        right_connection=review.target_connection,
        kind=review.kind,
        verdict=Verdict.DIFFERENT,
    ).select_related("decided_by")
    return {
        row.right_external_id: (
            f"{row.decided_by or 'Somebody'} said on {row.decided_at:%d %b %Y} that this is another one"
        )
        for row in rows
    }


def _candidate(
    review: Review,
    item: dict[str, Any],
    known: dict[str, Snapshot],
    taken: dict[str, int],
    apart: dict[str, str],
) -> Candidate:
    external_id = str(item["external_id"])
    snapshot = known.get(external_id)
    return Candidate(
        external_id=external_id,
        name=str(item.get("name") or (snapshot.title if snapshot else external_id)),
        email=str(item.get("email") or ""),
        score=item.get("score"),
        reasons=[str(text) for text in item.get("reasons") or []],
        against=[str(text) for text in item.get("against") or []] + _said(apart, external_id),
        snapshot=snapshot,
        link=_link(review, external_id, snapshot),
        taken_by=taken.get(external_id, 0),
    )


def _said(apart: dict[str, str], external_id: str) -> list[str]:
    return [apart[external_id]] if external_id in apart else []


def _plain(review: Review, snapshot: Snapshot, taken: dict[str, int], apart: dict[str, str]) -> Candidate:
    return Candidate(
        external_id=snapshot.external_id,
        name=snapshot.title,
        email=snapshot.email,
        score=None,
        reasons=(),
        against=_said(apart, snapshot.external_id),
        snapshot=snapshot,
        link=_link(review, snapshot.external_id, snapshot),
        taken_by=taken.get(snapshot.external_id, 0),
    )


def _link(review: Review, external_id: str, snapshot: Snapshot | None) -> str:
    record = snapshot.record if snapshot else {}
    return deep_link(review.target_connection, review.kind, external_id, record)
