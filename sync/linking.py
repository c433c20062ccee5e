"""Recognising the same client, document or payment on both sides. Pure, deterministic, explainable.

For clients the order is: an id the source itself stores, our own number in the target, the client's code equal to
the contact number, one e-mail address with similar names and no competitor, one exact name with a second signal.
Everything short of that goes to a person with the reasons for and against. A shared e-mail address or a name alone
never links, and different legal forms ("Pty Ltd" against "Trust") are different parties.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from rapidfuzz import fuzz

from connectors.records import Contact
from mappings import normalise

SIMILAR_NAME = 0.85
"""Names at least this alike count as similar beside an equal e-mail address."""
NEAR_NAME = 0.82
"""Names at least this alike are shown to a person as a near miss even with nothing else in common."""
COMMON_TOKEN = 40
"""A word in more names than this ("services") tells nothing and is not used to find near misses."""
MOST_CANDIDATES = 5
PUBLIC_MAIL = frozenset(
    {
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "icloud.com",
        "me.com",
        "yahoo.com",
    }
    | {"yahoo.com.au", "bigpond.com", "bigpond.net.au", "optusnet.com.au", "xtra.co.nz", "btinternet.com"}
    | {"proton.me"}
)


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
    """The target's contacts, indexed once per plan. ``claimed`` are those already linked to another client."""

    contacts: Mapping[str, Contact]
    references: Mapping[str, frozenset[str]] = field(default_factory=dict)
    claimed: frozenset[str] = frozenset()
    country: str = ""

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


def similarity(left: str, right: str) -> float:
    """How alike two names are, 0 to 1, in any order of words."""
    first, second = normalise.core_name(left), normalise.core_name(right)
    return max(fuzz.token_sort_ratio(first, second), fuzz.ratio(first, second)) / 100


def same_form(left: str, right: str) -> bool:
    """Whether nothing in the legal forms speaks against one party: equal, or one side doesn't say."""
    first, second = normalise.company_form(left), normalise.company_form(right)
    return first == second or not first or not second


def match_contacts(parties: Sequence[Party], directory: Directory) -> dict[str, Match]:
    """A match for every party, by external id."""
    emails = Counter(email for party in parties for email in party.emails)
    names = Counter(normalise.name_key(party.contact.name) for party in parties)
    numbers = Counter(party.contact.number.casefold() for party in parties if party.contact.number)
    return {party.contact.external_id: _match(party, directory, emails, names, numbers) for party in parties}


def _match(
    party: Party, directory: Directory, emails: Counter[str], names: Counter[str], numbers: Counter[str]
) -> Match:
    client = party.contact
    stored = client.linked.get("xero", "")
    if stored:
        found = survivor(directory.contacts, stored)
        if found and is_active(directory.contacts[found]):
            reason = "Ignition stores this contact's id"
            if found != stored:
                reason += "; it was merged in Xero and the surviving contact is used"
            return Match(external_id=found, method="stored", confidence=1.0, reasons=(reason,))
        note = (
            "is archived in Xero" if stored in directory.contacts else "does not exist in this organisation"
        )
        return _undecided(party, directory, note=f"The contact that Ignition stores {note}.", extra=stored)
    own = directory.active(directory.by_number.get(party.own_number.casefold(), []))
    if len(own) == 1:
        return Match(
            external_id=own[0], method="written", confidence=1.0, reasons=("Carries this app's number",)
        )
    if client.number and numbers[client.number.casefold()] == 1:
        coded = directory.active(directory.by_number.get(client.number.casefold(), []))
        if len(coded) == 1 and coded[0] not in directory.claimed:
            return Match(
                external_id=coded[0],
                method="number",
                confidence=0.99,
                reasons=(f"The client code {client.number} is the contact number in Xero",),
            )
    return (
        _by_email(party, directory, emails)
        or _by_name(party, directory, names)
        or _undecided(party, directory, names=names)
    )


def _by_email(party: Party, directory: Directory, emails: Counter[str]) -> Match | None:
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
        or not same_form(party.contact.name, found.name)
    ):
        return None
    return Match(
        external_id=found.external_id,
        method="email_name",
        confidence=round(0.9 + alike / 10, 3),
        reasons=(f"Same e-mail address {found.email}, used once on each side", f"Names alike ({alike:.2f})"),
    )


def _by_name(party: Party, directory: Directory, names: Counter[str]) -> Match | None:
    key = normalise.name_key(party.contact.name)
    there = directory.by_name.get(key, [])
    if names[key] != 1 or len(there) != 1:
        return None
    found = directory.contacts[there[0]]
    if not is_active(found) or found.external_id in directory.claimed:
        return None
    signals = _signals(party, found, directory)
    if not signals:
        return None
    return Match(
        external_id=found.external_id,
        method="name_signal",
        confidence=0.97,
        reasons=("Same name, used once on each side", *signals),
    )


