"""Every difference between linked clients and contacts, and those that are probably there twice. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from connectors.records import Contact
from mappings.normalise import core_name, email_key, name_key, phone_key, tidy
from sync.reconcile.books import Books, Difference

DEAD_CLIENTS = frozenset({"archived", "deleted", "lost"})


def compare_contacts(books: Books) -> Iterator[Difference]:
    if "contact" not in books.read:
        return
    for client_id, contact_id in books.contact_links.items():
        client, contact = books.clients.get(client_id), books.contacts.get(contact_id)
        if client is None:
            continue
        found = _linked(books, client, contact)
        for kind, text in found:
            yield Difference(
                kind=kind,
                key=client_id,
                text=text,
                source_ids=(client_id,),
                target_ids=(contact_id,),
                client=client.name,
            )
    yield from contact_shared(books)
    alive = [item for item in books.clients.values() if item.status not in DEAD_CLIENTS]
    yield from contact_twice("contact_twice_in_ignition", alive, source=True)
    there = [
        item for item in books.contacts.values() if item.status.upper() != "ARCHIVED" and not item.merged_into
    ]
    yield from contact_twice("contact_twice_in_xero", there, source=False)


def _linked(books: Books, client: Contact, contact: Contact | None) -> Iterator[tuple[str, str]]:
    if contact is None:
        yield "contact_gone", "The linked contact is no longer in Xero's list."
        return
    if contact.merged_into:
        survivor = books.contacts.get(contact.merged_into)
        yield "contact_merged", f"It was merged into “{survivor.name if survivor else contact.merged_into}”."
        return
    if contact.status.upper() in {"ARCHIVED", "GDPRREQUEST"}:
        yield "contact_archived", f"“{contact.name}” is archived in Xero."
        return
    for rule in (contact_name, contact_email, contact_phone):
        found = rule(books, client, contact)
        if found is not None:
            yield found


def contact_name(books: Books, client: Contact, contact: Contact) -> tuple[str, str] | None:
    name = books.names.get(client.external_id) or client.name
    if tidy(name) == tidy(contact.name):
        return None
    kind = "contact_spelling" if name_key(name) == name_key(contact.name) else "contact_name"
    return kind, f"Ignition: “{name}”. Xero: “{contact.name}”."


def contact_email(books: Books, client: Contact, contact: Contact) -> tuple[str, str] | None:
    known = books.emails.get(client.external_id, frozenset()) | (
        {email_key(client.email)} if client.email else set()
    )
    if not known or email_key(contact.email) in known:
        return None
    return "contact_email", f"Ignition: {', '.join(sorted(known))}. Xero: {contact.email or 'empty'}."


def contact_phone(books: Books, client: Contact, contact: Contact) -> tuple[str, str] | None:
    country = books.chosen.country
    known = books.phones.get(client.external_id, frozenset()) | _phones(
        (client.phone, client.mobile), country
    )
    there = _phones((contact.phone, contact.mobile), country)
    if not known or not there or known & there:
        return None
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
            yield Difference(
                kind="contact_shared",
                key=f"x:{contact_id}",
                text=f"{len(clients)} clients are linked to it: {', '.join(names[:5])}.",
                source_ids=tuple(sorted(clients)),
                target_ids=(contact_id,),
                client=names[0],
            )


def contact_twice(kind: str, contacts: Iterable[Contact], *, source: bool) -> Iterator[Difference]:
    """Records of one side that share their tax number, or their e-mail and name."""
    groups: dict[tuple[str, str], list[Contact]] = defaultdict(list)
    for item in contacts:
        number = "".join(sign for sign in item.tax_number if sign.isalnum()).casefold()
        if number:
            groups["number", number].append(item)
        if item.email and item.name:
            groups["name", f"{email_key(item.email)} {core_name(item.name)}"].append(item)
    seen: set[tuple[str, ...]] = set()
    for (why, _), found in groups.items():
        ids = tuple(sorted({item.external_id for item in found}))
        if len(ids) < 2 or ids in seen:
            continue
        seen.add(ids)
        shared = "tax number" if why == "number" else "e-mail and name"
        names = sorted({item.name for item in found})
        yield Difference(
            kind=kind,
            key="+".join(ids)[:400],
            text=f"{len(ids)} records share their {shared}: {', '.join(names[:5])}.",
            source_ids=ids if source else (),
            target_ids=() if source else ids,
            client=names[0],
        )


def _phones(numbers: Iterable[str], country: str) -> frozenset[str]:
    return frozenset(phone_key(item, country) for item in numbers if item) - {""}
