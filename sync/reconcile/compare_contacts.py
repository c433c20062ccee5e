"""Every difference between linked clients and contacts, and those that are probably there twice. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from connectors.records import Contact
from mappings.business import tax_number
from mappings.normalise import company_form, core_name, email_key, name_key, phone_key, tidy
from mappings.refusals import Refused
from sync.contact_values import contact_values
from sync.identity.twins import twins
from sync.linking import survivor
from sync.reconcile.books import Books, Difference
from sync.reconcile.compare_billing import compare_billing
from sync.reconcile.documents import Unit
from sync.reconcile.telling import Found, about_client, quoted

DEAD_CLIENTS = frozenset({"archived", "deleted", "lost"})
TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "dame", "hon", "rev"})
CODE = re.compile(r"[(\[]\s*[A-Za-z]{0,6}[-_ /]?\d{2,}\s*[)\]]|\s[-\u2013]\s*[A-Z]{0,6}[-_/]?\d{2,}$")
"""A practice's own code that stands in a name: in brackets, or at its end behind a dash."""
DEAD_CONTACTS = frozenset({"ARCHIVED", "GDPRREQUEST"})


def compare_contacts(books: Books, units: list[Unit]) -> Iterator[Difference]:
    if "contact" not in books.read:
        return
    for client_id, contact_id in books.contact_links.items():
        client, contact = books.clients.get(client_id), books.contacts.get(contact_id)
        if client is None:
            continue
        for kind, text in _linked(books, client, contact):
            yield about_client(books, client_id, kind, text, contact_id=contact_id)
    yield from contact_archived(books)
    yield from compare_billing(books, units)
    yield from contact_shared(books)
    alive = [item for item in books.clients.values() if item.status not in DEAD_CLIENTS]
    doubles = list(contact_twice(books, "contact_twice_in_ignition", alive))
    yield from doubles
    yield from contact_email_shared(alive, {key for item in doubles for key in item.source_ids})
    there = [
        item
        for item in books.contacts.values()
        if item.status.upper() not in DEAD_CONTACTS and not item.merged_into
    ]
    yield from contact_twice(books, "contact_twice_in_xero", there)


def _linked(books: Books, client: Contact, contact: Contact | None) -> Iterator[tuple[str, str]]:
    if contact is None:
        yield "contact_gone", "The linked contact is no longer in Xero's list."
        return
    if contact.merged_into:
        left = books.contacts.get(contact.merged_into)
        yield "contact_merged", f"It was merged into “{left.name if left else contact.merged_into}”."
        return
    if contact.status.upper() in DEAD_CONTACTS:
        if client.status not in DEAD_CLIENTS:
            yield "contact_archived", f"“{contact.name}” is archived in Xero."
        return
    stored = books.contacts.get(client.linked.get("xero", ""))
    if (
        stored is not None
        and survivor(books.contacts, stored.external_id) == contact.external_id != stored.external_id
    ):
        yield "contact_merged", f"Ignition points to “{stored.name}”, which was merged into “{contact.name}”."
        return
    for rule in _RULES:
        found = rule(books, client, contact)
        if found is not None:
            yield found


def contact_archived(books: Books) -> Iterator[Difference]:
    """Clients that could not be linked, as the contact that Ignition itself names is archived."""
    for client_id, client in books.clients.items():
        if client_id in books.contact_links or client.status in DEAD_CLIENTS:
            continue
        contact = books.contacts.get(client.linked.get("xero", ""))
        if contact is None or contact.merged_into or contact.status.upper() not in DEAD_CONTACTS:
            continue
        text = f"“{contact.name}” is archived in Xero, and Ignition puts the client's invoices on it."
        yield about_client(books, client_id, "contact_archived", text, contact_id=contact.external_id)


def contact_name(books: Books, client: Contact, contact: Contact) -> Found:
    """A real other name, another spelling, or one name written in two forms."""
    name = books.names.get(client.external_id) or client.name
    if tidy(name) == tidy(contact.name):
        return None
    kind = "contact_name"
    if name_key(name) == name_key(contact.name):
        kind = "contact_name_form" if _turned(name) != _turned(contact.name) else "contact_spelling"
    elif _is_other_form(name, contact.name):
        kind = "contact_name_form"
    return kind, f"Ignition: “{name}”. Xero: “{contact.name}”."


def _is_other_form(one: str, other: str) -> bool:
    """Whether two names differ in what stands around them alone, such as a practice's own code."""
    if core_name(one) == core_name(other) and company_form(one) == company_form(other):
        return True
    return name_key(CODE.sub(" ", one)) == name_key(CODE.sub(" ", other))


def _turned(name: str) -> bool:
    return name.count(",") == 1


def contact_two_links(books: Books, client: Contact, contact: Contact) -> Found:
    """Ignition itself stores another contact, which is alive as well."""
    stored = client.linked.get("xero", "")
    other = books.contacts.get(stored)
    if not stored or stored == contact.external_id or other is None:
        return None
    if contact.external_id == other.merged_into or other.status.upper() in DEAD_CONTACTS:
        return None
    return "contact_two_links", f"Linked to “{contact.name}” here and to “{other.name}” in Ignition."


def contact_person(books: Books, client: Contact, contact: Contact) -> Found:
    person = books.people.get(client.external_id)
    there = tidy(f"{contact.first_name} {contact.last_name}")
    if "person" not in books.read or person is None or not person.name or not there:
        return None
    one, other = _name_words(person.name), _name_words(there)
    if not one or not other or one <= other or other <= one:
        return None  # a middle name or a title that one side leaves out makes nobody else
    return "contact_person", f"Ignition: {person.name}. Xero: {there}."


