"""What speaks for and against two records being one party, added up. Pure, deterministic, explainable.

Evidence is additive: each field that agrees gives points by how rare it is, each contradiction takes some. A pair may
be joined without a person only when two independent things agree strongly, one of them the name, and nothing rules it
out. What rules out is told in words.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

from mappings import normalise
from sync.identity.likeness import NameLikeness, PlaceLikeness, Rarity, compare_names, compare_places
from sync.identity.traits import ACN_DIGITS, Traits, same_tax
from sync.identity.usual import GIVEN, SHORT_FOR

EMAIL, DOMAIN, PHONE, TAX, NEAR_TAX, REFERENCE, PERSON = 11.0, 4.0, 10.0, 14.0, 6.0, 10.0, 4.0
SHARED = 2.0
"""Points that an e-mail address, number or phone loses for each time that twice as many records share it."""
OTHER_TAX, OTHER_EMAIL, OTHER_PHONE = -6.0, -1.0, -0.5
ENOUGH = 18.0
"""Points from which two records may be joined: one chance in some 260,000 that so much agrees by accident."""
RARE_NAME = 10.0
"""Points of a name that few have."""
HOUSEHOLD = 6
"""Records that a family with its companies and funds may come to."""
OWN = frozenset({"email", "phone", "tax", "address", "reference"})
"""What agrees strongly and is independent of the name."""
EVEN = 14.0
"""Points at which it is as likely as not, among some ten thousand records."""
PUBLIC_MAIL = frozenset(
    {
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "icloud.com",
        "me.com",
        "yahoo.com",
        "yahoo.com.au",
        "bigpond.com",
        "bigpond.net.au",
        "optusnet.com.au",
        "xtra.co.nz",
        "btinternet.com",
        "proton.me",
        "hotmail.co.uk",
        "yahoo.co.uk",
        "outlook.com.au",
        "live.com.au",
        "hotmail.com.au",
        "tpg.com.au",
        "iinet.net.au",
        "westnet.com.au",
        "internode.on.net",
        "sky.com",
        "talktalk.net",
    }
)


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
            return bool(beside) or (rare and ("street" in self.strong or self._household))
        if self.name.same and "tax" in beside:
            return bool((beside - {"tax"}) or "street" in self.strong)
        if self.name.initial_only and beside & {"email", "tax"}:
            return len(beside - {"address"}) > 1
        # A first name in one house is a person; a surname there is a family.
        return {"first name", "house"} <= self.strong

    @property
    def _household(self) -> bool:
        """An exact name, and e-mail and telephone shared by no more than a family with its companies."""
        return self.name.exact and {"shared email", "shared phone"} <= self.strong

    @property
    def confidence(self) -> float:
        """0 to 1: one half at :data:`EVEN`, doubling its odds with every two points."""
        return round(min(0.995, 1 / (1 + 2 ** ((EVEN - self.points) / 2))), 3)


@dataclass
class Shares:
    """How many records have an e-mail address, phone number or tax number, on the side where it is most."""

    emails: Mapping[str, int] = field(default_factory=Counter)
    phones: Mapping[str, int] = field(default_factory=Counter)
    taxes: Mapping[str, int] = field(default_factory=Counter)
    alone: int = 1
    """Up to so many records with it, it counts as one party's own."""


def may_join(left: Traits, right: Traits, rarity: Rarity) -> bool:
    """Whether anything beside the name agrees, without which no name joins two records: a quick look first."""
    return _own_in_common(left, right) or compare_places(left.places, right.places, rarity).near


def weigh(left: Traits, right: Traits, rarity: Rarity, shares: Shares) -> Evidence:
    """Everything that both records tell."""
    sum_of = _Sum()
    name = compare_names(left, right, rarity)
    _weigh_name(sum_of, left, right, name)
    if not name.same and not _own_in_common(left, right):
        return Evidence(min(name.points, 0.0), frozenset(), (), tuple(sum_of.against), False, name)
    _weigh_tax(sum_of, left, right, shares)
    _weigh_mail(sum_of, left, right, shares)
    _weigh_phone(sum_of, left, right, shares)
    place = compare_places(left.places, right.places, rarity)
    _weigh_place(sum_of, place)
    shared = left.references & right.references
    if shared:
        sum_of.add(REFERENCE, f"Documents of both carry {min(shared)}", strong="reference")
    if left.person and left.person == right.person:
        sum_of.add(PERSON, f"Same contact person {' '.join(left.person).title()}")
    if name.first_only and (left.is_person or right.is_person):
        sum_of.strong.add("first name")
    for text in vetoes(left, right):
        sum_of.rule_out(text)
    return Evidence(
        points=round(sum_of.points, 2),
        strong=frozenset(sum_of.strong),
        reasons=tuple(sum_of.reasons),
        against=tuple(sum_of.against),
        ruled_out=sum_of.ruled_out,
        name=name,
    )


def _own_in_common(left: Traits, right: Traits) -> bool:
    """Whether a number or address of their own agrees; without that and without a word of the name nothing does."""
    return bool(
        (left.emails & right.emails)
        or (left.phones & right.phones)
        or (left.references & right.references)
        or (left.tax and left.tax[-ACN_DIGITS:] == right.tax[-ACN_DIGITS:])
    )


