"""What a contact of the target holds, in a mapping's words, and when two of its values say the same. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from connectors.records import Address, Contact, ContactPerson, Terms
from mappings import normalise

ADDRESSES = {"postal": "POBOX", "street": "STREET"}
NO_ADDRESS, NOBODY, NO_TERMS = Address(), ContactPerson(), Terms()
LINES = 4
PARTS = ("postal", "street", "other", "terms")
"""Beginnings of the values that the target replaces together: an address, a person, the terms."""
KEPT = "kept"
"""Under this name a write carries what the target has in such a part besides what is changed."""
_PHONES = frozenset({"phone", "direct_phone", "mobile", "fax"})
_EMAILS = frozenset({"email", "other_email"})
_NUMBERS = frozenset({"tax_number", "company_number"})
_EXACT = frozenset({"name", "email", "number"})
"""Values by which a contact is known: stored in another spelling they are worth a look."""
_ANY_CASE = frozenset({"postal_country", "street_country", "default_currency"})


def contact_values(target: Contact) -> dict[str, Any]:
    """Every value that a field map can fill, empty where the target has none."""
    by_kind = {item.kind: item for item in target.addresses}
    person = target.others[0] if target.others else NOBODY
    terms = target.sales_terms or NO_TERMS
    values = {
        "name": target.name,
        "email": target.email,
        "phone": target.phone or target.mobile,
        "direct_phone": target.direct_phone,
        "mobile": target.mobile,
        "fax": target.fax,
        "first_name": target.first_name,
        "last_name": target.last_name,
        "account_number": target.account_number,
        "company_number": target.company_number,
        "tax_number": target.tax_number,
        "other_first_name": person.first_name,
        "other_last_name": person.last_name,
        "other_email": person.email,
        "terms_days": "" if terms.days is None else str(terms.days),
        "terms_type": terms.type,
        "sales_account_code": target.sales_account_code,
        "default_currency": target.default_currency,
    }
    for start, kind in ADDRESSES.items():
        for part, value in _address(by_kind.get(kind, NO_ADDRESS)).items():
            values[f"{start}_{part}"] = value
    return values


def _address(address: Address) -> dict[str, str]:
    lines = (*address.lines, *("",) * LINES)[:LINES]
    return {
        "attention": address.attention,
        **{f"line_{number}": line for number, line in enumerate(lines, 1)},
        "city": address.city,
        "region": address.region,
        "postcode": address.postal_code,
        "country": address.country,
    }


def part_of(name: str) -> str:
    """The part that a value belongs to and that is replaced with it; empty for one that stands by itself."""
    start = name.partition("_")[0]
    return start if start in PARTS else ""


def with_kept(values: Mapping[str, Any], target: Contact) -> dict[str, Any]:
    """The values of a write with what the target holds in the parts that it touches."""
    touched = {part_of(name) for name in values} - {""}
    kept = {part: found for part in PARTS if part in touched and (found := _kept(part, target))}
    return {**values, KEPT: kept} if kept else dict(values)


def joined(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Two writes on one contact as one; where both say something, the second counts."""
    kept = {**first.get(KEPT, {}), **second.get(KEPT, {})}
    return {**first, **second, KEPT: kept} if kept else {**first, **second}


def _kept(part: str, target: Contact) -> Any:
    if part in ADDRESSES:
        found = next((item for item in target.addresses if item.kind == ADDRESSES[part]), None)
        return _address(found) if found else {}
    if part == "other":
        return [asdict(person) for person in target.others]
    both = {"sales": target.sales_terms, "bills": target.bills_terms}
    return {
        side: {"days": str(terms.days), "type": terms.type}
        for side, terms in both.items()
        if terms is not None and terms.days is not None
    }


def arrived_fields(sent: Mapping[str, Any], there: Mapping[str, Any], country: str) -> dict[str, Any]:
    """What of an update without an answer the target's contact shows."""
    return {
        name: value
        for name, value in sent.items()
        if name in there and same(name, value, there[name], country)
    }


def stored_otherwise(values: Mapping[str, Any], target: Contact) -> Iterable[tuple[str, str, str]]:
    """(name, sent, stored) of what the target stored differently; what it left out of its answer proves nothing."""
    there = {**contact_values(target), "number": target.number, "phone": target.phone}
    for name, sent in values.items():
        stored = there.get(name, "")
        if sent and stored and (sent != stored if name in _EXACT else not same(name, sent, stored, "")):
            yield name, sent, stored


def same(name: str, ours: str, theirs: str, country: str) -> bool:
    """Whether two values of a contact field mean the same to an accountant."""
    if ours == theirs:
        return True
    if name == "name":
        return normalise.name_key(ours) == normalise.name_key(theirs)
    if name in _EMAILS:
        return normalise.email_key(ours) == normalise.email_key(theirs)
    if name in _PHONES:
        return normalise.phone_key(ours, country) == normalise.phone_key(theirs, country)
    if name in _NUMBERS:
        return _plain(ours) == _plain(theirs)
    ours, theirs = normalise.tidy(ours), normalise.tidy(theirs)
    return ours.casefold() == theirs.casefold() if name in _ANY_CASE else ours == theirs


def _plain(number: str) -> str:
    """A business number without the spaces and dashes that people write into it."""
    return "".join(char for char in number if char.isalnum()).casefold()
