"""Names taken apart: as the library does it, also on the short way that most names take."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nameparser import HumanName

from mappings import people
from mappings.normalise import tidy

word = st.from_regex(r"[A-Z][a-z]{1,9}", fullmatch=True)


@settings(max_examples=300, deadline=None)
@given(
    word | st.sampled_from(["Dr", "Van", "De", "Jr", "Mr", "Abdul", "And", "Saint"]),
    word | st.sampled_from(["Jr", "Phd", "Esq"]),
)
def test_the_short_way_gives_what_the_library_gives(first: str, last: str) -> None:
    name = f"{first} {last}"
    found = HumanName(name)
    expected = (tidy(f"{found.first} {found.middle}"), tidy(f"{found.last} {found.suffix}"))
    if not any(expected):
        return
    if not expected[0]:
        expected = (expected[1], "")
    assert (people.first_name(name), people.last_name(name)) == expected


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Anna Lee", "Anna", "Lee"),
        ("Lee, Anna", "Anna", "Lee"),
        ("Anna", "Anna", ""),
        ("Dr Anna van der Berg", "Anna", "van der Berg"),
        ("Anna Maria Lee", "Anna Maria", "Lee"),
        ("  Anna   Lee ", "Anna", "Lee"),
    ],
)
def test_first_and_last(name: str, first: str, last: str) -> None:
    assert (people.first_name(name), people.last_name(name)) == (first, last)


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("1478 Blue Bell Group", "Blue Bell Group"),
        ("AB-12: Blue Bell", "Blue Bell"),
        ("Blue Bell 1478", "Blue Bell 1478"),
        ("1478", "1478"),
        ("3 Peaks Pty Ltd", "3 Peaks Pty Ltd"),
    ],
)
def test_a_leading_code_is_left_out(name: str, without: str) -> None:
    assert people.strip_code(name) == without
