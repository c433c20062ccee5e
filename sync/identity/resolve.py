"""Which record here is which there, by evidence: one to one, and only where no other comes near. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sync.identity.blocks import counted, pairs_between
from sync.identity.evidence import Evidence, Shares, may_join, weigh
from sync.identity.likeness import Rarity
from sync.identity.traits import Traits

MARGIN = 6.0
"""Points by which the best has to beat every other on either side: odds of eight to one between the two."""
WORTH_TELLING = 8.0
"""Points from which a pair is remembered at all, as a near miss or as a competitor."""


@dataclass(frozen=True, slots=True)
class Scored:
    left: str
    right: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Resolved:
    """``found``: the pairs to join, by left id. ``near``: what came near, by left id, best first.

    ``refused`` tells for a left id why its best pair is not joined.
    """

    found: dict[str, Scored]
    near: dict[str, list[Scored]]
    refused: dict[str, str]


def resolve(
    left: Sequence[Traits],
    right: Sequence[Traits],
    *,
    free: frozenset[str] | None = None,
    apart: frozenset[tuple[str, str]] = frozenset(),
    alone: Iterable[Traits] = (),
) -> Resolved:
    """Compare two sides. ``free`` are the right records that may be joined; the others only compete.

    ``apart`` are pairs (left, right) that a person said are different. ``alone`` are further left records that count
    when it is asked how rare something is, and are not joined.
    """
    words, places = counted(right)
    rarity = Rarity(len(right), words, places)
    shares = shares_of([*left, *alone], right)
    scored: dict[str, list[Scored]] = defaultdict(list)
    back: dict[str, list[Scored]] = defaultdict(list)
    for here, there in pairs_between(left, right):
        one, other = left[here], right[there]
        if (one.external_id, other.external_id) in apart or not may_join(one, other, rarity):
            continue
        evidence = weigh(one, other, rarity, shares)
        if evidence.points >= WORTH_TELLING:
            pair = Scored(one.external_id, other.external_id, evidence)
            scored[one.external_id].append(pair)
            back[other.external_id].append(pair)
    for pairs in (*scored.values(), *back.values()):
        pairs.sort(key=lambda item: (-item.evidence.points, item.left, item.right))
    found: dict[str, Scored] = {}
    refused: dict[str, str] = {}
    for external_id, pairs in scored.items():
        best = pairs[0]
        reason = _why_not(best, pairs, back[best.right], free)
        if reason:
            refused[external_id] = reason
        else:
            found[external_id] = best
    return Resolved(found, dict(scored), refused)


def _why_not(best: Scored, ours: list[Scored], theirs: list[Scored], free: frozenset[str] | None) -> str:
    if not best.evidence.enough:
        return "Too little agrees to link it without a person"
    if free is not None and best.right not in free:
        return "The contact that fits best can't be linked"
    if theirs[0].left != best.left:
        return "Another client fits this contact better"
    for rivals, what in ((ours, "contact"), (theirs, "client")):
        if len(rivals) > 1:
            ahead = best.evidence.points - rivals[1].evidence.points
            if ahead < MARGIN:
                return (
                    f"Another {what} fits nearly as well ({ahead:.0f} points behind, {MARGIN:.0f} are wanted)"
                )
    return ""


def shares_of(left: Iterable[Traits], right: Iterable[Traits]) -> Shares:
    """How often each address and number occurs on the side where it occurs more often."""
    first, second = (_counts(side) for side in (left, right))
    emails, phones, taxes = (one | other for one, other in zip(first, second, strict=True))
    return Shares(emails, phones, taxes)


def _counts(records: Iterable[Traits]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    emails: Counter[str] = Counter()
    phones: Counter[str] = Counter()
    taxes: Counter[str] = Counter()
    for traits in records:
        emails.update(traits.emails)
        phones.update(traits.phones)
        if traits.tax:
            taxes[traits.tax] += 1
    return emails, phones, taxes
