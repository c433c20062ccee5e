"""What is recognised in spite of slips and gaps, and what looks alike and is two parties: one rule at a time."""

import time
from dataclasses import replace
from typing import Any

import pytest

from connectors.records import Address, Contact, ContactPerson
from sync.identity.blocks import pairs_between, pairs_within
from sync.identity.reach import email_alike
from sync.identity.summing import Shares, Sum
from sync.identity.traits import spelled, traits_of
from sync.identity.twins import twins
from tests.sync.identity.test_evidence import HOME, OTHER_HOME, match, record

PHONE = "02 9000 1234"
FLAT = replace(HOME, lines=("3/12 Jacaranda Street",))
OTHER_FLAT = replace(HOME, lines=("5/12 Jacaranda Street",))
BOX = replace(HOME, lines=("PO Box 12",))
OFFICE = replace(HOME, lines=("Level 2, 12 Jacaranda Street",))
FAMILY_MAIL = "the.kovacs@gmail.com"
MANY = [record(f"y{number}", f"Client {number}", addresses=(OTHER_HOME,)) for number in range(200)]
"""Other contacts, as in a list of three everything looks usual."""
ROOM = {record_id: {"addresses": (HOME,)} for record_id in "cx"}


def linked(left: tuple[str, dict[str, Any]], right: tuple[str, dict[str, Any]], *others: Contact) -> bool:
    """Whether the one client is linked to the one contact, beside other clients."""
    return (
        match(record("c", left[0], **left[1]), record("x", right[0], **right[1]), others=others).external_id
        == "x"
    )


class TestSlips:
    @pytest.mark.parametrize(
        ("left", "right"),
        [
            ("Ingrid Kovac", "Kovac Ingrid"),
            ("Ingrid Kovac", "IngridKovac"),
            ("Ingrid Kovac", "Ing rid Kovac"),
            ("Ingrid Kovac", "Ingrid M Kovac"),
            ("Amy Kovac", "Aym Kovac"),
            ("Kovac Joinery Pty Ltd", "Kovac Joinery Pyt Ltd"),
            ("Kovac Super Fund", "Kovac SuperFund"),
            ("Kovac Family Trust", "Kovac Familly Trust"),
        ],
    )
    def test_of_the_name(self, left: str, right: str) -> None:
        assert linked((left, ROOM["c"]), (right, ROOM["x"]))
        assert linked((right, ROOM["c"]), (left, ROOM["x"]))

    def test_a_short_name_means_the_person_that_the_record_names(self) -> None:
        person = {"first_name": "Ingrid", "last_name": "Kovac", "email": "ik@b.example"}
        assert linked(("Ingrid Kovac", {"email": "ik@b.example"}), ("I Kovac", person))
        someone = {**person, "first_name": "Ivan"}
        assert not linked(("Ingrid Kovac", {"email": "ik@b.example"}), ("I Kovac", someone))

    @pytest.mark.parametrize(
        ("one", "other", "alike"),
        [
            ("ingrid.kovac@gmail.com", "ingrid.kovcc@gmail.com", True),
            ("ingrid.kovac@gmail.com", "ingrid.kovac@gmial.com", True),
            ("ingrid.kovac@gmail.com", "ingrid.kovac@outlook.com", True),
            ("ingrid77@gmail.com", "ingrid78@gmail.com", False),
            ("ik@gmail.com", "jk@gmail.com", False),
            ("accounts@gmail.com", "accounts@outlook.com", False),
            ("ingrid.kovac@one.example", "ingrid.kovac@two.example", False),
        ],
    )
    def test_of_an_email_address(self, one: str, other: str, alike: bool) -> None:
        assert bool(email_alike(one, other)) is alike
        assert bool(email_alike(other, one)) is alike

    def test_a_slip_in_what_reaches_somebody_does_beside_a_rare_name_only(self) -> None:
        mail, slip = {"email": "ingrid.kovac@gmail.com"}, {"email": "ingrid.kovcc@gmail.com"}
        assert linked(("Ingrid Kovac", mail), ("Ingrid Kovac", slip))
        assert not linked(("Ingrid Kovac", mail), ("Ivan Kovac", slip))
        assert linked(("Ingrid Kovac", {"phone": PHONE}), ("Ingrid Kovac", {"phone": "02 9000 1235"}))

    def test_of_the_postcode_and_the_line_it_stands_in(self) -> None:
        there = Address(lines=("Rosebank", "12 Jacaranda St"), city="Parramata", postal_code="2105")
        assert linked(("Ingrid Kovac", ROOM["c"]), ("Ingrid Kovac", {"addresses": (there,)}))

    def test_forms_are_put_right_and_nothing_else(self) -> None:
        assert spelled("Kovac Pty Ldt") == "Kovac Pty Ltd"
        assert spelled("Kovac Holdigns PtyLtd") == "Kovac holdings Pty Ltd"
        for name in ("Superb Funds", "Pat Lord", "Thrust Engineering", "Emily Kovac", "Party Ltd"):
            assert spelled(name) == name


