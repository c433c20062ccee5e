"""Which records are worth comparing: those that share a key. Pure; the work grows with the records, not their square.

A record has several keys (e-mail, phone, tax number, a word of its name by its sound with postcode, house or
street, the house itself), so that one slip doesn't hide it. A name alone is none, as it never joins two records. A key
that many records have finds nothing and is dropped.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations

from sync.identity.traits import Place, Traits
from sync.identity.usual import GENERIC

MOST_IN_BLOCK = 30
"""Records on one side that may share an address or number. Above, it is too common to tell anything."""
MOST_OF_A_WORD = 8
"""The same for a word of the name with the postcode, house or street, which a town's many Smiths share."""
WORD_KEYS = frozenset("chnmq")
WORDS_LOOKED_AT = 4
PIECE = 4
"""Letters or digits at either end of an e-mail address or number that make a key with a word of the name."""

_SOUNDS = {
    letter: digit
    for letters, digit in (("bfpv", "1"), ("cgjkqsxz", "2"), ("dt", "3"), ("l", "4"), ("mn", "5"), ("r", "6"))
    for letter in letters
}


@lru_cache(maxsize=100_000)
def sound(word: str) -> str:
    """The word by its sound (Soundex), so that most misspellings of it come to the same."""
    out, before = word[:1], _SOUNDS.get(word[:1], "")
    for letter in word[1:]:
        digit = _SOUNDS.get(letter, "")
        if digit and digit != before:
            out += digit
        if letter not in "hw":
            before = digit
    return (out + "000")[:4]


def keys_of(traits: Traits) -> list[str]:
    """The keys under which others may find this record."""
    keys = [f"e{email}" for email in traits.emails]
    keys += [f"p{phone}" for phone in traits.phones]
    keys += [f"r{reference}" for reference in traits.references]
    keys += [f"a{code}" for code in traits.codes]
    if traits.tax:
        keys.append(f"t{traits.tax[-9:]}")
    words = [word for name in traits.names for word in name if word not in GENERIC]
    sounds = [sound(word) for word in words[:WORDS_LOOKED_AT]]
    if sounds:
        # The same word whichever of the two stands in front.
        keys += _keys_of_reach(traits, min(sounds[:2]))
    for place in traits.places:
        keys += _keys_of_place(place, sounds)
    return keys


def _keys_of_reach(traits: Traits, heard: str) -> Iterator[str]:
    """A word of the name with the beginning or the end of an e-mail address or number, of which one has no slip."""
    for email in traits.emails:
        local = email.partition("@")[0]
        yield f"m{heard}{local[:PIECE]}"
        yield f"m{heard}{local[-PIECE:]}"
    for phone in traits.phones:
        yield f"q{heard}{phone[:PIECE]}"
        yield f"q{heard}{phone[-PIECE:]}"


def homes_of(traits: Traits) -> list[str]:
    """The houses of a record, each as the key under which others of the same house are found."""
    out = []
    for place in traits.places:
        house = "/".join(sorted(place.house))
        if house and place.postcode:
            out += [
                f"s{sound(street.partition(' ')[0])}{house}{place.postcode}" for street in place.streets[:2]
            ]
    return out


def _keys_of_place(place: Place, sounds: list[str]) -> Iterator[str]:
    """A word of the name with the postcode or the house, and the street with either."""
    house = "/".join(sorted(place.house))
    for heard in sounds:
        if place.postcode:
            yield f"c{heard}{place.postcode}"
        if house:
            yield f"h{heard}{house}"
    for street in place.streets[:2]:
        way = sound(street.partition(" ")[0])
        for heard in sounds[:2]:
            yield f"n{heard}{way}"
        if house:
            yield f"s{way}{house}{place.postcode}"
        elif place.postcode:
            yield f"s{way}{place.postcode}"


def blocks_of(records: Iterable[Traits], among: Container[str] | None = None) -> dict[str, list[int]]:
    """Places of the records under each key; only keys in ``among`` when it is given."""
    out: dict[str, list[int]] = defaultdict(list)
    for place, traits in enumerate(records):
        for key in set(keys_of(traits)):
            if among is None or key in among:
                out[key].append(place)
    return out


def _most(key: str) -> int:
    return MOST_OF_A_WORD if key[0] in WORD_KEYS else MOST_IN_BLOCK


def pairs_between(left: Sequence[Traits], right: Sequence[Traits]) -> Iterator[tuple[int, int]]:
    """Places of a left and a right record that share a key worth looking at; each pair once, in order."""
    ours = blocks_of(left)
    theirs = blocks_of(right, among=ours)
    seen: set[tuple[int, int]] = set()
    for key, there in theirs.items():
        here = ours[key]
        if max(len(here), len(there)) <= _most(key):
            seen.update((one, other) for one in here for other in there)
    yield from sorted(seen)


def pairs_within(records: Sequence[Traits]) -> Iterator[tuple[int, int]]:
    """The same among the records of one side."""
    seen: set[tuple[int, int]] = set()
    for key, members in blocks_of(records).items():
        if 1 < len(members) <= _most(key):
            seen.update(combinations(members, 2))
    yield from sorted(seen)


def counted(records: Iterable[Traits]) -> tuple[Counter[str], Counter[str]]:
    """In how many records each word of a name occurs, and each street, town and postcode."""
    words: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for traits in records:
        for name in traits.names:
            words.update(set(name))
        for place in traits.places:
            places.update({*place.streets, place.city, place.postcode})
    return words, places
