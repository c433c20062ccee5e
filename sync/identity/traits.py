"""What of a client or contact is compared with others, in one form. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from connectors.records import Address, Contact
from mappings import business, normalise
from mappings.refusals import Refused
from sync.identity.usual import GENERATIONS, GIVEN, INSIDE, SHORT_FOR, STREETS, TITLES, TRADES

SHORTEST_PHONE = 7
LONGEST_NATIONAL = 9
"""Digits of a national number from which on a leading country code is taken off."""
CALLING = {"AU": "61", "NZ": "64", "GB": "44", "UK": "44"}
ACN_DIGITS, ABN_DIGITS = 9, 11
FORMS = ("family", "foundation", "holdings", "limited", "partnership", "superannuation", "trustee")
"""Words of legal forms that are long enough for a slip in them to be told from another word."""
SHORTEST_FORM = 6
BESIDE = frozenset({"pty", "ltd", "limited", "super", "fund", "trust"})
"""Short words of legal forms, told by the word beside them."""
_RAN_TOGETHER = {
    "familytrust": "Family Trust",
    "ptyltd": "Pty Ltd",
    "superannuationfund": "Superannuation Fund",
    "superfund": "Super Fund",
    "unittrust": "Unit Trust",
}
SHORTEST_TAX = 6
SHORTEST_CODE = 4
"""Characters from which on a code is not counted off in two systems by chance."""
TRADING_AS = re.compile(r"\b(?:trading as|t as)\b")
_NUMBER = re.compile(r"^\d+[a-z]?$")
_SPLIT = re.compile(r"[^\w]+", re.UNICODE)
_PO_BOX = re.compile(r"\b(?:g\.?\s*)?p\.?\s*o\.?\s*box\b", re.IGNORECASE)
_NO_HOME = frozenset({"pobox", "bag", "level", "lvl", "suite", "ste", "shop", "floor", "care"})
"""Words of a letter box, an office, or the address of somebody else ("care of", "c/o")."""
FEWEST_WORDS, MOST_WORDS = 2, 4
"""As many words as people's names have."""
LINES = 3
"""Lines of an address that are looked at."""


@dataclass(frozen=True, slots=True)
class Place:
    """An address. ``house`` are the numbers of its lines, ``streets`` the rest without the kinds of street.

    ``lines`` are the lines without numbers and spaces, for those whose words ran together. ``is_home``: no letter box,
    office or somebody else's address, where many may be.
    """

    house: frozenset[str]
    streets: tuple[str, ...]
    lines: tuple[str, ...]
    city: str
    postcode: str
    region: str
    is_home: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """``names`` are the words of each name the record goes by: before and after "trading as".

    ``marks`` tell apart what has the same words otherwise: numbers, junior and senior. ``person`` is who the record
    names beside its own name. ``is_person``: the record itself is a human's. ``codes``: what the practice's own systems
    call it.
    """

    external_id: str
    title: str
    names: tuple[tuple[str, ...], ...]
    form: frozenset[str]
    marks: frozenset[str]
    person: tuple[str, ...]
    emails: frozenset[str]
    phones: frozenset[str]
    tax: str
    tax_is_valid: bool
    places: tuple[Place, ...]
    is_person: bool
    references: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()

    @property
    def words(self) -> tuple[str, ...]:
        return self.names[0] if self.names else ()


def traits_of(
    contact: Contact,
    *,
    country: str,
    emails: Iterable[str] = (),
    phones: Iterable[str] = (),
    references: frozenset[str] = frozenset(),
) -> Traits:
    """``emails`` and ``phones`` are known beside the record's own."""
    name = spelled(contact.name if contact.name.strip() else f"{contact.first_name} {contact.last_name}")
    names, marks = _names(name)
    person = tuple(normalise.name_key(f"{contact.first_name} {contact.last_name}").split())
    mails = {normalise.email_key(item) for item in _mails(contact, emails) if "@" in item}
    told = (contact.phone, contact.mobile, contact.direct_phone, *phones)
    numbers = {phone_digits(item, country) for item in told if item}
    tax_number = contact.tax_number or contact.company_number
    tax = _tax(tax_number) if tax_number else ""
    words = names[0] if names else ()
    form = normalise.company_form(name)
    own = not form and _is_own_person(words, person)
    if own:
        names = (*names, person)
    return Traits(
        external_id=contact.external_id,
        title=name,
        names=names,
        form=form,
        marks=marks,
        person=() if not names or set(person) <= set(names[0]) else person,
        emails=frozenset(mails),
        phones=frozenset(numbers - {""}),
        tax=tax,
        tax_is_valid=bool(tax) and is_valid(tax_number, country),
        places=tuple(
            place for item in contact.addresses[:2] if (place := place_of(item)).streets or place.postcode
        ),
        is_person=own or (not form and _is_person(words, person)),
        references=references,
        codes=frozenset(
            item.strip().casefold()
            for item in (contact.number, contact.account_number)
            if len(item.strip()) >= SHORTEST_CODE
        ),
    )


def _mails(contact: Contact, beside: Iterable[str]) -> tuple[str, ...]:
    """Its own addresses and those of its contact persons."""
    if not contact.others:
        return (contact.email, *beside)
    return (contact.email, *(person.email for person in contact.others), *beside)


def _is_person(words: tuple[str, ...], person: tuple[str, ...]) -> bool:
    """Whether a name without a legal form is a human's: its own person's, or with a usual given name in front."""
    if not FEWEST_WORDS <= len(words) <= MOST_WORDS or "and" in words:
        return False
    return set(words) == set(person) or (words[0] in GIVEN and not TRADES.intersection(words))


