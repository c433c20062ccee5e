"""Contacts field by field: directions, write modes and who wins, each beside its opposite."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.records import Address, Contact, ContactPerson, Kind, Terms
from connectors.xero import render
from mappings.catalog import About
from mappings.fieldmaps import Conflict, Direction, FieldMap, Mode
from mappings.mapped import Mapped
from mappings.targets import targets_for
from sync.contact_values import PARTS, contact_values, joined, part_of, same, with_kept
from sync.fieldwise import COMPARED, contact_update
from sync.plan import Decision

EARLY, LATE = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
AGREED = {"name": "Able", "email": "old@able.example"}


def decide(
    theirs: str,
    *,
    ours: str = "new@able.example",
    base: dict[str, Any] | None = None,
    ours_at: datetime = LATE,
    **policy: Any,
) -> Decision:
    """A client whose e-mail is ``ours`` now, linked to a contact that has ``theirs``."""
    target = Contact(external_id="x", name="Able", email=theirs, source_updated_at=EARLY)
    agreed = AGREED if base is None else base
    return contact_update(
        Mapped(values={"name": "Able", "email": ours}),
        target,
        agreed,
        agreed,
        "AU",
        policies={"email": FieldMap(target="contact.email", **policy)},
        source_changed_at=ours_at,
    )


def outcome(found: Decision) -> str:
    return "leave" if found.action == "nothing" else "ask" if found.reason == "conflict" else found.action


UNTOUCHED, TYPED, EMPTY = "old@able.example", "typed@able.example", ""


@pytest.mark.parametrize(
    ("policy", "untouched", "typed", "empty"),
    [
        ({}, "update", "ask", "update"),
        ({"mode": Mode.OVERWRITE}, "update", "update", "update"),
        ({"mode": Mode.ONLY_IF_EMPTY}, "leave", "leave", "update"),
        ({"mode": Mode.ONLY_IF_NEW}, "leave", "leave", "leave"),
        ({"direction": Direction.FROM_TARGET}, "leave", "leave", "leave"),
        ({"direction": Direction.NONE}, "leave", "leave", "leave"),
        ({"direction": Direction.BOTH}, "update", "ask", "update"),
        ({"conflict": Conflict.SOURCE}, "update", "update", "update"),
        ({"conflict": Conflict.TARGET}, "update", "leave", "update"),
        ({"conflict": Conflict.NEWEST}, "update", "update", "update"),
        (
            {"conflict": Conflict.NEWEST, "ours_at": datetime(2026, 10, 1, tzinfo=UTC)},
            "update",
            "leave",
            "update",
        ),
    ],
)
def test_a_change_in_ignition(policy: dict[str, Any], untouched: str, typed: str, empty: str) -> None:
    """Xero's value is what both agreed on, what somebody typed there, or nothing."""
    assert outcome(decide(UNTOUCHED, **policy)) == untouched
    assert outcome(decide(TYPED, **policy)) == typed
    assert outcome(decide(EMPTY, **policy)) == empty


@pytest.mark.parametrize(
    ("policy", "expected"),
    [({}, "leave"), ({"mode": Mode.OVERWRITE}, "update"), ({"conflict": Conflict.SOURCE}, "leave")],
)
def test_only_xero_changed(policy: dict[str, Any], expected: str) -> None:
    """What somebody typed in Xero stays, unless Ignition always overwrites."""
    assert outcome(decide(TYPED, ours="old@able.example", **policy)) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [({}, "ask"), ({"conflict": Conflict.SOURCE}, "update"), ({"conflict": Conflict.TARGET}, "leave")],
)
def test_a_pair_that_was_just_found(policy: dict[str, Any], expected: str) -> None:
    assert outcome(decide(TYPED, base={}, **policy)) == expected


def test_what_means_the_same_is_no_difference() -> None:
    assert outcome(decide("NEW@able.example", mode=Mode.OVERWRITE)) == "leave"


# Every field ------------------------------------------------------------------------------------------

FULL = Contact(
    external_id="x",
    name="Able",
    email="a@able.example",
    phone="+61 2 9000 0000",
    mobile="0400 000 000",
    addresses=(
        Address(kind="POBOX", lines=("PO Box 77", "", "Rear"), city="Perth", country="Australia"),
        Address(kind="STREET", lines=("1 Quay St",), city="Sydney"),
    ),
    others=(ContactPerson(first_name="Ana", email="ana@able.example"), ContactPerson(first_name="Ben")),
    sales_terms=Terms(days=14, type="DAYSAFTERBILLDATE"),
    bills_terms=Terms(days=7, type="DAYSAFTERBILLDATE"),
)
HELD = contact_values(FULL)


def change(values: dict[str, Any], base: dict[str, Any] | None = None, **policies: FieldMap) -> Decision:
    agreed = HELD if base is None else base
    mapped = Mapped(values={"name": "Able", **values})
    return contact_update(mapped, FULL, agreed, agreed, "AU", policies=policies)


