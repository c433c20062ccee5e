"""The two sides of recognising clients: parties with what is known of them, contacts indexed once. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connectors.records import Contact
from mappings import normalise
from sync.identity.likeness import Rarity
from sync.identity.traits import Traits, traits_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A client with what is known about it beyond its own record."""

    contact: Contact
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()
    own_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    external_id: str
    name: str
    email: str
    score: float
    reasons: tuple[str, ...]
    against: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Recognised (``external_id`` set), to be decided by a person (``candidates``), or new (neither)."""

    external_id: str = ""
    method: str = ""
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()


@dataclass
class Directory:
    """The target's contacts, indexed once per plan. ``claimed`` are those already linked to another client.

    ``apart`` are pairs (client, contact) that a person said are different.
    """

    contacts: Mapping[str, Contact]
    references: Mapping[str, frozenset[str]] = field(default_factory=dict)
    claimed: frozenset[str] = frozenset()
    country: str = ""
    apart: frozenset[tuple[str, str]] = frozenset()

    def __post_init__(self) -> None:
        self.by_number: dict[str, list[str]] = defaultdict(list)
        self.by_email: dict[str, list[str]] = defaultdict(list)
        self.by_name: dict[str, list[str]] = defaultdict(list)
        self.by_token: dict[str, list[str]] = defaultdict(list)
        for contact in self.contacts.values():
            if contact.number:
                self.by_number[contact.number.casefold()].append(contact.external_id)
            if contact.email:
                self.by_email[normalise.email_key(contact.email)].append(contact.external_id)
            self.by_name[normalise.name_key(contact.name)].append(contact.external_id)
            for token in set(normalise.core_name(contact.name).split()):
                self.by_token[token].append(contact.external_id)
        self.domains = Counter(email.rpartition("@")[2] for email in self.by_email)
        self.plain_rarity = Rarity(len(self.contacts))
        self._traits: dict[str, Traits] = {}
        self._party_traits: dict[str, Traits] = {}

    def traits(self, external_id: str) -> Traits:
        """What is compared of a contact, made when first asked for."""
        found = self._traits.get(external_id)
        if found is None:
            references = self.references.get(external_id, frozenset())
            found = traits_of(self.contacts[external_id], country=self.country, references=references)
            self._traits[external_id] = found
        return found

    def traits_of_party(self, party: Party) -> Traits:
        """The same of a client; a directory serves one set of parties."""
        found = self._party_traits.get(party.contact.external_id)
        if found is None:
            found = traits_of(
                party.contact,
                country=self.country,
                emails=party.emails,
                phones=party.phones,
                references=party.references,
            )
            self._party_traits[party.contact.external_id] = found
        return found

    def may_be(self, party: Party, external_id: str) -> bool:
        """Whether no person told the two apart."""
        return (party.contact.external_id, external_id) not in self.apart

    def active(self, ids: Iterable[str]) -> list[str]:
        return [item for item in ids if is_active(self.contacts[item])]


def is_active(contact: Contact) -> bool:
    return contact.status.upper() == "ACTIVE" and not contact.merged_into


def survivor(contacts: Mapping[str, Contact], external_id: str) -> str:
    """Follow "merged into" to the contact that is left; empty when the chain leaves what we know or circles."""
    seen = set()
    while external_id in contacts and external_id not in seen:
        seen.add(external_id)
        following = contacts[external_id].merged_into
        if not following:
            return external_id
        external_id = following
    return ""
