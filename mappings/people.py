"""People's and businesses' names in other forms. Pure. Names are taken apart by the nameparser library."""

import re
from functools import lru_cache

from nameparser import HumanName
from nameparser.config import CONSTANTS

from mappings.normalise import tidy

LONGEST_NAME = 255
_TWO_WORDS = re.compile(r"([A-Z][a-z]+) ([A-Z][a-z]+)\Z")
_SPECIAL = frozenset(
    word
    for words in (
        CONSTANTS.titles,
        CONSTANTS.first_name_titles,
        CONSTANTS.prefixes,
        CONSTANTS.suffix_acronyms,
        CONSTANTS.suffix_not_acronyms,
        CONSTANTS.conjunctions,
        CONSTANTS.bound_first_names,
    )
    for word in words
)
"""Words that the library looks at specially. Any other two words are a first and a last name: most names are, and
taking them apart by hand is a hundred times faster."""
_CODE = re.compile(r"^\s*(?:[A-Za-z]{0,4}[-./]?\d{2,8}[A-Za-z]?)\s*(?:[-:.]\s*|\s)\s*(?=\S)")


@lru_cache(maxsize=20_000)
def _parts(value: str) -> tuple[str, str]:
    """First (with middle) names and last name; a single word is a first name. Titles are left out."""
    plain = _TWO_WORDS.match(value)
    if plain and not {word.casefold() for word in plain.groups()} & _SPECIAL:
        return plain[1], plain[2]
    found = HumanName(tidy(value)[:LONGEST_NAME])
    first = tidy(f"{found.first} {found.middle}")
    last = tidy(f"{found.last} {found.suffix}")
    if not first and not last:
        return tidy(value), ""
    return (first, last) if first else (last, "")


def first_name(value: str) -> str:
    return _parts(value)[0]


def last_name(value: str) -> str:
    return _parts(value)[1]


def last_first(value: str) -> str:
    """“Anna Lee” → “Lee, Anna”; a single word stays as it is."""
    first, last = _parts(value)
    return f"{last}, {first}" if first and last else first or last


def first_last(value: str) -> str:
    """“Lee, Anna” → “Anna Lee”."""
    return tidy(" ".join(_parts(value)))


@lru_cache(maxsize=20_000)
def name_case(value: str) -> str:
    """Capitals as names have them: O'Brien, MacLaine, van der Berg."""
    found = HumanName(tidy(value)[:LONGEST_NAME])
    found.capitalize(force=True)
    return tidy(str(found)) or tidy(value)


def strip_code(value: str) -> str:
    """Without an internal code before the name (“1478 Blue Bell”, “AB-12: Blue Bell”); a bare code stays."""
    return tidy(_CODE.sub("", value, count=1)) or tidy(value)


def no_angles(value: str) -> str:
    return value.replace("<", "").replace(">", "")
