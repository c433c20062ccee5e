"""Which record here is which there, by evidence: one to one, and only where no other comes near. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sync.identity.blocks import counted, homes_of, pairs_between, sound
from sync.identity.evidence import Evidence, may_join, weigh
from sync.identity.likeness import Rarity
from sync.identity.summing import Shares
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
        pairs.sort(key=lambda item: (item.evidence.ruled_out, -item.evidence.points, item.left, item.right))
    found, refused = _assign(scored, back, free)
    return Resolved(found, dict(scored), refused)


def _assign(
    scored: dict[str, list[Scored]], back: dict[str, list[Scored]], free: frozenset[str] | None
) -> tuple[dict[str, Scored], dict[str, str]]:
    """The sure pairs, and why the others are none. In rounds, as who is sure of somebody competes for nobody else."""
    found: dict[str, Scored] = {}
    refused: dict[str, str] = {}
    taken: set[str] = set()
    waiting = list(scored)
    while waiting:
        sure = []
        for external_id in waiting:
            ours = [pair for pair in scored[external_id] if pair.right not in taken]
            best = (ours or scored[external_id])[0]
            theirs = [pair for pair in back[best.right] if pair.left not in found]
            reason = _why_not(best, ours, theirs, free)
            if reason:
                refused[external_id] = reason
            else:
                sure.append(best)
        for pair in sure:
            found[pair.left] = pair
            refused.pop(pair.left, None)
        taken.update(pair.right for pair in sure)
        waiting = [external_id for external_id in waiting if external_id not in found] if sure else []
    return found, refused


def _why_not(best: Scored, ours: list[Scored], theirs: list[Scored], free: frozenset[str] | None) -> str:
    """Why ``best`` is not joined; empty when it is. What is ruled out, or linked and less alike, is no rival."""
    if not best.evidence.enough:
        return "Too little agrees to link it without a person"
    if free is not None and best.right not in free:
        return "The contact that fits best can't be linked"
    if not ours or theirs[0].left != best.left:
        return "Another client fits this contact better"
    for pairs, what in ((ours, "contact"), (theirs, "client")):
        rivals = [
            pair for pair in pairs[1:] if not pair.evidence.ruled_out and (free is None or pair.right in free)
        ]
        if rivals:
            ahead = best.evidence.points - rivals[0].evidence.points
            if ahead < MARGIN:
                return (
                    f"Another {what} fits nearly as well ({ahead:.0f} points behind, {MARGIN:.0f} are wanted)"
                )
    return ""


def shares_of(left: Iterable[Traits], right: Iterable[Traits]) -> Shares:
    """How often each address and number occurs on the side where it occurs more often."""
    sides = [tuple(side) for side in (left, right)]
    (emails, phones, taxes, codes) = (one | other for one, other in zip(*map(_counts, sides), strict=True))
    homes: dict[str, set[str]] = defaultdict(set)
    for traits in (*sides[0], *sides[1]):
        for home in homes_of(traits):
            homes[home].update(sound(name[0]) for name in traits.names)
    domains = Counter(email.rpartition("@")[2] for email in emails)
    return Shares(emails, phones, taxes, codes, domains, homes)


def _counts(records: Iterable[Traits]) -> tuple[Counter[str], Counter[str], Counter[str], Counter[str]]:
    emails: Counter[str] = Counter()
    phones: Counter[str] = Counter()
    taxes: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for traits in records:
        emails.update(traits.emails)
        phones.update(traits.phones)
        codes.update(traits.codes)
        if traits.tax:
            taxes[traits.tax] += 1
    return emails, phones, taxes, codes
