"""Whatever stands in the records: nothing breaks, the order doesn't matter, and nobody is linked twice."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as some

from connectors.records import Address, Contact
from sync.identity.twins import twins
from sync.linking import Directory, Party, match_contacts

WORDS = some.sampled_from(
    [
        "Acme",
        "Bell",
        "Pty Ltd",
        "P/L",
        "Trust",
        "John",
        "Jon",
        "Smith",
        "Smyth",
        "t/a",
        "&",
        "12",
        "Jnr",
        "",
        "Ünïcode",
    ]
)
TEXT = some.one_of(some.text(max_size=12), some.lists(WORDS, max_size=4).map(" ".join))
NUMBERS = some.sampled_from(
    ["", "02 9000 1234", "+61 2 9000 1234", "51 824 753 556", "1", "²³", "0000000000"]
)
EMAILS = some.sampled_from(["", "a@b.example", "A@B.example", "@", "c@gmail.com"])
PLACES = some.builds(
    Address,
    lines=some.lists(TEXT, max_size=4).map(tuple),
    city=TEXT,
    postal_code=some.sampled_from(["", "2150", "2151", "LS1 4AB"]),
)


@some.composite
def contacts(draw: some.DrawFn, prefix: str) -> list[Contact]:
    return [
        Contact(
            external_id=f"{prefix}{number}",
            name=draw(TEXT),
            first_name=draw(WORDS),
            email=draw(EMAILS),
            phone=draw(NUMBERS),
            tax_number=draw(NUMBERS),
            addresses=tuple(draw(some.lists(PLACES, max_size=2))),
            status="ACTIVE",
        )
        for number in range(draw(some.integers(0, 6)))
    ]


@given(contacts("c"), contacts("x"))
@settings(max_examples=60, deadline=None)
def test_matching_is_total_and_by_evidence_one_to_one(left: list[Contact], right: list[Contact]) -> None:
    def found(clients: list[Contact], there: list[Contact]) -> dict[str, str]:
        parties = [Party(contact=item) for item in clients]
        directory = Directory({item.external_id: item for item in there}, country="AU")
        return {key: match.external_id for key, match in match_contacts(parties, directory).items()}

    first = found(left, right)
    assert set(first) == {item.external_id for item in left}
    assert first == found(left[::-1], right[::-1])
    linked = Counter(external_id for external_id in first.values() if external_id)
    assert all(number == 1 for number in linked.values())


@given(contacts("c"))
@settings(max_examples=60, deadline=None)
def test_twins_are_total_and_disjoint(records: list[Contact]) -> None:
    groups = twins(records, country="NZ")
    assert groups == twins(records[::-1], country="NZ")
    seen = Counter(external_id for group in groups for external_id in group.ids)
    assert all(number == 1 for number in seen.values())
    assert all(len(group.ids) > 1 and 0 < group.score < 1 and group.reasons for group in groups)
