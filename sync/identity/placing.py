"""How alike two addresses are, in points. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from sync.identity.likeness import Rarity
from sync.identity.traits import Place

STREET_ALIKE = 0.84
LINE_ALIKE = 0.88
CITY_ALIKE = 0.82
HOUSE, NEAR_HOUSE, OTHER_HOUSE = 3.0, -2.0, -5.0
POSTCODE, NEAR_POSTCODE, OTHER_POSTCODE = 5.0, 2.0, -1.0
RARE_STREET = 6.0
"""Points of a street name from which on its house numbers are not found again in the next town."""


@dataclass(frozen=True, slots=True)
class PlaceLikeness:
    """``whole``: street, number, and town or postcode, so that it can only be this house. ``near``: this street.

    ``complete``: a home, with its number and without a sign of several flats.
    """

    points: float
    whole: bool
    near: bool = False
    complete: bool = False
    text: str = ""
    against: tuple[str, ...] = ()


NOWHERE = PlaceLikeness(0.0, whole=False)


def compare_places(left: Iterable[Place], right: Iterable[Place], rarity: Rarity) -> PlaceLikeness:
    """The best that any address of one side makes with any of the other."""
    theirs = tuple(right)
    best = None
    for one in left:
        for other in theirs:
            found = _place(one, other, rarity)
            if best is None or found.points > best.points:
                best = found
    return best or NOWHERE


def are_near(left: Iterable[Place], right: Iterable[Place], rarity: Rarity) -> bool:
    """Whether any address of one side is in the street of any of the other: quicker than comparing all of them."""
    theirs = tuple(right)
    for one in left:
        for other in theirs:
            bare = not (one.streets and other.streets) and not one.house.isdisjoint(other.house)
            if (bare or _street(one, other)) and _place(one, other, rarity).near:
                return True
    return False


class _Told:
    """What agrees and what doesn't, with the points so far."""

    def __init__(self) -> None:
        self.points = 0.0
        self.agreeing: list[str] = []
        self.against: list[str] = []

    def agree(self, points: float, what: str) -> None:
        self.points += points
        self.agreeing.append(what)


def _place(one: Place, other: Place, rarity: Rarity) -> PlaceLikeness:
    told = _Told()
    name = _street(one, other)
    same_street, same_house, other_house = bool(name), False, False
    if same_street:
        worth = rarity.place(name) * (1.0 if name in one.streets and name in other.streets else 0.8)
        told.agree(worth, "street")
        same_house, other_house = _house(told, one, other)
    elif one.streets and other.streets:
        told.points -= 2
        told.against.append("Different street")
    same_postcode, near_postcode = _postcode(told, one, other, same_street=same_street, rarity=rarity)
    same_city = _city(told, one, other, same_postcode=same_postcode, rarity=rarity)
    around = same_postcode or same_city or near_postcode
    known = one.house & other.house and (same_postcode or same_city)
    # One of them tells no street, but number and town.
    bare = bool(known) and not (one.streets and other.streets)
    if bare:
        told.agree(HOUSE, "number")
    # Two lines that agree, or the number in a street of a rare name: the town is misspelled, or the next one is meant.
    sure = same_house and (around or rarity.place(name) >= RARE_STREET or _lines(one, other) > 1)
    near = bare or (same_street and (around or sure))
    whole = same_street and around and not other_house and (same_house or (same_postcode and same_city))
    return PlaceLikeness(
        told.points,
        whole=whole,
        near=near,
        complete=near and same_house and one.is_home and other.is_home and (same_postcode or same_city),
        text=f"Same {_and(told.agreeing)}" if told.agreeing else "",
        against=tuple(told.against),
    )


def _street(one: Place, other: Place) -> str:
    """The street that agrees; its line may stand in another place. Empty when none does."""
    best, name = 0.0, ""
    for here in one.streets:
        for there in other.streets:
            alike = 100.0 if here == there else fuzz.ratio(here, there, score_cutoff=100 * STREET_ALIKE)
            if alike > best:
                best, name = alike, here
    return name or (one.streets[0] if _lines(one, other) else "")


def _lines(one: Place, other: Place) -> int:
    """How many lines agree, without numbers and spaces."""
    return sum(
        any(here == there or fuzz.ratio(here, there) >= 100 * LINE_ALIKE for there in other.lines)
        for here in one.lines
    )


def _house(told: _Told, one: Place, other: Place) -> tuple[bool, bool]:
    """Whether a number agrees, and whether they are two houses. Flats of one house are two addresses."""
    both = one.house & other.house
    if both and one.house - both and other.house - both:
        told.points += OTHER_HOUSE
        told.against.append(
            f"Different numbers in one house: {_listed(one.house - both)} and {_listed(other.house - both)}"
        )
        return False, True
    if both:
        told.agree(HOUSE, "number")
        return True, False
    if one.house and other.house:
        slip = any(_is_slip(here, there) for here in one.house for there in other.house)
        told.points += NEAR_HOUSE if slip else OTHER_HOUSE
        told.against.append(f"Different house number: {_listed(one.house)} and {_listed(other.house)}")
        return False, True
    return False, False


def _is_slip(one: str, other: str) -> bool:
    """Whether a digit was left out, doubled or swapped; another digit is a neighbour."""
    if sorted(one) == sorted(other):
        return True
    return len(one) != len(other) and OSA.distance(one, other, score_cutoff=1) == 1


def _postcode(
    told: _Told, one: Place, other: Place, *, same_street: bool, rarity: Rarity
) -> tuple[bool, bool]:
    """Whether it is the same, and whether it is in one street and but for a slip."""
    if not one.postcode or not other.postcode:
        return False, False
    if one.postcode == other.postcode:
        told.agree(min(POSTCODE, rarity.place(one.postcode)), "postcode")
        return True, False
    if same_street and OSA.distance(one.postcode, other.postcode, score_cutoff=1) == 1:
        told.points += NEAR_POSTCODE
        told.against.append(f"Different postcode: {one.postcode} and {other.postcode}")
        return False, True
    told.points += OTHER_POSTCODE
    told.against.append(f"Different postcode: {one.postcode} and {other.postcode}")
    return False, False


def _city(told: _Told, one: Place, other: Place, *, same_postcode: bool, rarity: Rarity) -> bool:
    if not one.city or not other.city:
        return False
    alike = fuzz.ratio(one.city, other.city) >= 100 * CITY_ALIKE
    if alike or OSA.distance(one.city, other.city, score_cutoff=1) <= 1:
        told.agree(min(3.0 if same_postcode else 5.0, rarity.place(one.city)), "town")
        return True
    told.points -= 1
    return False


def _listed(numbers: Iterable[str]) -> str:
    return "/".join(sorted(numbers))


def _and(words: list[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)