class TestFurtherFields:
    def test_a_contact_person_s_address_and_a_direct_line(self) -> None:
        others = (ContactPerson(first_name="Ivan", email="ivan@k.example"),)
        assert linked(("Kovac Joinry", {"email": "ivan@k.example"}), ("Kovac Joinery", {"others": others}))
        assert linked(("Kovac Joinry", {"phone": PHONE}), ("Kovac Joinery", {"direct_phone": PHONE}))

    def test_an_account_number_is_the_client_s_code(self) -> None:
        code = {"number": "KOV0012"}
        assert linked(("Kovac Joinry", code), ("Kovac Joinery", {"account_number": "kov0012"}))
        assert not linked(("Dunes Dental", code), ("Kovac Joinery", {"account_number": "KOV0012"}))


class TestFamilies:
    @pytest.mark.parametrize("other", ["Ivan Kovac", "Ivana Kovac", "Kovac", "Ivan & Ingrid Kovac"])
    def test_a_surname_in_a_house_is_nobody(self, other: str) -> None:
        same = {"addresses": (HOME,), "phone": PHONE, "email": FAMILY_MAIL}
        assert not linked(("Ingrid Kovac", same), (other, same))

    @pytest.mark.parametrize(("one", "other"), [("Eric", "Erica"), ("Paul", "Paula"), ("Roland", "Rolanda")])
    def test_a_man_s_and_a_woman_s_form_of_a_name(self, one: str, other: str) -> None:
        assert not linked((f"{one} Kovac", ROOM["c"]), (f"{other} Kovac", ROOM["x"]))

    def test_in_a_family_the_first_name_tells_who_it_is(self) -> None:
        same = {"email": FAMILY_MAIL}
        family = [
            record(f"f{number}", f"{name} Kovac", **same) for number, name in enumerate(("Ivan", "Magda"))
        ]
        assert linked(("Ingrid Kovac", same), ("Ingrid Kovaec", same), *family)
        assert not linked(("Ingrid Kovac", same), ("Ivan Kovaec", same), *family)

    def test_an_address_of_many_says_little(self) -> None:
        sums = [Sum() for _ in range(3)]
        for sum_of, count in zip(sums, (1, 4, 400), strict=True):
            sum_of.add_own(11.0, "email", "Same e-mail address a@b.example", count=count, shares=Shares())
        assert [sum_of.points for sum_of in sums] == [11.0, 7.0, 1.0]
        assert [sum_of.strong for sum_of in sums] == [{"email"}, {"shared email"}, set()]


class TestAnotherSurname:
    """A first name alone in a house is a person, who may have married. Where others are, it may be anybody."""

    def test_in_a_house_of_its_own(self) -> None:
        client, contact = record("c", "Ingrid Kovac", **ROOM["c"]), record("x", "Ingrid Vella", **ROOM["x"])
        # In a list so small, the street is not rare enough.
        assert not match(client, contact).external_id
        found = match(client, contact, *MANY)
        assert found.external_id == "x"
        assert "Same first name, so the surname may have changed" in found.reasons

    @pytest.mark.parametrize(
        ("here", "there"), [(FLAT, OTHER_FLAT), (BOX, BOX), (OFFICE, OFFICE), (HOME, replace(HOME, lines=()))]
    )
    def test_not_in_flats_boxes_and_offices(self, here: Address, there: Address) -> None:
        client, contact = (
            record("c", "Ingrid Kovac", addresses=(here,)),
            record("x", "Ingrid Vella", addresses=(there,)),
        )
        assert not match(client, contact, *MANY).external_id

    def test_not_where_others_are(self) -> None:
        client, contact = record("c", "Ingrid Kovac", **ROOM["c"]), record("x", "Ingrid Vella", **ROOM["x"])
        others = (record("d", "Tui Parata", addresses=(HOME,)),)
        assert not match(client, contact, *MANY, others=others).external_id

    @pytest.mark.parametrize(
        ("left", "right"),
        [
            ("Ivan James", "Ingrid James"),
            ("James Ivan", "James Ingrid"),
            ("Ruby Printing Dubbo", "Ruby Printing Penrith"),
            ("Ingrid Lewis", "Lewis Ingram"),
        ],
    )
    def test_not_when_it_is_no_first_name(self, left: str, right: str) -> None:
        client, contact = record("c", left, **ROOM["c"]), record("x", right, **ROOM["x"])
        assert not match(client, contact, *MANY).external_id


