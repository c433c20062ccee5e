"""What may link without a person and what never may, one pair at a time; and twins inside one system."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from connectors.records import Address, Contact
from mappings import normalise
from sync.identity.blocks import MOST_IN_BLOCK
from sync.identity.traits import phone_digits, place_of, same_tax, traits_of
from sync.identity.twins import twins, why
from sync.linking import Directory, Match, Party, match_contacts

HOME = Address(lines=("12 Jacaranda Street",), city="Parramatta", region="NSW", postal_code="2150")
OTHER_HOME = Address(lines=("9 Wattle Road",), city="Penrith", region="NSW", postal_code="2750")
ABN, OTHER_ABN = "51 824 753 556", "53 004 085 616"


def record(external_id: str, name: str, **extra: Any) -> Contact:
    return Contact(external_id=external_id, name=name, **{"status": "ACTIVE", **extra})


def party(contact: Contact, **extra: Any) -> Party:
    return Party(
        contact=contact,
        emails=frozenset({normalise.email_key(contact.email)} if contact.email else ()),
        phones=frozenset(normalise.phone_key(item, "AU") for item in (contact.phone, contact.mobile) if item),
        **extra,
    )


def match(client: Contact, *contacts: Contact, others: tuple[Contact, ...] = (), **extra: Any) -> Match:
    """The match of ``client`` among ``contacts``, beside other clients."""
    directory = Directory({item.external_id: item for item in contacts}, country="AU", **extra)
    return match_contacts([party(item) for item in (client, *others)], directory)[client.external_id]


class TestLinksWhenTwoThingsAgree:
    @pytest.mark.parametrize(
        ("left", "right"),
        [
            ({"phone": "02 9000 1234"}, {"phone": "+61 2 9000 1234"}),
            ({"tax_number": ABN}, {"tax_number": "51824753556"}),
            ({"addresses": (HOME,)}, {"addresses": (replace(HOME, lines=("12 Jacaranda St",)),)}),
            ({"email": "a@b.example"}, {"email": "A@B.example"}),
        ],
    )
    def test_a_misspelled_name_and_something_of_its_own(self, left: Any, right: Any) -> None:
        found = match(record("c", "Saltmarsh Plumbing", **left), record("x", "Saltmarhs Plumbing", **right))
        assert found.external_id == "x"
        assert len(found.reasons) >= 2

    def test_not_by_the_name_alone(self) -> None:
        found = match(record("c", "Saltmarsh Plumbing"), record("x", "Saltmarsh Plumbing"))
        assert not found.external_id
        assert found.candidates[0].against == ("Nothing but the name agrees",)

    def test_a_shared_address_or_number_alone_links_nobody(self) -> None:
        same = {"email": "books@desk.example", "phone": "02 9000 1234", "addresses": (HOME,)}
        found = match(
            record("c", "Saltmarsh Plumbing", **same),
            record("x", "Cormorant Cafe", **same),
            record("y", "Dunes Dental", **same),
        )
        assert not found.external_id

    def test_a_person_who_moved_is_known_by_the_tax_number(self) -> None:
        found = match(
            record("c", "Ingrid Kovac", tax_number=ABN, addresses=(HOME,)),
            record("x", "Kovac, Ingrid", tax_number=ABN, addresses=(OTHER_HOME,)),
        )
        assert found.external_id == "x"


class TestNeverWithoutAPerson:
    @pytest.mark.parametrize(
        ("left", "right", "why_not"),
        [
            ("Saltmarsh Trust", "Saltmarsh Pty Ltd", "Different legal forms"),
            ("John Kovac", "John Kovac Super Fund", "Different legal forms"),
            ("John Kovac", "John Kovac Pty Ltd", "One is a person, the other a company or trust"),
            ("Saltmarsh Plumbing Parramatta", "Saltmarsh Plumbing Penrith", "Names differ"),
            ("John Kovac Senior", "John Kovac Junior", "“senior” against “junior”"),
            ("Julie Kovac", "Julia Kovac", "Different first names: Julie and Julia"),
            ("Unit Trust 12", "Unit Trust 14", "“12” against “14”"),
        ],
    )
    def test_what_rules_a_pair_out(self, left: str, right: str, why_not: str) -> None:
        same = {"email": "office@here.example", "phone": "02 9000 1234", "addresses": (HOME,)}
        found = match(record("c", left, **same), record("x", right, **same))
        assert not found.external_id
        assert any(why_not in text for text in found.candidates[0].against), found.candidates

    def test_two_valid_tax_numbers(self) -> None:
        found = match(
            record("c", "Saltmarsh Plumbing", phone="02 9000 1234", tax_number=ABN),
            record("x", "Saltmarsh Plumbing", phone="02 9000 1234", tax_number=OTHER_ABN),
        )
        assert not found.external_id
        assert any(text.startswith("Different valid tax numbers") for text in found.candidates[0].against)

    def test_a_competitor_on_either_side(self) -> None:
        same = {"phone": "02 9000 1234", "addresses": (HOME,)}
        two = (record("x", "Ingrid Kovac", **same), record("y", "Ingrid Kovac", **same))
        assert not match(record("c", "Ingrid Kovac", **same), *two).external_id
        found = match(
            record("c", "Ingrid Kovac", **same), two[0], others=(record("d", "Ingrid Kovac", **same),)
        )
        assert not found.external_id
        assert any("nearly as well" in text for text in found.candidates[0].against)

    def test_what_is_linked_already_or_archived(self) -> None:
        same = {"phone": "02 9000 1234", "addresses": (HOME,)}
        client, contact = record("c", "Ingrid Kovacs", **same), record("x", "Ingrid Kovac", **same)
        assert match(client, contact).external_id == "x"
        assert not match(client, contact, claimed=frozenset({"x"})).external_id
        assert not match(client, replace(contact, status="ARCHIVED")).external_id

    @pytest.mark.parametrize(
        "client",
        [
            record("c", "Saltmarsh Plumbing", email="a@b.example"),
            record("c", "Saltmarsh Plumbing", linked={"xero": "x"}),
            record("c", "Saltmarsh Plumbing", number="S1"),
            record("c", "Saltmarsh Plumbing", phone="02 9000 1234"),
        ],
    )
    def test_what_a_person_told_apart(self, client: Contact) -> None:
        contact = record("x", "Saltmarsh Plumbing", email="a@b.example", phone="02 9000 1234", number="S1")
        assert match(client, contact).external_id == "x"
        assert not match(client, contact, apart=frozenset({("c", "x")})).external_id

    def test_not_even_by_this_apps_own_number(self) -> None:
        contact = record("x", "Saltmarsh Plumbing", number="IGN-c")
        for apart, expected in ((frozenset(), "x"), (frozenset({("c", "x")}), "")):
            directory = Directory({"x": contact}, country="AU", apart=apart)
            found = match_contacts([party(record("c", "Saltmarsh"), own_number="IGN-c")], directory)["c"]
            assert found.external_id == expected
        assert "as a person decided" in found.candidates[0].against[0]


class TestForms:
    @pytest.mark.parametrize(
        ("left", "right", "same"),
        [
            ("Acme Pty Ltd", "Acme P/L", True),
            ("Acme Pty Ltd", "Acme", True),
            ("Acme Pty", "Acme Pty Limited", True),
            ("The Trustee for Acme Trust", "Acme Trust", True),
            ("Acme Trust", "Acme", False),
            ("Acme Pty Ltd", "Acme Trust", False),
            ("Estate of J Doe", "J Doe", False),
        ],
    )
    def test_which_forms_are_one_party(self, left: str, right: str, same: bool) -> None:
        assert normalise.same_form(normalise.company_form(left), normalise.company_form(right)) is same

    def test_a_trading_name_is_known_by_either_half(self) -> None:
        whole = traits_of(record("x", "Kovac Holdings Pty Ltd T/A Harbour Cafe"), country="AU")
        assert whole.names == (("kovac",), ("harbour", "cafe"))
        assert why(whole, traits_of(record("y", "Harbour Cafe"), country="AU")).name.whole

    @pytest.mark.parametrize(
        ("value", "country", "digits"),
        [
            ("02 9000 1234", "AU", "290001234"),
            ("+61 2 9000 1234", "NZ", "290001234"),
            ("0061 2 9000 1234", "AU", "290001234"),
            ("+64 9 123 4567", "NZ", "91234567"),
            ("09 123 4567", "NZ", "91234567"),
            ("0000 000 000", "AU", ""),
            ("n/a", "AU", ""),
        ],
    )
    def test_telephones(self, value: str, country: str, digits: str) -> None:
        assert phone_digits(value, country) == digits

    def test_a_company_number_is_the_end_of_its_business_number(self) -> None:
        assert same_tax("51824753556", "824753556")
        assert not same_tax("51824753556", "824753557")
        assert not same_tax("", "")

    def test_an_address_in_parts(self) -> None:
        place = place_of(Address(lines=("Unit 3/12 Jacaranda St",), city="Manly", postal_code="2095"))
        assert (place.house, place.streets) == (frozenset({"3", "12"}), ("jacaranda",))


class TestTwins:
    def test_groups_with_reasons_whatever_the_order(self) -> None:
        three = [
            record("a", "Saltmarsh Plumbing Pty Ltd", email="o@s.example", phone="02 9000 1234"),
            record("b", "Saltmarsh Plumbing P/L", email="o@s.example"),
            record("c", "Saltmarsh Plubming", phone="02 9000 1234"),
            record("d", "Cormorant Cafe", email="o@s.example"),
        ]
        for order in permutations(three):
            (group,) = twins(order, country="AU")
            assert group.ids == ("a", "b", "c")
            assert 0.8 < group.score < 1
            assert any("Same e-mail" in text for text in group.reasons)

    def test_a_family_is_no_twins(self) -> None:
        same = {"phone": "02 9000 1234", "email": "the@kovacs.example", "addresses": (HOME,)}
        names = ("Ingrid Kovac", "Peter Kovac", "Kovac Family Trust", "Ingrid Kovac Pty Ltd")
        assert twins([record(name, name, **same) for name in names], country="AU") == []

    def test_what_a_person_told_apart_is_in_no_group_together(self) -> None:
        same = {"phone": "02 9000 1234", "addresses": (HOME,)}
        three = [record(external_id, "Ingrid Kovac", **same) for external_id in "abc"]
        apart = frozenset({("a", "b")})
        groups = twins(three, country="AU", apart=apart)
        assert all(not {"a", "b"} <= set(group.ids) for group in groups)
        assert twins(three, country="AU", apart=apart | {("a", "c"), ("b", "c")}) == []

    def test_what_everybody_shares_finds_nobody(self) -> None:
        many = [record(f"{n}", f"Shop {n}", email="books@desk.example") for n in range(MOST_IN_BLOCK + 10)]
        assert twins(many, country="AU") == []
