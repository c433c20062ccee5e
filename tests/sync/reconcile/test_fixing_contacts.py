"""Persons and the practice's own fields of a contact are taken over."""

import dataclasses

from mappings.fieldmaps import FieldMap
from mappings.services import load_choices, publish
from practices.models import User
from sync.models import Kind, Link, LinkMethod
from sync.reconcile import fixing
from tests.sync.conftest import Office
from tests.sync.reconcile.mending import approve_all, change_of, compared, is_gone, work_all


def written_contact(office: Office) -> Link:
    """A contact that this app made, with a person and an address."""
    for link in Link.objects.filter(kind=Kind.CONTACT, method=LinkMethod.WRITTEN).order_by("pk"):
        there = office.ledger.contacts[link.target_external_id]
        if there.get("EmailAddress") and there.get("FirstName") and there.get("LastName"):
            found: Link = link
            return found
    raise AssertionError("no such contact")


def test_a_person_is_taken_over(ruled: Office, staff: User, other: User) -> None:
    link = written_contact(ruled)
    there = ruled.ledger.contacts[link.target_external_id]
    before = (there["FirstName"], there["LastName"], there["EmailAddress"], there["Name"])
    ruled.world.clock.advance(60)
    ruled.ledger.post_contact(
        {"ContactID": link.target_external_id, "FirstName": "Zelda", "LastName": "Quill"}
    )
    row = compared(ruled, "contact_person", link.source_external_id)
    assert fixing.fix(ruled.practice, [row.pk], actor=staff).waiting == 1
    assert change_of(row).asked_for == ["first_name", "last_name"]
    assert fixing.fix(ruled.practice, [row.pk], actor=other).waiting == 1
    approve_all(ruled, other)
    work_all(ruled)
    there = ruled.ledger.contacts[link.target_external_id]
    assert (there["FirstName"], there["LastName"], there["EmailAddress"], there["Name"]) == before
    assert is_gone(ruled, row)


def test_own_fields_are_filled_and_an_address_keeps_its_other_lines(
    ruled: Office, staff: User, other: User
) -> None:
    link = written_contact(ruled)
    ruled.world.clock.advance(60)
    ruled.ledger.post_contact(
        {
            "ContactID": link.target_external_id,
            "Addresses": [{"AddressType": "STREET", "AddressLine1": "1 Quay St", "City": "Elsewhere"}],
        }
    )
    choices = load_choices(ruled.practice)[1]
    own = (FieldMap(target="contact.street_city", text="Perth"),)
    publish(ruled.practice, dataclasses.replace(choices, fields=own), actor=ruled.owner)
    row = compared(ruled, "contact_field", link.source_external_id)
    fixing.fix(ruled.practice, [row.pk], actor=staff)
    assert change_of(row).asked_for == ["street_city"]
    approve_all(ruled, other)
    work_all(ruled)
    there = ruled.ledger.contacts[link.target_external_id]
    street = next(item for item in there["Addresses"] if item["AddressType"] == "STREET")
    assert street["AddressLine1"] == "1 Quay St"
    assert street["City"] == "Perth"
    assert is_gone(ruled, row)