def _is_own_person(words: tuple[str, ...], person: tuple[str, ...]) -> bool:
    """Whether the person that a record names is who its short or misspelled name means: "K Graham" is Karen Graham."""
    if len(words) != 2 or len(person) != 2 or set(words) == set(person) or "and" in words:
        return False
    for first, last in (words, words[::-1]):
        same_last = last == person[1] or OSA.distance(last, person[1], score_cutoff=1) <= 1
        short = first == person[0][:1] or person[0] in SHORT_FOR.get(first, ())
        slip = not {first, person[0]} <= GIVEN and OSA.distance(first, person[0], score_cutoff=1) <= 1
        if same_last and len(last) > 2 and (short or slip):
            return True
    return False


@lru_cache(maxsize=50_000)
def spelled(name: str) -> str:
    """The name with slips in the words of legal forms put right, so that "Pty Ldt" is no word of its own."""
    words = name.split()
    plain = [word.casefold().strip(".,") for word in words]
    out: list[str] = []
    for place, word in enumerate(plain):
        before = plain[place - 1] if place else ""
        after = plain[place + 1] if place + 1 < len(plain) else ""
        if before and word not in BESIDE and (found := _beside(before, word, after)):
            plain[place] = found
            out.append(found.title())
        elif word in _RAN_TOGETHER:
            out += _RAN_TOGETHER[word].split()
        elif len(word) > SHORTEST_FORM and word.endswith("pty"):
            out += [words[place][: -len("pty")], "Pty"]
        else:
            out.append(_form_word(word) or words[place])
    return " ".join(out)


def _beside(before: str, word: str, after: str) -> str:
    """The short word of a legal form that this one must be, as its neighbour is one; empty when it need not be."""
    if before == "pty" and not after and len(word) <= 3 and word[:1] == "l":
        return "ltd"
    for expected, neighbour, beside in (
        ("pty", after, ("ltd", "limited")),
        ("super", after, ("fund",)),
        ("fund", before, ("super",)),
        ("trust", before, ("family", "unit", "investment", "discretionary", "property")),
    ):
        if neighbour in beside and len(word) >= 3 and OSA.distance(word, expected, score_cutoff=1) == 1:
            return expected
    return ""


@lru_cache(maxsize=20_000)
def _form_word(word: str) -> str:
    """The word of a legal form that this one is but for a slip; empty when it is none, or is one already."""
    if len(word) < SHORTEST_FORM - 1 or word in FORMS or word in GIVEN or word in TRADES:
        return ""
    return next((form for form in FORMS if OSA.distance(word, form, score_cutoff=1) == 1), "")


def _names(name: str) -> tuple[tuple[tuple[str, ...], ...], frozenset[str]]:
    """The words of each name, and what tells apart records of the same words."""
    key = normalise.core_name(name)
    marks = set()
    names = []
    for part in TRADING_AS.split(key) if " as " in f" {key} " else (key,):
        words = []
        for word in part.split():
            if word in GENERATIONS:
                marks.add(GENERATIONS[word])
            elif word not in TITLES:
                words.append(word)
                if word.isdigit():
                    marks.add(word)
        if words:
            names.append(tuple(words))
    return tuple(names), frozenset(marks)


@lru_cache(maxsize=50_000)
def phone_digits(value: str, country: str) -> str:
    """The national number as digits without leading zeros; empty when it is none or a placeholder."""
    digits = "".join(char for char in value if char.isdigit())
    abroad = value.lstrip().startswith("+") or digits.startswith("00")
    digits = digits.lstrip("0")
    codes = set(CALLING.values()) if abroad else {CALLING.get(country, "61")}
    if (abroad or len(digits) > LONGEST_NATIONAL) and digits[:2] in codes:
        digits = digits[2:].lstrip("0")
    return digits if len(digits) >= SHORTEST_PHONE and len(set(digits)) > 2 else ""


def _tax(value: str) -> str:
    kept = "".join(char for char in value if char.isalnum()).casefold()
    return kept if len(kept) >= SHORTEST_TAX and len(set(kept)) > 2 else ""


@lru_cache(maxsize=20_000)
def is_valid(value: str, country: str) -> bool:
    """Whether a tax number's own check digits say that it was typed rightly; never where no check is known."""
    if country not in CALLING:
        return False
    try:
        business.tax_number(value, country)
    except Refused:
        return False
    return True


def same_tax(left: str, right: str) -> bool:
    """Equal, or one is the company number at the end of the other's business number."""
    if left == right:
        return bool(left)
    short, long = sorted((left, right), key=len)
    return len(short) == ACN_DIGITS and len(long) == ABN_DIGITS and long.endswith(short)


def place_of(address: Address) -> Place:
    house: set[str] = set()
    streets, lines = [], []
    is_home = True
    for line in address.lines[:LINES]:
        words, joined = [], ""
        plain = _plain(_PO_BOX.sub("pobox", line))
        is_home = is_home and _NO_HOME.isdisjoint(plain) and plain[:1] != ["c"]
        for word in plain:
            if _NUMBER.match(word):
                house.add(word)
                continue
            joined += word
            if word not in STREETS and word not in INSIDE:
                words.append(word)
        if words:
            streets.append(" ".join(words))
            lines.append(joined)
    return Place(
        house=frozenset(house),
        streets=tuple(streets),
        lines=tuple(lines),
        city=" ".join(_plain(address.city)),
        postcode="".join(_plain(address.postal_code)),
        region="".join(_plain(address.region)),
        is_home=is_home,
    )


def _plain(text: str) -> list[str]:
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in text if not unicodedata.combining(char))
    return _SPLIT.sub(" ", text.replace("'", "")).casefold().split()