class TestTwoParties:
    @pytest.mark.parametrize(
        ("left", "right", "why_not"),
        [
            ("Kovac Investments", "Kovac Investments No 2", "“nothing” against “2”"),
            ("Ingrid Kovac", "Ingrid Kovac III", "“nothing” against “third”"),
            ("Ingrid Kovac", "Ingrid & Ivan Kovac", "One is a person, the other are several"),
            ("Kovac Joinery", "Kovac Joinery Holdings", "Only one of them is a holding company"),
        ],
    )
    def test_whatever_else_agrees(self, left: str, right: str, why_not: str) -> None:
        same = {"addresses": (HOME,), "phone": PHONE, "email": "office@kovac.example"}
        found = match(record("c", left, **same), record("x", right, **same))
        assert not found.external_id
        assert any(why_not in text for text in found.candidates[0].against), found.candidates

    def test_a_branch_with_the_head_office_s_address(self) -> None:
        same = {"email": "office@kovac.example"}
        assert not linked(("Kovac Commercial Joinery", same), ("Kovac Commercial Joinery Dubbo", same))

    def test_a_domain_of_many_is_no_second_signal(self) -> None:
        clients = [record(f"y{n}", f"Client {n}", email=f"c{n}@books.example") for n in range(8)]
        contact = record("x", "Ingrid Kovac", email="ik@books.example")
        client = record("c", "Ingrid Kovac", email="i.k@books.example")
        assert match(client, contact).external_id == "x"
        assert not match(client, contact, *clients).external_id


class TestRivals:
    def test_what_is_ruled_out_is_no_rival(self) -> None:
        same = {"email": FAMILY_MAIL, "phone": PHONE, "addresses": (HOME,)}
        contacts = [record(name, name, **same) for name in ("Kovac Family Trust", "Kovac Super Fund")]
        for name in ("Kovac Familiy Trust", "Kovac Super Fudn"):
            found = match(record("c", name, **same), *contacts)
            assert found.external_id[:9] == name[:9]

    def test_who_is_sure_of_another_is_no_rival(self) -> None:
        same = {"addresses": (HOME,)}
        father = record("d", "Ivan Kovac", tax_number="51 824 753 556", **same)
        contacts = (
            record("x", "Ivan Kovacs", **same),
            record("y", "Ivan Kovacs", tax_number="51824753556", **same),
        )
        son = record("c", "Ivan Kovac", **same)
        assert match(son, *contacts, others=(father,)).external_id == "x"
        assert match(father, *contacts, others=(son,)).external_id == "y"

    def test_a_tie_goes_to_a_person(self) -> None:
        two = [record(external_id, "Ivan Kovacs", **ROOM["x"]) for external_id in "xy"]
        found = match(record("c", "Ivan Kovac", **ROOM["c"]), *two)
        assert not found.external_id
        assert {item.external_id for item in found.candidates} == {"x", "y"}


class TestManyAlike:
    def test_ten_thousand_in_one_house_are_not_compared_with_each_other(self) -> None:
        names = [
            f"{first} {last}" for first in ("Ingrid", "Ivan", "Magda", "Tui") for last in ("Kovac", "Vella")
        ]
        many = [record(f"{n}", names[n % 8], addresses=(HOME,), phone=PHONE) for n in range(10_000)]
        traits = [traits_of(item, country="AU") for item in many]
        began = time.process_time()
        assert list(pairs_within(traits)) == []
        assert list(pairs_between(traits[:5_000], traits[5_000:])) == []
        assert time.process_time() - began < 10

    def test_one_pair_among_them_is_still_found_by_what_is_its_own(self) -> None:
        many = [record(f"{n}", f"Client {n} Kovac", addresses=(HOME,), phone=PHONE) for n in range(200)]
        pair = [
            record(external_id, "Magda Vella", email="mv@b.example", addresses=(HOME,))
            for external_id in "ab"
        ]
        (group,) = twins([*many, *pair], country="AU")
        assert group.ids == ("a", "b")
