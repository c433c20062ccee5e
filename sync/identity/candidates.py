"""What a person may choose from when a client was not recognised, with the reasons for and against. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from connectors.records import Contact
from mappings import normalise
from sync.identity.directory import Candidate, Directory, Match, Party, is_active
from sync.identity.evidence import EVEN
from sync.identity.resolve import Scored
from sync.identity.summing import HOUSEHOLD
from sync.identity.usual import PUBLIC_MAIL

NEAR_NAME = 0.82
"""Names at least this alike are shown to a person as a near miss even with nothing else in common."""
COMMON_TOKEN = 40
"""A word in more names than this ("services") tells nothing and is not used to find near misses."""
MOST_CANDIDATES = 5


def similarity(left: str, right: str) -> float:
    """How alike two names are, 0 to 1, in any order of words."""
    first, second = normalise.core_name(left), normalise.core_name(right)
    return max(fuzz.token_sort_ratio(first, second), fuzz.ratio(first, second)) / 100


def same_form(left: str, right: str) -> bool:
    """Whether nothing in the legal forms speaks against one party: equal, or one side doesn't say."""
    return normalise.same_form(normalise.company_form(left), normalise.company_form(right))


def signals(party: Party, found: Contact, directory: Directory) -> list[str]:
    out = []
    email = normalise.email_key(found.email)
    if email and email in party.emails:
        out.append(f"Same e-mail address {found.email}")
    elif email:
        domain = email.rpartition("@")[2]
        own = domain not in PUBLIC_MAIL and directory.domains[domain] <= HOUSEHOLD
        if own and any(item.endswith("@" + domain) for item in party.emails):
            out.append(f"Same e-mail domain {domain}")
    phones = {normalise.phone_key(item, directory.country) for item in (found.phone, found.mobile) if item}
    if phones & party.phones:
        out.append("Same phone number")
    shared = party.references & directory.references.get(found.external_id, frozenset())
    if shared:
        out.append(f"Xero invoices of this contact carry {min(shared)}")
    return out


def undecided(
    party: Party,
    directory: Directory,
    *,
    names: Counter[str] | None = None,
    note: str = "",
    extra: str = "",
    near: Sequence[Scored] = (),
    refused: str = "",
) -> Match:
    """What a person may choose from, the likeliest first. ``near`` is what the evidence found, ``refused`` why not."""
    key = normalise.name_key(party.contact.name)
    found: dict[str, Candidate] = {}
    for external_id in _worth_a_look(party, directory, key, extra):
        contact = directory.contacts[external_id]
        candidate = _candidate(party, contact, directory, names or Counter(), key)
        if external_id == extra:
            found[external_id] = _stored(contact, candidate, note)
        elif candidate is not None:
            found[external_id] = candidate
    for place, pair in enumerate(near):
        told = refused if place == 0 else ""
        likely = pair.evidence.points >= EVEN and not pair.evidence.ruled_out
        if likely or pair.right in found:
            contact = directory.contacts[pair.right]
            found[pair.right] = _weighed(contact, pair, found.get(pair.right), directory, told)
    ordered = sorted(found.values(), key=lambda item: (-item.score, item.name, item.external_id))
    if not ordered and note:
        ordered = [Candidate(external_id="", name="", email="", score=0, reasons=(), against=(note,))]
    return Match(candidates=tuple(ordered[:MOST_CANDIDATES]), reasons=(note,) if note else ())


def _worth_a_look(party: Party, directory: Directory, key: str, extra: str) -> list[str]:
    """Contacts with an e-mail address, the name or a rare word in common, and the one that is stored."""
    ids: dict[str, None] = {}
    for email in sorted(party.emails):
        ids.update(dict.fromkeys(directory.by_email.get(email, [])))
    ids.update(dict.fromkeys(directory.by_name.get(key, [])))
    for token in normalise.core_name(party.contact.name).split():
        others = directory.by_token.get(token, [])
        if len(others) <= COMMON_TOKEN:
            ids.update(dict.fromkeys(others))
    kept = [external_id for external_id in ids if directory.may_be(party, external_id)]
    return [*kept, extra] if extra in directory.contacts and extra not in kept else kept


def _weighed(
    contact: Contact, pair: Scored, known: Candidate | None, directory: Directory, refused: str
) -> Candidate:
    """A candidate with what all fields together say for and against it."""
    claimed = "Already linked to another client" if contact.external_id in directory.claimed else ""
    reasons = (*(known.reasons if known else ()), *pair.evidence.reasons)
    against = (*(known.against if known else (claimed,)), *pair.evidence.against, refused)
    return Candidate(
        external_id=contact.external_id,
        name=contact.name,
        email=contact.email,
        score=known.score if known else round(min(0.99, pair.evidence.confidence), 2),
        reasons=tuple(dict.fromkeys(text for text in reasons if text)),
        against=tuple(dict.fromkeys(text for text in against if text)),
    )


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
    reasons = [*signals(party, contact, directory)]
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


def _stored(contact: Contact, candidate: Candidate | None, note: str) -> Candidate:
    """The contact that the client's system stores, with why it was not simply taken."""
    if candidate is not None:
        return replace(candidate, against=(note, *candidate.against))
    return Candidate(
        external_id=contact.external_id,
        name=contact.name,
        email=contact.email,
        score=0.5,
        reasons=(),
        against=(note,),
    )
