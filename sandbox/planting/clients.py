"""Group I: clients and contacts that differ, are linked wrongly, or are there twice."""

from __future__ import annotations

from datetime import timedelta

from sandbox.planting.engaging import engage, new_client
from sandbox.planting.ground import Ground, Party
from sandbox.planting.planted import Planted
from sandbox.planting.telling import about_client, about_document
from sandbox.planting.writing import new_invoice, push
from sandbox.seed import words
from sandbox.seed.names import web_word
from sandbox.xero.payload import Row

DIALLING = {"AU": "61", "NZ": "64", "UK": "44"}


def without_contact(ground: Ground, number: int) -> Planted:
    """I01: a new client that is billed from next month on, and nobody made a contact."""
    client = _stranger(ground, number, "Joinery")
    proposal = engage(ground, client, start=ground.today + timedelta(days=12))
    return Planted(
        ref="I01",
        code="contact_unlinked",
        note=f"Billed from {proposal['proposal_start_date']} on; there is no contact in Xero.",
        ignition_ids=(client["slug"], proposal["slug"]),
        client=client["slug"],
        client_name=client["name"],
        currency=ground.practice.currency,
    )


def billed_but_not_linked(ground: Ground, number: int) -> Planted:
    """I03: a new client whose first invoice the link put on the contact of another one."""
    host = ground.party()
    client = _stranger(ground, number, "Tours")
    proposal = engage(ground, client, start=ground.day(70), cadence="yearly")
    ended = {"slug": proposal["slug"], "state": "completed", "proposal_end_date": ground.day(2).isoformat()}
    party = Party(client, host.contact, [], [ground.practice.upsert("proposals", ended)])
    item = push(ground, party, new_invoice(ground, party, ground.day(30)))
    return about_document(
        "I03", "contact_not_linked", party, item,
        "The client has no contact; its invoice is on the contact of another client.",
        ignition=(party.slug, host.slug), xero=(host.key,),
    )  # fmt: skip


def two_clients_on_one_contact(ground: Ground, number: int) -> Planted:
    """I06: a second client was mapped to the contact of the first."""
    party = ground.party()
    second = new_client(
        ground,
        _name(ground, number, "Pastoral"),
        f"farm{number}@{_domain(ground, number)}",
        xero_contact_id=party.key,
    )
    return about_client(
        ground, "I06", "contact_shared", party, f"{second['name']} is linked to the same contact.",
        ignition=(second["slug"],), also=("I10", "I13", "I15", "I23"),
    )  # fmt: skip


def linked_to_another(ground: Ground, number: int) -> Planted:
    """I05: somebody mapped the client to a second contact in Ignition; its invoices stay on the first."""
    party = ground.party()
    other = ground.ledger.put_contact({"Name": _name(ground, number, "Fitness")})
    ground.practice.upsert("clients", {"slug": party.slug, "xero_contact_id": other["ContactID"]})
    return about_client(
        ground, "I05", "contact_two_links", party, f"Ignition now links the client to {other['Name']}.",
        xero=(other["ContactID"],), also=("V12",),
    )  # fmt: skip


def twice(ground: Ground, number: int) -> Planted:
    """I07: the same client was entered a second time, in Ignition and in Xero by turns."""
    party = ground.party(lambda party: bool(party.contact.get("TaxNumber")), wanted="a tax number")
    if number % 2:
        copy = new_client(
            ground, party.name.upper(), party.client["email"], phone=party.client["phone"], state="lead"
        )
        return about_client(
            ground, "I07", "contact_twice_in_ignition", party, "The client is in Ignition a second time.",
            ignition=(copy["slug"],), also=("I14",),
        )  # fmt: skip
    again = ground.ledger.put_contact(
        {
            "Name": f"{party.name} - Accounts",
            "EmailAddress": party.contact["EmailAddress"],
            "TaxNumber": party.contact["TaxNumber"],
        }
    )
    return about_client(
        ground, "I07", "contact_twice_in_xero", party, "The client is in Xero a second time.",
        xero=(again["ContactID"],), also=("I14",),
    )  # fmt: skip


def archived_contact(ground: Ground, number: int) -> Planted:
    party = ground.party(lambda party: party.running is not None, wanted="an engagement")
    ground.ledger.archive_contact(party.key)
    return about_client(
        ground, "I08", "contact_archived", party, "The linked contact was archived in Xero; Ignition goes on billing.",
        also=("I21",),
    )  # fmt: skip


def merged_contact(ground: Ground, number: int) -> Planted:
    """I09: somebody merged the linked contact into another one, and archived that one later on."""
    party = ground.party()
    kept = ground.ledger.put_contact({"Name": _name(ground, number, "Stonework")})
    ground.ledger.merge_contact(party.key, kept["ContactID"])
    ground.ledger.archive_contact(kept["ContactID"])
    return about_client(
        ground, "I09", "contact_merged", party, f"The linked contact was merged into {kept['Name']}, now archived.",
        xero=(kept["ContactID"],), also=("I08", "I21"),
    )  # fmt: skip


def renamed(ground: Ground, number: int) -> Planted:
    party = ground.party()
    before = party.name
    ground.ledger.post_contact({"ContactID": party.key, "Name": _name(ground, number, "Wholesale")})
    return about_client(
        ground, "I10", "contact_name", party, f"Renamed in Xero; Ignition still says {before}.",
    )  # fmt: skip


