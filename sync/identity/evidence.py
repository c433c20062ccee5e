"""What speaks for and against two records being one party, added up. Pure, deterministic, explainable.

Evidence is additive: each field that agrees gives points by how rare it is, each contradiction takes some. A pair may
be joined without a person only when two independent things agree strongly, one of them the name, and nothing rules it
out. What rules out is told in words.
"""

from dataclasses import dataclass

from mappings import normalise
from sync.identity.blocks import homes_of, sound
from sync.identity.likeness import NameLikeness, Rarity, compare_names
from sync.identity.placing import PlaceLikeness, are_near, compare_places
from sync.identity.reach import nearly_reached, weigh_reach
from sync.identity.summing import Shares, Sum
from sync.identity.traits import ACN_DIGITS, Traits, same_tax
from sync.identity.usual import GIVEN, SHORT_FOR

REFERENCE, PERSON = 10.0, 4.0
CHANGED_SURNAME = 4.0
"""Given back of what another surname takes, when a person of that first name alone lives in the house."""
OTHER_FIRST_NAME = "Different first names"
ENOUGH = 18.0
"""Points from which two records may be joined: one chance in some 260,000 that so much agrees by accident."""
FIRST_AND_LAST = 2
RARE_NAME = 10.0
"""Points of a name that few have."""
OWN = frozenset({"email", "phone", "tax", "address", "reference", "code"})
"""What agrees strongly and is independent of the name."""
NEAR = frozenset({"street", "near email", "near phone"})
"""What agrees but for a slip, which does beside a rare name."""
EVEN = 14.0
"""Points at which it is as likely as not, among some ten thousand records."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """``strong`` are the independent things that agree, ``ruled_out`` whether a contradiction forbids joining."""

    points: float
    strong: frozenset[str]
    reasons: tuple[str, ...]
    against: tuple[str, ...]
    ruled_out: bool
    name: NameLikeness

    @property
    def enough(self) -> bool:
        """Whether it would do without a person, were there no competitor."""
        if self.ruled_out or self.points < ENOUGH:
            return False
        beside = self.strong & OWN
        if self.name.whole:
            # A number may be mistyped; a rare name in one street is still one party.
            rare = self.name.points >= RARE_NAME
            return bool(beside) or (rare and bool(NEAR & self.strong)) or self._household
        if self.name.same and "tax" in beside:
            return bool((beside - {"tax"}) or "street" in self.strong)
        if self.name.initial_only and beside & {"email", "tax"}:
            return len(beside - {"address"}) > 1
        # A first name in a house where nobody else is, is a person; a surname there is a family.
        if {"first name", "home"} <= self.strong:
            return True
        return "other surname" in self.strong and bool({"home", "email", "phone"} & self.strong)

    @property
    def _household(self) -> bool:
        """E-mail or telephone shared by no more than a family with its companies, where the name tells who it is.

        That is a first name, or all words and the legal form of a company or trust. Other names have to be rare too.
        """
        shared = {"shared email", "shared phone"} & self.strong
        if ("human" in self.strong and self.name.first_exact) or (self.name.exact and "form" in self.strong):
            return bool(shared)
        return self.name.exact and self.name.points >= RARE_NAME and len(shared) > 1

    @property
    def confidence(self) -> float:
        """0 to 1: one half at :data:`EVEN`, doubling its odds with every two points."""
        return round(min(0.995, 1 / (1 + 2 ** ((EVEN - self.points) / 2))), 3)


def may_join(left: Traits, right: Traits, rarity: Rarity) -> bool:
    """Whether anything beside the name agrees, without which no name joins two records: a quick look first."""
    return (
        _own_in_common(left, right)
        or are_near(left.places, right.places, rarity)
        or nearly_reached(left, right)
    )


def weigh(left: Traits, right: Traits, rarity: Rarity, shares: Shares) -> Evidence:
    """Everything that both records tell."""
    sum_of = Sum()
    name = compare_names(left, right, rarity)
    _weigh_name(sum_of, left, right, name)
    if not name.same and not _own_in_common(left, right):
        return Evidence(min(name.points, 0.0), frozenset(), (), tuple(sum_of.against), False, name)
    weigh_reach(sum_of, left, right, shares)
    place = compare_places(left.places, right.places, rarity)
    _weigh_place(sum_of, place)
    if place.complete and not _others_there(left, right, shares):
        sum_of.strong.add("home")
    shared = left.references & right.references
    if shared:
        sum_of.add(REFERENCE, f"Documents of both carry {min(shared)}", strong="reference")
    if left.person and left.person == right.person:
        sum_of.add(PERSON, f"Same contact person {' '.join(left.person).title()}")
    if left.is_person and right.is_person:
        sum_of.strong.add("human")
    elif left.form and left.form == right.form:
        sum_of.strong.add("form")
    _weigh_kind(sum_of, left, right, name)
    _rule_out(sum_of, left, right)
    return Evidence(
        points=round(sum_of.points, 2),
        strong=frozenset(sum_of.strong),
        reasons=tuple(sum_of.reasons),
        against=tuple(sum_of.against),
        ruled_out=sum_of.ruled_out,
        name=name,
    )


def _weigh_kind(sum_of: Sum, left: Traits, right: Traits, name: NameLikeness) -> None:
    """Whether both are humans or have one legal form, and what a first name alone tells."""
    if name.first_only and (left.is_person or right.is_person):
        sum_of.strong.add("first name")
    if left.is_person and right.is_person:
        sum_of.strong.add("human")
    elif left.form and left.form == right.form:
        sum_of.strong.add("form")
    if _one_first_name(left, right, name):
        sum_of.strong.add("other surname")
        if {"home", "email", "phone"} & sum_of.strong:
            sum_of.add(CHANGED_SURNAME, "Same first name, so the surname may have changed")


def _rule_out(sum_of: Sum, left: Traits, right: Traits) -> None:
    """One tax number at one address is one taxpayer, whoever's first name stands there; all else rules out."""
    one_payer = {"tax", "address"} <= sum_of.strong
    for text in vetoes(left, right):
        if one_payer and text.startswith(OTHER_FIRST_NAME):
            sum_of.against.append(text)
        else:
            sum_of.rule_out(text)


