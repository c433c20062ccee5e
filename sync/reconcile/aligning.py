"""Which line of one document is which line of the other, with as few differences as possible. Pure.

Lines are told apart by what they are for and by their amount: first both agree, then the text alone, then the amount
alone, then a text that is nearly the same. What is left has no counterpart. The same lines give the same pairs.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rapidfuzz import fuzz

from connectors.records import Line
from mappings.normalise import tidy

ALIKE = 80.0
"""Texts at least this alike (0 to 100) are taken for the same service under another amount."""
MOST_COMPARED = 60
"""Documents with more unpaired lines than this are not searched for texts that are nearly the same."""
FIELDS = (
    "description",
    "quantity",
    "unit_amount",
    "discount",
    "amount",
    "account_code",
    "tax_type",
    "item_code",
    "tracking",
)
"""What is compared of two lines, as ``Pair.differing`` names it."""
_CENT = Decimal("0.01")
_NOTHING = Decimal(0)
_SAME = frozenset[str]()
_Index = Callable[[Line], Hashable]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A line beside its counterpart; one of them is ``None`` where there is none.

    ``differing`` are names of ``FIELDS`` and empty for a line alone. ``moved``: it stands in another order than its
    neighbours.
    """

    left: Line | None
    right: Line | None
    differing: frozenset[str] = frozenset()
    moved: bool = False


def align(left_lines: Sequence[Line], right_lines: Sequence[Line]) -> list[Pair]:
    """Every line of both sides exactly once: in the left order, then those that are on the right alone."""
    if len(left_lines) == len(right_lines) and not any(map(differing, left_lines, right_lines)):
        # Nearly every document: nothing can be closer than each line beside its own place.
        return [Pair(left=here, right=there) for here, there in zip(left_lines, right_lines, strict=True)]
    partner = _partners(left_lines, right_lines)
    taken = set(partner.values())
    moved = _moved(partner)
    out = []
    for place, line in enumerate(left_lines):
        there = right_lines[partner[place]] if place in partner else None
        found = differing(line, there) if there is not None else frozenset[str]()
        out.append(Pair(left=line, right=there, differing=found, moved=place in moved))
    out.extend(Pair(left=None, right=line) for place, line in enumerate(right_lines) if place not in taken)
    return out


def differing(left: Line, right: Line) -> frozenset[str]:
    """The fields in which two lines differ. A code or text that one side does not tell is not compared.

    Tracking is asked for by the left: what the right has beyond it is no difference.
    """
    out = set()
    if left.account_code != right.account_code and left.account_code and right.account_code:
        out.add("account_code")
    if left.tax_type != right.tax_type and left.tax_type and right.tax_type:
        out.add("tax_type")
    if left.item_code != right.item_code and left.item_code and right.item_code:
        out.add("item_code")
    here, there = left.description, right.description
    if here != there and here and there and tidy(here) != tidy(there):
        out.add("description")
    if left.quantity != right.quantity:
        out.add("quantity")
    if left.unit_amount != right.unit_amount:
        out.add("unit_amount")
    if left.amount != right.amount and abs(left.amount - right.amount) >= _CENT:
        out.add("amount")
    if abs(taken_off(left) - taken_off(right)) >= _CENT:
        out.add("discount")
    if left.tracking and not set(left.tracking) <= set(right.tracking):
        out.add("tracking")
    return frozenset(out) if out else _SAME


def taken_off(line: Line) -> Decimal:
    """What a discount takes off a line, however it is told: as an amount, or in per cent."""
    if not line.discount and not line.discount_rate:
        return _NOTHING
    return line.quantity * line.unit_amount - line.amount


def _partners(left: Sequence[Line], right: Sequence[Line]) -> dict[int, int]:
    """Places on the right by places on the left."""
    partner: dict[int, int] = {}
    free_left, free_right = list(range(len(left))), list(range(len(right)))
    for index in (_both, _text, _amount):
        if not free_left or not free_right:
            return partner
        _pair_by(index, left, right, free_left, free_right, partner)
    if len(free_left) * len(free_right) <= MOST_COMPARED**2:
        _pair_alike(left, right, free_left, free_right, partner)
    return partner


def _both(line: Line) -> Hashable:
    return _text(line), line.amount


def _text(line: Line) -> Hashable:
    return tidy(line.description).casefold() or None


def _amount(line: Line) -> Hashable:
    return line.amount


def _pair_by(
    index: _Index,
    left: Sequence[Line],
    right: Sequence[Line],
    free_left: list[int],
    free_right: list[int],
    partner: dict[int, int],
) -> None:
    """Pair the free lines that the index makes equal, those with the fewest differences first."""
    there: dict[Hashable, list[int]] = defaultdict(list)
    for place in free_right:
        there[index(right[place])].append(place)
    here: dict[Hashable, list[int]] = defaultdict(list)
    for place in free_left:
        key = index(left[place])
        if key is not None and key in there:
            here[key].append(place)
    for key, places in here.items():
        _pair_group(left, right, places, there[key], partner)
    taken = set(partner.values())
    free_left[:] = [place for place in free_left if place not in partner]
    free_right[:] = [place for place in free_right if place not in taken]


def _pair_group(
    left: Sequence[Line], right: Sequence[Line], here: list[int], there: list[int], partner: dict[int, int]
) -> None:
    if len(here) == 1 == len(there) or len(here) * len(there) > MOST_COMPARED**2:
        partner.update(zip(here, there, strict=False))
        return
    ranked = sorted((len(differing(left[a], right[b])), abs(a - b), a, b) for a in here for b in there)
    _take(ranked, partner)


def _take(ranked: Sequence[tuple[float, int, int, int]], partner: dict[int, int]) -> None:
    """The best pairs first, each line once."""
    taken = set(partner.values())
    for _, _, a, b in ranked:
        if a not in partner and b not in taken:
            partner[a] = b
            taken.add(b)


def _pair_alike(
    left: Sequence[Line],
    right: Sequence[Line],
    free_left: list[int],
    free_right: list[int],
    partner: dict[int, int],
) -> None:
    ranked = []
    for a in free_left:
        for b in free_right:
            here, there = _text(left[a]), _text(right[b])
            alike = fuzz.token_sort_ratio(str(here), str(there)) if here and there else 0.0
            if alike >= ALIKE:
                ranked.append((-alike, abs(a - b), a, b))
    _take(sorted(ranked), partner)


def _moved(partner: dict[int, int]) -> set[int]:
    """The fewest places on the left that have to be moved so that all pairs are in one order."""
    places = sorted(partner)
    tails: list[int] = []
    ends: list[int] = []
    before: dict[int, int] = {}
    for place in places:
        at = bisect_left(tails, partner[place])
        if at == len(tails):
            tails.append(partner[place])
            ends.append(place)
        else:
            tails[at], ends[at] = partner[place], place
        if at:
            before[place] = ends[at - 1]
    kept: set[int] = set()
    place_at = ends[-1] if ends else None
    while place_at is not None:
        kept.add(place_at)
        place_at = before.get(place_at)
    return set(places) - kept