def test_every_field_of_a_contact_is_compared() -> None:
    assert set(COMPARED) == {item.value for item in targets_for(About.CONTACT)} == set(HELD)


@pytest.mark.parametrize("name", [name for name in COMPARED if name != "name"])
def test_each_field_follows_its_policy(name: str) -> None:
    new = "new@able.example" if name.endswith("email") else "33"
    old = HELD[name]
    untouched, typed = {**HELD}, {**HELD, name: "old@able.example" if name.endswith("email") else "22"}
    assert outcome(change({name: new}, untouched)) == "update"
    expected = "ask" if old else "update"
    assert outcome(change({name: new}, typed)) == expected
    keeps = FieldMap(target=f"contact.{name}", mode=Mode.ONLY_IF_EMPTY)
    assert outcome(change({name: new}, typed, **{name: keeps})) == ("leave" if old else "update")
    always = FieldMap(target=f"contact.{name}", mode=Mode.OVERWRITE)
    assert outcome(change({name: new}, typed, **{name: always})) == "update"
    never = FieldMap(target=f"contact.{name}", direction=Direction.FROM_TARGET)
    assert outcome(change({name: new}, typed, **{name: never})) == "leave"


def test_the_rest_of_an_address_is_sent_along_but_not_agreed_on() -> None:
    found = change({"postal_city": "Fremantle"})
    assert found.values["postal_city"] == "Fremantle"
    assert found.before == {"postal_city": "Perth"}
    sent = render.element(Kind.CONTACT, found.values, "x")
    assert sent["Addresses"] == [
        {
            **dict.fromkeys(("AttentionTo", "AddressLine2", "AddressLine4", "Region", "PostalCode"), ""),
            "AddressType": "POBOX",
            "AddressLine1": "PO Box 77",
            "AddressLine3": "Rear",
            "City": "Fremantle",
            "Country": "Australia",
        }
    ]
    assert not {"Phones", "ContactPersons", "PaymentTerms"} & set(sent)


def test_where_one_part_of_an_address_is_asked_about_the_others_wait_with_it() -> None:
    base = {**HELD, "postal_city": "Geraldton"}
    values = {"postal_city": "Fremantle", "postal_line_1": "PO Box 1", "street_city": "Manly"}
    found = change(values, base)
    assert outcome(found) == "ask"
    assert "Postal address: line 1 and Postal address: city differ" in found.text
    split = contact_update(Mapped(values={"name": "Able", **values}), FULL, base, base, "AU", split=True)
    assert split.before == {"street_city": "Sydney"}


def test_three_fields_are_listed_with_commas() -> None:
    found = change({"email": "n@able.example", "fax": "1", "street_city": "Manly"}, {})
    assert found.text.startswith("E-mail and Street address: city differ")
    found = change({"email": "n@able.example", "mobile": "0411 111 111", "street_city": "Manly"}, {})
    assert found.text.startswith("E-mail, Mobile and Street address: city differ")


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        ("street_country", "AUSTRALIA", "Australia"),
        ("company_number", "83 914 571 673", "83914571673"),
        ("fax", "02 9000 0000", "+61 2 9000 0000"),
        ("other_email", "A@able.example", "a@able.example"),
        ("street_line_1", " 1  Quay St", "1 Quay St"),
    ],
)
def test_other_spellings_are_no_difference(name: str, ours: str, theirs: str) -> None:
    assert same(name, ours, theirs, "AU")


words = st.text(max_size=12)
some = st.dictionaries(st.sampled_from(COMPARED), words, max_size=8)


@settings(max_examples=150, deadline=None)
@given(values=some, base=some, there=some, split=st.booleans())
def test_any_contact_gives_the_same_decision_twice_and_can_be_sent(
    values: dict[str, str], base: dict[str, str], there: dict[str, str], split: bool
) -> None:
    mapped = Mapped(values={"name": "Able", **values})
    first, again = (
        contact_update(mapped, FULL, base, {**HELD, **there}, "AU", split=split) for _ in range(2)
    )
    assert first == again
    assert set(first.before) == set(first.values) - {"kept"}
    kept = with_kept(first.values, FULL).get("kept", {})
    assert set(kept) <= {part_of(name) for name in first.values} <= {*PARTS, ""}


def test_two_writes_on_one_contact_keep_what_both_touch() -> None:
    one, two = with_kept({"postal_city": "Fremantle"}, FULL), with_kept({"terms_days": "7"}, FULL)
    found = joined(one, two)
    assert set(found["kept"]) == {"postal", "terms"}
    assert (found["postal_city"], found["terms_days"]) == ("Fremantle", "7")
    assert joined({"name": "A"}, {"name": "B"}) == {"name": "B"}
