"""How alike two names are, in points, and how rare a word is. Pure.

Points are powers of two: what agrees counts the more the rarer it is in the directory at hand, and what contradicts
takes points away. The weights are fixed; they were reasoned out and not fitted to anybody's records.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from sync.identity.traits import Traits
from sync.identity.usual import GENERIC, GIVEN, SHORT_FOR, TRADES, VARIANT_ENDINGS

BACKGROUND = 200
"""Records imagined beside the directory, so that in a small one not every word counts as rare."""
MOST_FOR_A_WORD = 8.0
MOST_FOR_A_USUAL_WORD = 5.0
TYPO_FROM = 3
"""Shorter words have no typing errors: they are other words."""
TWO_TYPOS_FROM = 8
USUAL_FROM = 5
"""A word in so many records is spelled as it is meant."""
DIFFERENT_WORD = -9.0
EXTRA_WORD = -1.0
SWAPPED = -2.0
SURE = {"typo": 0.8, "short": 0.6, "initial": 0.15}
"""The share of a word's points that a word like it gives."""
RELATIONS = tuple(SURE)
SAID = {
    "typo": "“{}” is nearly “{}”",
    "short": "“{}” and “{}” are forms of one name",
    "initial": "“{}” may stand for “{}”",
}
LOOSE_SURNAME = 0.72


@dataclass
class Rarity:
    """How many records have a word, a street or a postcode."""

    size: int
    words: Mapping[str, int] = field(default_factory=Counter)
    places: Mapping[str, int] = field(default_factory=Counter)

    def word(self, word: str) -> float:
        most = MOST_FOR_A_USUAL_WORD if word in TRADES or word in GIVEN else MOST_FOR_A_WORD
        return min(most, self._points(self.words.get(word, 0)))

    def place(self, text: str) -> float:
        return min(MOST_FOR_A_WORD, self._points(self.places.get(text, 0)))

    def _points(self, found: int) -> float:
        return log2((self.size + BACKGROUND) / (found + 1))


@dataclass(frozen=True, slots=True)
class NameLikeness:
    """``whole``: no word speaks against the names being one. ``differing`` are words that stand against each other."""

    points: float
    whole: bool
    exact: bool
    swapped: bool = False
    differing: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    same: int = 0
    initial_only: bool = False
    """All words agree, but one side has no more than the initial of some."""
    weak: bool = False
    """Some word agrees in its initial only."""
    first_exact: bool = False
    """The first words are the same, letter by letter."""
    first_only: bool = False
    """One side is no more than the first word of the other."""


NOTHING = NameLikeness(0.0, whole=False, exact=False)


def compare_names(left: Traits, right: Traits, rarity: Rarity) -> NameLikeness:
    """The best that any name of one side makes with any of the other."""
    best = NOTHING
    for one in left.names:
        for other in right.names:
            found = compare_words(one, other, rarity)
            if (found.whole, found.points) > (best.whole, best.points) or best is NOTHING:
                best = found
    return best


def is_no_branch(name: NameLikeness) -> bool:
    """Whether one e-mail address may join two such names: no words stand against each other, and a word too many is
    a middle name or a trade. "Acme Plumbing Dubbo" is a branch of "Acme Plumbing".
    """
    return not name.differing and (name.whole or TRADES.issuperset(name.extra))


def compare_words(left: tuple[str, ...], right: tuple[str, ...], rarity: Rarity) -> NameLikeness:
    if left == right:
        points = sum(rarity.word(word) for word in set(left))
        return NameLikeness(points, whole=True, exact=True, same=len(left), first_exact=True)
    if sorted(left) == sorted(right):
        points = sum(rarity.word(word) for word in set(left)) + SWAPPED
        return NameLikeness(points, whole=True, exact=True, swapped=True, same=len(left), first_exact=True)
    rest_left, rest_right = list(left), list(right)
    points, same = 0.0, 0
    for word in left:
        if word in rest_right:
            rest_left.remove(word)
            rest_right.remove(word)
            points += rarity.word(word)
            same += 1
    notes: list[str] = []
    weak = False
    for here, there in _joined(rest_left, rest_right):
        points += SURE["typo"] * sum(rarity.word(word) for word in max(here, there, key=len))
        notes.append(SAID["typo"].format(" ".join(here), " ".join(there)))
        same += 1
    if _ran_together(rest_left, rest_right):
        points += SURE["typo"] * sum(rarity.word(word) for word in max(rest_left, rest_right, key=len))
        notes.append(SAID["typo"].format(" ".join(rest_left), " ".join(rest_right)))
        same += 1
        rest_left, rest_right = [], []
    for one, other, relation in _pairs(rest_left, rest_right, left, right, rarity):
        rest_left.remove(one)
        rest_right.remove(other)
        points += SURE[relation] * min(rarity.word(one), rarity.word(other))
        notes.append(SAID[relation].format(one, other))
        weak = weak or relation == "initial"
        same += relation != "initial"
    differing = list(zip(rest_left, rest_right, strict=False))
    alone = [*rest_left[len(differing) :], *rest_right[len(differing) :]]
    extra = [word for word in alone if word not in GENERIC]
    points += DIFFERENT_WORD * len(differing) + EXTRA_WORD * len(extra)
    whole = not differing and not weak and same > 0 and _harmless(extra, left, right, same)
    shorter, longer = sorted((left, right), key=len)
    return NameLikeness(
        points,
        whole=whole,
        exact=False,
        differing=tuple(differing),
        notes=tuple(notes),
        extra=tuple(extra),
        same=same,
        weak=weak,
        first_exact=bool(left and right) and (left[0] == right[0] or bool(set(left) & set(right) & GIVEN)),
        initial_only=weak and same > 0 and not differing and not extra,
        first_only=len(shorter) == 1 and len(longer) > 1 and shorter[0] == longer[0],
    )