def spelled_otherwise(ground: Ground, number: int) -> Planted:
    party = ground.party(lambda party: party.name.upper() != party.name)
    ground.ledger.post_contact({"ContactID": party.key, "Name": party.name.upper()})
    return about_client(ground, "I11", "contact_spelling", party, "In Xero the name is in capitals.")


def last_name_first(ground: Ground, number: int) -> Planted:
    party = ground.party(_is_person, wanted="a person's name")
    first, _, last = party.name.rpartition(" ")
    ground.ledger.post_contact({"ContactID": party.key, "Name": f"{last}, {first}"})
    return about_client(ground, "I12", "contact_name_order", party, "In Xero the last name stands first.")


def other_email(ground: Ground, number: int) -> Planted:
    party = ground.party()
    address = f"old{number}@{web_word(party.name)[:20]}.invalid.example"
    ground.ledger.post_contact({"ContactID": party.key, "EmailAddress": address})
    return about_client(ground, "I13", "contact_email", party, f"In Xero the e-mail is {address}.")


def shared_email(ground: Ground, number: int) -> Planted:
    """I14: two clients with one mailbox, in both systems."""
    party = ground.party()
    other = ground.party()
    address = party.client["email"]
    ground.practice.upsert("clients", {"slug": other.slug, "email": address})
    for person in other.people:
        if person["is_primary"]:
            ground.practice.upsert("contacts", {"slug": person["slug"], "email": address})
    ground.ledger.post_contact({"ContactID": other.key, "EmailAddress": address})
    return about_client(
        ground, "I14", "contact_email_shared", party, f"{other.name} has the same e-mail in both systems.",
        ignition=(other.slug,), xero=(other.key,),
    )  # fmt: skip


def other_phone(ground: Ground, number: int) -> Planted:
    party = ground.party(
        lambda party: bool(party.people and party.people[0]["phone"]), wanted="a phone number"
    )
    code = DIALLING[ground.practice.country]
    line = {"PhoneCountryCode": code, "PhoneAreaCode": "2", "PhoneNumber": f"5550 99{number % 100:02d}"}
    none = {"PhoneType": "MOBILE", "PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""}
    ground.ledger.post_contact({"ContactID": party.key, "Phones": [{"PhoneType": "DEFAULT", **line}, none]})
    return about_client(
        ground, "I15", "contact_phone", party, "In Xero the only phone number is another one."
    )


def bad_tax_number(ground: Ground, number: int) -> Planted:
    party = ground.party(lambda party: bool(party.contact.get("TaxNumber")), wanted="a tax number")
    digits = str(party.contact["TaxNumber"])
    # One digit off: no check digit survives that.
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    ground.ledger.post_contact({"ContactID": party.key, "TaxNumber": wrong})
    return about_client(ground, "I16", "contact_tax_number", party, "The tax number in Xero does not add up.")


def archived_client(ground: Ground, number: int) -> Planted:
    """I21: archived in Ignition, with money open in Xero."""
    party = ground.party(
        lambda party: any(item.is_open for item in party.documents), wanted="an unpaid invoice"
    )
    ground.practice.upsert("clients", {"slug": party.slug, "state": "archived"})
    return about_client(
        ground,
        "I21",
        "contact_archived_client",
        party,
        "Archived in Ignition; Xero still has open invoices for it.",
    )


def other_person(ground: Ground, number: int) -> Planted:
    party = ground.party(lambda party: not _is_person(party), wanted="a company's name")
    names = {"FirstName": "Bertram", "LastName": f"Ashgrove{'' if number == 0 else number}"}
    ground.ledger.post_contact({"ContactID": party.key, **names})
    return about_client(
        ground, "I23", "contact_person", party, "In Xero the main person is Bertram Ashgrove."
    )


def both_changed(ground: Ground, number: int) -> Planted:
    """S04: the e-mail was changed on both sides, to different addresses."""
    party = ground.party(lambda party: bool(party.people))
    stem = web_word(party.name)[:20]
    ground.practice.upsert("clients", {"slug": party.slug, "email": f"new{number}@{stem}.one.example"})
    ground.practice.upsert(
        "contacts", {"slug": party.people[0]["slug"], "email": f"new{number}@{stem}.one.example"}
    )
    ground.ledger.post_contact({"ContactID": party.key, "EmailAddress": f"new{number}@{stem}.two.example"})
    return about_client(
        ground, "S04", "contact_conflict", party, "The e-mail was changed in Ignition and, otherwise, in Xero.",
        also=("I13",),
    )  # fmt: skip


def _stranger(ground: Ground, number: int, trade: str) -> Row:
    return new_client(ground, _name(ground, number, trade), f"hello{number}@{_domain(ground, number)}")


def _name(ground: Ground, number: int, trade: str) -> str:
    """A name that nobody in either system has, or nearly has."""
    taken = {row["name"].casefold() for row in ground.practice.clients} | set(ground.ledger.contact_by_name)
    while True:
        first, second = ground.draw.pick(words.LAST_NAMES), ground.draw.pick(words.NZ_PLACES)
        made = f"{second} {first} {trade} Collective"
        if made.casefold() not in taken:
            return made


def _domain(ground: Ground, number: int) -> str:
    return f"d{ground.draw.digits(7)}-{number}.example"


def _is_person(party: Party) -> bool:
    first, last = party.contact["FirstName"], party.contact["LastName"]
    return bool(first and last) and party.name.startswith(first) and party.name.endswith(last)