def _own_in_common(left: Traits, right: Traits) -> bool:
    """Whether a number or address of their own agrees; without that and without a word of the name nothing does."""
    return bool(
        (left.emails & right.emails)
        or (left.phones & right.phones)
        or (left.references & right.references)
        or (left.codes & right.codes)
        or (left.tax and left.tax[-ACN_DIGITS:] == right.tax[-ACN_DIGITS:])
    )


def _others_there(left: Traits, right: Traits, shares: Shares) -> bool:
    """Whether a record of another first name has this house too: a family, flats, or an accountant's own address."""
    ours = {sound(word) for traits in (left, right) for name in traits.names for word in name}
    return any(not shares.homes.get(home, ours) <= ours for home in {*homes_of(left), *homes_of(right)})


def _one_first_name(left: Traits, right: Traits, name: NameLikeness) -> bool:
    """Whether two people agree in the first name and have surnames that stand against each other.

    Where the order is not the same on both sides, or the other word is a usual first name too, it can't be told.
    """
    if not (left.is_person and right.is_person) or len(name.differing) != 1 or name.extra or name.weak:
        return False
    gone = set(name.differing[0])
    both = [(traits.words, [word for word in traits.words if word not in gone]) for traits in (left, right)]
    if gone & GIVEN or not all(kept and len(words) == FIRST_AND_LAST for words, kept in both):
        return False
    in_front = [words[0] == kept[0] for words, kept in both]
    return all(in_front) or (any(in_front) and all(kept[0] in GIVEN for _, kept in both))


def vetoes(left: Traits, right: Traits) -> list[str]:
    """Contradictions that no amount of agreement outweighs, as sentences."""
    out = []
    if not normalise.same_form(left.form, right.form):
        out.append("Different legal forms")
    elif (left.is_person and right.form) or (right.is_person and left.form):
        out.append("One is a person, the other a company or trust")
    elif "holdings" in left.form ^ right.form:
        out.append("Only one of them is a holding company")
    elif (left.is_person and "and" in right.words) or (right.is_person and "and" in left.words):
        out.append("One is a person, the other are several")
    if left.tax_is_valid and right.tax_is_valid and not same_tax(left.tax, right.tax):
        out.append(f"Different valid tax numbers: {left.tax} and {right.tax}")
    if left.marks != right.marks and (_clash(left.marks, right.marks)):
        out.append(f"“{_said(left.marks)}” against “{_said(right.marks)}”")
    if left.is_person and right.is_person and _other_first_name(left.words[0], right.words):
        out.append(f"{OTHER_FIRST_NAME}: {left.words[0].title()} and {right.words[0].title()}")
    return out


def _clash(left: frozenset[str], right: frozenset[str]) -> bool:
    """Numbers or generations that differ. Of these only "senior" may be left out: a father often does."""
    return (bool(left - right) and bool(right - left)) or bool((left ^ right) - {"senior"})


def _said(marks: frozenset[str]) -> str:
    return " ".join(sorted(marks)) or "nothing"


def _other_first_name(first: str, words: tuple[str, ...]) -> bool:
    """Two usual given names in front that differ are two people of one family, unless they are forms of one."""
    other = words[0]
    if first == other or first in words or not {first, other} <= GIVEN:
        return False
    return other not in SHORT_FOR.get(first, ()) and first not in SHORT_FOR.get(other, ())


def _weigh_name(sum_of: Sum, left: Traits, right: Traits, name: NameLikeness) -> None:
    sum_of.points += name.points
    if name.whole:
        sum_of.strong.add("name")
        text = "Same name" if name.exact else "; ".join(("Names alike", *name.notes))
        sum_of.reasons.append("Same name with its words in another order" if name.swapped else text)
    elif name.points > 0 and not name.differing:
        sum_of.reasons.append("; ".join(("Part of the name agrees", *name.notes)))
    for one, other in name.differing:
        sum_of.against.append(f"Names differ: “{one}” against “{other}”")
    if name.extra and not name.differing:
        sum_of.against.append(f"Only one name has “{' '.join(name.extra)}”")
    if name.swapped:
        sum_of.against.append("The words of the name are swapped")
    if not left.names or not right.names:
        sum_of.against.append("One of them has no name")


def _weigh_place(sum_of: Sum, place: PlaceLikeness) -> None:
    sum_of.points += place.points
    if place.text and place.points > 0:
        sum_of.reasons.append(place.text)
        sum_of.strong.update(
            what for what, holds in (("address", place.whole), ("street", place.near)) if holds
        )
    sum_of.against.extend(place.against)
