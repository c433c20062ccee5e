"""Recognising the same client, document or payment on both sides. Pure, deterministic, explainable.

For clients the order is: an id the source itself stores, our own number in the target, the client's code equal to
the contact number, one e-mail address with similar names and no competitor, one exact name with a second signal, and
then the evidence of all fields together (``sync.identity``), where two independent things agree and nobody else comes
near. Everything short of that goes to a person with the reasons for and against. A shared e-mail address or a name
alone never links, different legal forms ("Pty Ltd" against "Trust") are different parties, and two that a person told
apart stay apart.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from connectors.records import Contact
from mappings import normalise
from sync.identity.candidates import signals, similarity, undecided
from sync.identity.directory import Candidate, Directory, Match, Party, is_active, survivor
from sync.identity.evidence import vetoes
from sync.identity.likeness import compare_names, is_no_branch
from sync.identity.resolve import Resolved, resolve
from sync.identity.traits import Traits

__all__ = [
    "Candidate",
    "Directory",
    "Match",
    "Party",
    "days_apart",
    "is_active",
    "match_contacts",
    "similarity",
    "survivor",
]

SIMILAR_NAME = 0.85
"""Names at least this alike count as similar beside an equal e-mail address."""


def match_contacts(parties: Sequence[Party], directory: Directory) -> dict[str, Match]:
    """A match for every party, by external id."""
    emails = Counter(email for party in parties for email in party.emails)
    names = Counter(normalise.name_key(party.contact.name) for party in parties)
    numbers = Counter(party.contact.number.casefold() for party in parties if party.contact.number)
    traits = {party.contact.external_id: directory.traits_of_party(party) for party in parties}
    out: dict[str, Match] = {}
    rest = []
    for party in parties:
        match = (
            _by_id(party, directory, numbers)
            or _by_email(party, directory, emails, traits)
            or _by_name(party, directory, names, traits)
        )
        if match is None:
            rest.append(party)
        else:
            out[party.contact.external_id] = match
    taken = directory.claimed | {match.external_id for match in out.values() if match.external_id}
    resolved = _by_evidence(rest, parties, directory, traits, taken)
    for party in rest:
        external_id = party.contact.external_id
        pair = resolved.found.get(external_id)
        if pair is not None:
            out[external_id] = Match(
                external_id=pair.right,
                method="name_signal",
                confidence=pair.evidence.confidence,
                reasons=pair.evidence.reasons,
            )
        else:
            out[external_id] = undecided(
                party,
                directory,
                names=names,
                near=resolved.near.get(external_id, ()),
                refused=resolved.refused.get(external_id, ""),
            )
    return out


def _by_evidence(
    rest: Sequence[Party],
    parties: Sequence[Party],
    directory: Directory,
    traits: Mapping[str, Traits],
    taken: frozenset[str],
) -> Resolved:
    """All fields together, for those that no single rule recognised."""
    if not rest:
        return Resolved({}, {}, {})
    waiting = {party.contact.external_id for party in rest}
    ids = [external_id for external_id, contact in directory.contacts.items() if is_active(contact)]
    return resolve(
        [traits[external_id] for external_id in traits if external_id in waiting],
        [directory.traits(external_id) for external_id in ids],
        free=frozenset(ids) - taken,
        apart=directory.apart,
        alone=[
            traits[party.contact.external_id] for party in parties if party.contact.external_id not in waiting
        ],
    )


def _by_id(party: Party, directory: Directory, numbers: Counter[str]) -> Match | None:
    """By an id or number that one of the systems stores for the other; a stored id that fails goes to a person."""
    client = party.contact
    stored = client.linked.get("xero", "")
    if stored:
        found = survivor(directory.contacts, stored)
        told_apart = not (directory.may_be(party, stored) and directory.may_be(party, found))
        if found and is_active(directory.contacts[found]) and not told_apart:
            reason = "Ignition stores this contact's id"
            if found != stored:
                reason += "; it was merged in Xero and the surviving contact is used"
            return Match(external_id=found, method="stored", confidence=1.0, reasons=(reason,))
        note = (
            "is archived in Xero" if stored in directory.contacts else "does not exist in this organisation"
        )
        if told_apart:
            note = "is another party, as a person decided"
        return undecided(party, directory, note=f"The contact that Ignition stores {note}.", extra=stored)
    own = directory.active(directory.by_number.get(party.own_number.casefold(), []))
    if len(own) == 1 and not directory.may_be(party, own[0]):
        note = "The contact that carries this app's number is another party, as a person decided."
        return undecided(party, directory, note=note)
    if len(own) == 1:
        return Match(
            external_id=own[0], method="written", confidence=1.0, reasons=("Carries this app's number",)
        )
    if client.number and numbers[client.number.casefold()] == 1:
        coded = directory.active(directory.by_number.get(client.number.casefold(), []))
        if len(coded) == 1 and coded[0] not in directory.claimed and directory.may_be(party, coded[0]):
            return Match(
                external_id=coded[0],
                method="number",
                confidence=0.99,
                reasons=(f"The client code {client.number} is the contact number in Xero",),
            )
    return None


def _by_email(
    party: Party, directory: Directory, emails: Counter[str], traits: Mapping[str, Traits]
) -> Match | None:
    hits = set()
    for email in party.emails:
        there = directory.active(directory.by_email.get(email, []))
        if len(there) == 1 and emails[email] == 1:
            hits.add(there[0])
    if len(hits) != 1:
        return None
    found = directory.contacts[hits.pop()]
    alike = similarity(party.contact.name, found.name)
    if (
        found.external_id in directory.claimed
        or alike < SIMILAR_NAME
        or not _compatible(party, found, directory, traits)
    ):
        return None
    return Match(
        external_id=found.external_id,
        method="email_name",
        confidence=round(0.9 + alike / 10, 3),
        reasons=(f"Same e-mail address {found.email}, used once on each side", f"Names alike ({alike:.2f})"),
    )


def _compatible(party: Party, found: Contact, directory: Directory, traits: Mapping[str, Traits]) -> bool:
    """Whether nothing rules the pair out: legal forms, tax numbers, first names, other words, or a person's word."""
    if not directory.may_be(party, found.external_id):
        return False
    left, right = traits[party.contact.external_id], directory.traits(found.external_id)
    return not vetoes(left, right) and is_no_branch(compare_names(left, right, directory.plain_rarity))


def _by_name(
    party: Party, directory: Directory, names: Counter[str], traits: Mapping[str, Traits]
) -> Match | None:
    key = normalise.name_key(party.contact.name)
    there = directory.by_name.get(key, [])
    if names[key] != 1 or len(there) != 1:
        return None
    found = directory.contacts[there[0]]
    if not is_active(found) or found.external_id in directory.claimed:
        return None
    if not _compatible(party, found, directory, traits):
        return None
    agreeing = signals(party, found, directory)
    if not agreeing:
        return None
    return Match(
        external_id=found.external_id,
        method="name_signal",
        confidence=0.97,
        reasons=("Same name, used once on each side", *agreeing),
    )


def days_apart(left: date | None, right: date | None) -> int:
    """Days between two dates; very far when one is missing."""
    return abs((left - right).days) if left and right else 10_000