def _ran_together(left: list[str], right: list[str]) -> bool:
    """Whether the same letters stand on both sides, split into another number of words."""
    if not left or not right or len(left) == len(right):
        return False
    return _is_typo("".join(left), "".join(right))


def _joined(left: list[str], right: list[str]) -> list[tuple[list[str], list[str]]]:
    """Neighbouring words of one side that are one word of the other; both are taken out of the lists."""
    found = []
    for several, single, turned in ((left, right, False), (right, left, True)):
        if len(several) < 2:
            continue
        for place in range(len(several) - 2, -1, -1):
            pair = several[place : place + 2]
            whole = "".join(pair)
            if len(pair) < 2:
                continue
            other = next((word for word in single if word == whole or _is_typo(whole, word)), "")
            # "Ann Lee" against "Anne" is a name too many, not a name that was split.
            if other and (other == whole or not _is_typo_of_any(other, pair)):
                del several[place : place + 2]
                single.remove(other)
                found.append(([other], pair) if turned else (pair, [other]))
    return found


def _is_typo_of_any(word: str, pieces: list[str]) -> bool:
    return any(word == piece or _is_typo(word, piece) for piece in pieces if len(piece) >= TYPO_FROM)


def _harmless(extra: list[str], left: tuple[str, ...], right: tuple[str, ...], same: int) -> bool:
    """Whether the words that only one side has are no more than a middle name between two that agree."""
    if not extra:
        return True
    longer = max((left, right), key=len)
    if len(extra) != 1 or same < 2 or extra[0] not in longer[1:-1]:
        return False
    return longer[0] in GIVEN or (len(extra[0]) == 1 and len(longer[0]) > 1)


def _pairs(
    rest_left: list[str],
    rest_right: list[str],
    left: tuple[str, ...],
    right: tuple[str, ...],
    rarity: Rarity,
) -> list[tuple[str, str, str]]:
    """Words that belong together though they differ, the surest first; each is used once."""
    found = []
    # Of two people of one first name and much alike surnames, one is misspelled.
    surname = len(left) == len(right) == 2 and left[0] == right[0] and left[0] not in TRADES
    for one in rest_left:
        for other in rest_right:
            last = one == left[-1] and other == right[-1]
            kind = _relation(one, other, last=last, rarity=rarity)
            if not kind and last and surname and fuzz.ratio(one, other) >= 100 * LOOSE_SURNAME:
                kind = "typo"
            if kind:
                found.append((RELATIONS.index(kind), OSA.distance(one, other), one, other))
    found.sort()
    used_left: Counter[str] = Counter()
    used_right: Counter[str] = Counter()
    out = []
    for order, _, one, other in found:
        if used_left[one] < rest_left.count(one) and used_right[other] < rest_right.count(other):
            used_left[one] += 1
            used_right[other] += 1
            out.append((one, other, RELATIONS[order]))
    return out


def _relation(one: str, other: str, *, last: bool, rarity: Rarity) -> str:
    if other in SHORT_FOR.get(one, ()) or one in SHORT_FOR.get(other, ()):
        return "short"
    both_meant = (one in GIVEN and other in GIVEN) or (one in TRADES and other in TRADES)
    if not last and not both_meant:
        both_meant = min(rarity.words.get(one, 0), rarity.words.get(other, 0)) >= USUAL_FROM
    if not both_meant and _is_typo(one, other):
        return "typo"
    short, long = sorted((one, other), key=len)
    if len(short) == 1 and long.startswith(short):
        return "initial"
    return ""


def _is_typo(one: str, other: str) -> bool:
    """Whether one is the other with a slip or two of the keyboard."""
    shorter, longer = sorted((len(one), len(other)))
    if shorter < TYPO_FROM or (one.isdigit() and other.isdigit()):
        return False
    if longer == TYPO_FROM:
        return one != other and sorted(one) == sorted(other) and not {one, other} <= GIVEN
    if _is_variant(one, other):
        return False
    allowed = 1 if longer < TWO_TYPOS_FROM else 2
    # A word that nobody else has may be a worse slip, as long as its beginning stands.
    if longer >= TYPO_FROM + 1 and one[:2] == other[:2] and not (one in GIVEN and other in GIVEN):
        allowed = 2
    return OSA.distance(one, other, score_cutoff=allowed) <= allowed


def _is_variant(one: str, other: str) -> bool:
    """Whether they are a woman's and a man's form of one name ("Eric" and "Erica"): two people, however alike."""
    short, long = sorted((one, other), key=len)
    if long[: len(short)] != short:
        return False
    return short in GIVEN and long[len(short) :] in VARIANT_ENDINGS