def _name_words(name: str) -> frozenset[str]:
    return frozenset(name_key(name).split()) - TITLES


def contact_field(books: Books, client: Contact, contact: Contact) -> Found:
    """Fields that the practice's own mapping fills."""
    wanted = books.wanted.get(client.external_id, {})
    held = contact_values(contact) if wanted else {}
    off = [
        (name, value, str(there or ""))
        for name, value in wanted.items()
        if isinstance(there := held.get(name), str) and _plain(there) != _plain(value)
    ]
    if not off:
        return None
    name, here, there = off[0]
    more = f" And {len(off) - 1} more." if len(off) > 1 else ""
    label = name.replace("_", " ").capitalize()
    return (
        "contact_field",
        f"{label}: “{here}” by the mapping, {f'“{there}”' if there else 'empty'} in Xero.{more}",
    )


def _plain(value: str) -> str:
    return "".join(sign for sign in value if sign.isalnum()).casefold()


def contact_tax_number(books: Books, client: Contact, contact: Contact) -> Found:
    if not contact.tax_number.strip():
        return None
    try:
        tax_number(contact.tax_number, books.chosen.country)
    except Refused as error:
        return "contact_tax_number", str(error)
    return None


def contact_email(books: Books, client: Contact, contact: Contact) -> Found:
    known = books.emails.get(client.external_id, frozenset()) | (
        {email_key(client.email)} if client.email else set()
    )
    if not known or email_key(contact.email) in known:
        return None
    return "contact_email", f"Ignition: {', '.join(sorted(known))}. Xero: {contact.email or 'empty'}."


def contact_phone(books: Books, client: Contact, contact: Contact) -> Found:
    country = books.chosen.country
    known = books.phones.get(client.external_id, frozenset()) | _phones(
        (client.phone, client.mobile), country
    )
    there = _phones((contact.phone, contact.mobile, contact.direct_phone), country)
    if not known or not there or {item[-8:] for item in known} & {item[-8:] for item in there}:
        return None  # a prefix that somebody wrote in another way makes no other number
    return "contact_phone", f"Ignition: {', '.join(sorted(known))}. Xero: {', '.join(sorted(there))}."


def contact_shared(books: Books) -> Iterator[Difference]:
    """Contacts that several clients are linked to."""
    by_contact: dict[str, list[str]] = defaultdict(list)
    for client_id, contact_id in books.contact_links.items():
        if client_id in books.clients:
            by_contact[contact_id].append(client_id)
    for contact_id, clients in by_contact.items():
        if len(clients) > 1:
            names = sorted(books.client_name(item) for item in clients)
            text = f"{len(clients)} clients are linked to it: {quoted(names)}."
            yield Difference(
                kind="contact_shared",
                key=f"x:{contact_id}",
                text=text,
                source_ids=tuple(sorted(clients)),
                target_ids=(contact_id,),
                client=names[0],
                client_external_id=min(clients),
            )


def contact_email_shared(clients: Iterable[Contact], doubles: set[str]) -> Iterator[Difference]:
    """Addresses of several clients that are not the same party twice."""
    by_email: dict[str, list[Contact]] = defaultdict(list)
    for client in clients:
        if client.email:
            by_email[email_key(client.email)].append(client)
    for email, found in by_email.items():
        if len(found) > 1 and not all(item.external_id in doubles for item in found):
            names = sorted(item.name for item in found)
            yield Difference(
                kind="contact_email_shared",
                key=email[:400],
                text=f"{email} is the address of {quoted(names)}.",
                source_ids=tuple(sorted(item.external_id for item in found)),
                client=names[0],
            )


def contact_twice(books: Books, kind: str, contacts: Iterable[Contact]) -> Iterator[Difference]:
    """Records of one side that are probably one party, unless a person said that they are not."""
    by_id = {item.external_id: item for item in contacts}
    source = kind == "contact_twice_in_ignition"
    for group in twins(by_id.values(), country=books.chosen.country, apart=books.apart):
        names = sorted({by_id[key].name for key in group.ids})
        why = f" {'. '.join(group.reasons[:3])}." if group.reasons else ""
        said = _to_be_merged(books, group.ids)
        yield Difference(
            kind="contact_to_merge" if said else kind,
            key="+".join(group.ids)[:400],
            text=f"{len(group.ids)} records: {quoted(names)}.{f' {said}' if said else why}",
            source_ids=group.ids if source else (),
            target_ids=() if source else group.ids,
            client=names[0],
        )


def _to_be_merged(books: Books, ids: Iterable[str]) -> str:
    """What a person said about all of them, where pair by pair they hang together; empty when one is left over."""
    first, *rest = ids
    reached, said = {first}, ""
    for _ in rest:
        for (left, right), text in books.merging.items():
            if (left in reached) != (right in reached):
                reached |= {left, right}
                said = text
    return said if reached >= {first, *rest} else ""


_RULES = (
    contact_name,
    contact_email,
    contact_phone,
    contact_two_links,
    contact_tax_number,
    contact_person,
    contact_field,
)


def _phones(numbers: Iterable[str], country: str) -> frozenset[str]:
    return frozenset(phone_key(item, country) for item in numbers if item) - {""}