def vetoes(left: Traits, right: Traits) -> list[str]:
    """Contradictions that no amount of agreement outweighs, as sentences."""
    out = []
    if not normalise.same_form(left.form, right.form):
        out.append("Different legal forms")
    elif (left.is_person and right.form) or (right.is_person and left.form):
        out.append("One is a person, the other a company or trust")
    if left.tax_is_valid and right.tax_is_valid and not same_tax(left.tax, right.tax):
        out.append(f"Different valid tax numbers: {left.tax} and {right.tax}")
    if left.marks != right.marks and (_clash(left.marks, right.marks)):
        out.append(f"“{_said(left.marks)}” against “{_said(right.marks)}”")
    if left.is_person and right.is_person and _other_first_name(left.words[0], right.words):
        out.append(f"Different first names: {left.words[0].title()} and {right.words[0].title()}")
    return out


def _clash(left: frozenset[str], right: frozenset[str]) -> bool:
    """Numbers or generations that differ on both sides; one that only one side tells is no contradiction alone."""
    return (bool(left - right) and bool(right - left)) or "junior" in left ^ right


def _said(marks: frozenset[str]) -> str:
    return " ".join(sorted(marks)) or "nothing"


def _other_first_name(first: str, words: tuple[str, ...]) -> bool:
    """Two usual given names in front that differ are two people of one family, unless they are forms of one."""
    other = words[0]
    if first == other or first in words or not {first, other} <= GIVEN:
        return False
    return other not in SHORT_FOR.get(first, ()) and first not in SHORT_FOR.get(other, ())


class _Sum:
    """Points with their reasons, as they come."""

    def __init__(self) -> None:
        self.points = 0.0
        self.strong: set[str] = set()
        self.reasons: list[str] = []
        self.against: list[str] = []
        self.ruled_out = False

    def add(self, points: float, reason: str, *, strong: str = "") -> None:
        self.points += points
        self.reasons.append(reason)
        if strong:
            self.strong.add(strong)

    def subtract(self, points: float, text: str = "") -> None:
        self.points += points
        if text:
            self.against.append(text)

    def rule_out(self, text: str) -> None:
        self.against.append(text)
        self.ruled_out = True


def _weigh_name(sum_of: _Sum, left: Traits, right: Traits, name: NameLikeness) -> None:
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


def _weigh_tax(sum_of: _Sum, left: Traits, right: Traits, shares: Shares) -> None:
    if not left.tax or not right.tax:
        return
    if same_tax(left.tax, right.tax):
        _shared(sum_of, TAX, "tax", f"Same tax number {right.tax}", shares.taxes.get(right.tax, 1), shares)
    elif len(left.tax) == len(right.tax) and OSA.distance(left.tax, right.tax, score_cutoff=1) == 1:
        sum_of.add(NEAR_TAX, f"Tax numbers {left.tax} and {right.tax} differ in one place")
    else:
        sum_of.subtract(OTHER_TAX, f"Different tax numbers: {left.tax} and {right.tax}")


def _weigh_mail(sum_of: _Sum, left: Traits, right: Traits, shares: Shares) -> None:
    both = left.emails & right.emails
    if both:
        rarest = min(both, key=lambda item: (shares.emails.get(item, 1), item))
        _shared(sum_of, EMAIL, "email", f"Same e-mail address {rarest}", shares.emails.get(rarest, 1), shares)
    elif left.emails and right.emails:
        domains = {item.rpartition("@")[2] for item in left.emails} & {
            item.rpartition("@")[2] for item in right.emails
        } - PUBLIC_MAIL
        if domains:
            sum_of.add(DOMAIN, f"Same e-mail domain {min(domains)}")
        else:
            sum_of.subtract(OTHER_EMAIL)


def _weigh_phone(sum_of: _Sum, left: Traits, right: Traits, shares: Shares) -> None:
    both = left.phones & right.phones
    if both:
        rarest = min(both, key=lambda item: (shares.phones.get(item, 1), item))
        _shared(sum_of, PHONE, "phone", "Same phone number", shares.phones.get(rarest, 1), shares)
    elif left.phones and right.phones:
        sum_of.subtract(OTHER_PHONE)


def _shared(sum_of: _Sum, points: float, what: str, reason: str, count: int, shares: Shares) -> None:
    """Something that should be one party's own; the more records have it, the less it says."""
    over = max(1.0, count / shares.alone)
    if over <= 1:
        sum_of.add(points, reason, strong=what)
        return
    sum_of.add(max(1.0, points - SHARED * over), f"{reason}, which {count} records share")
    if over <= HOUSEHOLD:
        sum_of.strong.add(f"shared {what}")
    sum_of.against.append(f"{reason.removeprefix('Same ').capitalize()} is shared by {count} records")


def _weigh_place(sum_of: _Sum, place: PlaceLikeness) -> None:
    sum_of.points += place.points
    if place.text and place.points > 0:
        sum_of.reasons.append(place.text)
        sum_of.strong.update(
            what
            for what, holds in (("address", place.whole), ("street", place.near), ("house", place.complete))
            if holds
        )
    sum_of.against.extend(place.against)
