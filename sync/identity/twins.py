"""Records of one system that are probably the same party twice. Pure and nearly linear."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from connectors.records import Contact
from sync.identity.blocks import counted, pairs_within
from sync.identity.evidence import Evidence, may_join, weigh
from sync.identity.likeness import Rarity
from sync.identity.resolve import shares_of
from sync.identity.traits import Traits, traits_of

MOST_TWINS = 6
"""More records than this with one e-mail address or number are a family or a bookkeeper, not one party."""


@dataclass(frozen=True, slots=True)
class Twins:
    """Records that are probably one party. ``score`` is that of its weakest tie; ``against`` what speaks against it."""

    ids: tuple[str, ...]
    score: float
    reasons: tuple[str, ...]
    against: tuple[str, ...]


def twins(
    contacts: Iterable[Contact], *, country: str, apart: frozenset[tuple[str, str]] = frozenset()
) -> list[Twins]:
    """Groups of probable duplicates, the surest first; each record is in one group at most.

    ``apart`` are pairs of ids, in order, that a person said are different: such two are never in one group. The same
    records give the same groups, whatever their order.
    """
    records = sorted(
        (traits_of(contact, country=country) for contact in contacts), key=lambda item: item.external_id
    )
    words, places = counted(records)
    rarity = Rarity(len(records), words, places)
    shares = shares_of(records, ())
    shares.alone = MOST_TWINS
    ties: list[tuple[float, str, str, Evidence]] = []
    ruled_out: set[tuple[str, str]] = set(apart)
    for one, other in pairs_within(records):
        left, right = records[one], records[other]
        if not may_join(left, right, rarity):
            continue
        evidence = weigh(left, right, rarity, shares)
        if evidence.enough:
            ties.append((-evidence.points, left.external_id, right.external_id, evidence))
        elif evidence.ruled_out:
            ruled_out.add((left.external_id, right.external_id))
    ties.sort(key=lambda tie: tie[:3])
    return _groups(ties, ruled_out)


def _groups(ties: list[tuple[float, str, str, Evidence]], ruled_out: set[tuple[str, str]]) -> list[Twins]:
    """Join the surest ties first, unless that brings two together that were ruled out."""
    group_of: dict[str, int] = {}
    members: dict[int, list[str]] = {}
    kept: dict[int, list[Evidence]] = defaultdict(list)
    for number, (_, left, right, evidence) in enumerate(ties):
        one, other = group_of.get(left), group_of.get(right)
        if one is not None and one == other:
            continue
        ours = members.get(one, [left]) if one is not None else [left]
        theirs = members.get(other, [right]) if other is not None else [right]
        if any(_ordered(a, b) in ruled_out for a in ours for b in theirs):
            continue
        members[number] = [*ours, *theirs]
        kept[number] = [
            *(kept.pop(one, []) if one is not None else []),
            *(kept.pop(other, []) if other is not None else []),
            evidence,
        ]
        for gone in {one, other} - {None}:
            members.pop(gone, None)  # type: ignore[arg-type]  # None was taken out
        for external_id in members[number]:
            group_of[external_id] = number
    out = [_twins(members[number], kept[number]) for number in members]
    out.sort(key=lambda item: (-item.score, item.ids))
    return out


def _ordered(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _twins(ids: list[str], evidence: list[Evidence]) -> Twins:
    weakest = min(evidence, key=lambda item: item.points)
    return Twins(
        ids=tuple(sorted(ids)),
        score=weakest.confidence,
        reasons=tuple(dict.fromkeys(text for item in evidence for text in item.reasons))[:6],
        against=tuple(dict.fromkeys(text for item in evidence for text in item.against))[:6],
    )


def why(left: Traits, right: Traits) -> Evidence:
    """What speaks for and against two records by themselves, for showing a pair to a person."""
    records = [left, right]
    words, places = counted(records)
    shares = shares_of(records, ())
    shares.alone = MOST_TWINS
    return weigh(left, right, Rarity(len(records), words, places), shares)