def _signals(party: Party, found: Contact, directory: Directory) -> list[str]:
    out = []
    email = normalise.email_key(found.email)
    if email and email in party.emails:
        out.append(f"Same e-mail address {found.email}")
    elif email:
        domain = email.rpartition("@")[2]
        if domain not in PUBLIC_MAIL and any(item.endswith("@" + domain) for item in party.emails):
            out.append(f"Same e-mail domain {domain}")
    phones = {normalise.phone_key(item, directory.country) for item in (found.phone, found.mobile) if item}
    if phones & party.phones:
        out.append("Same phone number")
    shared = party.references & directory.references.get(found.external_id, frozenset())
    if shared:
        out.append(f"Xero invoices of this contact carry {min(shared)}")
    return out


def _undecided(
    party: Party, directory: Directory, *, names: Counter[str] | None = None, note: str = "", extra: str = ""
) -> Match:
    ids: dict[str, None] = {}
    key = normalise.name_key(party.contact.name)
    for email in sorted(party.emails):
        ids.update(dict.fromkeys(directory.by_email.get(email, [])))
    ids.update(dict.fromkeys(directory.by_name.get(key, [])))
    for token in normalise.core_name(party.contact.name).split():
        near = directory.by_token.get(token, [])
        if len(near) <= COMMON_TOKEN:
            ids.update(dict.fromkeys(near))
    if extra in directory.contacts:
        ids[extra] = None
    found = []
    for external_id in ids:
        contact = directory.contacts[external_id]
        candidate = _candidate(party, contact, directory, names or Counter(), key)
        if candidate is not None or external_id == extra:
            found.append(candidate or _bare(contact, note))
    found.sort(key=lambda item: (-item.score, item.name, item.external_id))
    if not found and note:
        found.append(Candidate(external_id="", name="", email="", score=0, reasons=(), against=(note,)))
    return Match(candidates=tuple(found[:MOST_CANDIDATES]), reasons=(note,) if note else ())


def _candidate(
    party: Party, contact: Contact, directory: Directory, names: Counter[str], key: str
) -> Candidate | None:
    """What speaks for and against one contact; ``None`` when nothing speaks for it."""
    alike = similarity(party.contact.name, contact.name)
    same_name = normalise.name_key(contact.name) == key
    same_email = normalise.email_key(contact.email) in party.emails
    claimed = contact.external_id in directory.claimed
    worth_showing = same_name or alike >= NEAR_NAME or (same_email and not claimed)
    hidden = contact.merged_into or (claimed and not same_name)
    if not worth_showing or hidden or (not is_active(contact) and not same_name and not same_email):
        return None
    reasons = [*_signals(party, contact, directory)]
    if same_name:
        reasons.insert(0, "Same name")
    elif alike >= NEAR_NAME:
        reasons.append(f"Names much alike ({alike:.2f}): “{contact.name}”")
    against = _against(
        party, contact, directory, names, alike=alike, lone_name=same_name and len(reasons) == 1
    )
    score = min(0.99, 0.6 * alike + (0.3 if same_email else 0) + 0.1 * bool(reasons))
    return Candidate(
        external_id=contact.external_id,
        name=contact.name,
        email=contact.email,
        score=round(score, 2),
        reasons=tuple(reasons),
        against=tuple(against),
    )


def _against(
    party: Party,
    contact: Contact,
    directory: Directory,
    names: Counter[str],
    *,
    alike: float,
    lone_name: bool,
) -> list[str]:
    """What speaks against a contact, in the order a person would check it."""
    key = normalise.name_key(party.contact.name)
    same_name = normalise.name_key(contact.name) == key
    email = normalise.email_key(contact.email)
    checks = (
        (not same_name and alike < NEAR_NAME, f"Names differ ({alike:.2f}): “{contact.name}”"),
        (not same_form(party.contact.name, contact.name), "Different legal forms"),
        (not is_active(contact), "Archived in Xero"),
        (contact.external_id in directory.claimed, "Already linked to another client"),
        (
            email in party.emails and len(directory.by_email.get(email, [])) > 1,
            "Several contacts use this e-mail address",
        ),
        (same_name and names[key] > 1, "Several Ignition clients have this name"),
        (same_name and len(directory.by_name.get(key, [])) > 1, "Several Xero contacts have this name"),
        (lone_name, "Nothing but the name agrees"),
    )
    return [text for applies, text in checks if applies]


def _bare(contact: Contact, note: str) -> Candidate:
    return Candidate(
        external_id=contact.external_id,
        name=contact.name,
        email=contact.email,
        score=0.5,
        reasons=(),
        against=(note,),
    )


def days_apart(left: date | None, right: date | None) -> int:
    """Days between two dates; very far when one is missing."""
    return abs((left - right).days) if left and right else 10_000
