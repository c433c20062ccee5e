"""A client linked to the contact that is right: a decision about our own link, which writes nothing to Xero.

It is made as in “Who is who”, where it can be split again. Only where one contact is meant: the one that a merge left,
the one that Ignition names, or the one that the client's invoices are on.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from practices.audit import record
from practices.models import User
from sync import decisions
from sync.confirmed import link_pair
from sync.decisions import NotAllowed
from sync.models import (
    OPEN_CHANGE_STATES,
    Change,
    ChangeState,
    Kind,
    Link,
    LinkMethod,
    Mismatch,
    PairVerdict,
    Review,
    ReviewState,
    Snapshot,
    Verdict,
)
from sync.reconcile.asked import Outcome
from sync.world import Sides

LINKED = "It is linked by now. Compare again."
NOT_LINKED = "The client is not linked any more. Compare again."
NOBODY = "Nothing says which contact it is now. Choose one in Who is who."
SEVERAL = "Its invoices are on several contacts. Choose one in Who is who."
IGNITION_ONLY = (
    "The link here follows the merge already. Only Ignition names the old contact: change it there."
)
NOT_READ = "Xero still has the linked contact, but it could not be read. Look at it in Xero before it is linked anew."
NOT_ACTIVE = (
    "The contact that it would be linked to is not active in Xero. Restore it there, or choose another one."
)
TAKEN = "Another client is linked to that contact. Decide in Who is who which of them it is."
APART = "Somebody said that the client is not that contact. Take that back in Who is who first."
UNDER_WAY = "Something is being written for this client right now. Look again when that is settled."
LONGEST_CHAIN = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which contact a client is to be linked to, and the link that moves there, where there is one."""

    client_id: str
    contact: Snapshot
    link: Link | None


def choose(sides: Sides, row: Mismatch) -> Wanted | str:
    """The contact that ends this difference, or why a person has to choose."""
    client_id = str(row.source_external_ids[0]) if row.source_external_ids else ""
    link = sides.links().filter(kind=Kind.CONTACT, source_external_id=client_id).first()
    if row.kind == "contact_not_linked":
        found = LINKED if link is not None else _of_invoices(sides, client_id, row)
    elif link is None:
        return NOT_LINKED
    elif row.kind == "contact_merged":
        found = _survivor(sides, link)
    else:
        found = _instead(sides, client_id, link)
    if isinstance(found, str):
        return found
    return _why_not(sides, client_id, found) or Wanted(client_id, found, link)


def relink(sides: Sides, rows: list[Mismatch], actor: User, outcome: Outcome) -> None:
    """Link these clients. Call it with both lanes held, inside a transaction."""
    for row in rows:
        wanted = choose(sides, row)
        if isinstance(wanted, str):
            outcome.leave(wanted)
            continue
        try:
            with transaction.atomic():
                _link(sides, wanted, actor) if wanted.link is None else _move(
                    sides, wanted, wanted.link, actor
                )
        except NotAllowed as refusal:
            outcome.leave(str(refusal))
            continue
        Snapshot.objects.of(sides.source, Kind.CONTACT).filter(external_id=wanted.client_id).update(
            to_plan=True
        )
        record(
            sides.practice,
            actor,
            "mismatch.fix_asked",
            f"Linked {row.client or wanted.client_id} to “{wanted.contact.title}” in Xero"[:300],
            object=row,
            kind=row.kind,
            contact=wanted.contact.external_id,
        )
        outcome.linked += 1
        outcome.done.append(row)


def _link(sides: Sides, wanted: Wanted, actor: User) -> None:
    """As on the page that asks who a client is: an open question is answered by it."""
    review = sides.reviews().filter(
        kind=Kind.CONTACT, source_external_id=wanted.client_id, state=ReviewState.OPEN
    )
    asked: Review | None = review.first()
    if asked is not None:
        decisions.decide_review(asked, actor=actor, choice="link", external_id=wanted.contact.external_id)
        return
    source, target = (sides.source, wanted.client_id), (sides.target, wanted.contact.external_id)
    if not link_pair(Kind.CONTACT, source, target, by=actor, reason=f"Confirmed by {actor}"):
        raise NotAllowed(LINKED)


def _move(sides: Sides, wanted: Wanted, link: Link, actor: User) -> None:
    """The old id is kept. What was agreed on with a contact that a merge ended counts for the one that it left."""
    before = link.target_external_id
    link.former_target_external_ids = [*link.former_target_external_ids, before]
    link.target_external_id = wanted.contact.external_id
    link.method, link.confidence = LinkMethod.PERSON, 1
    link.reasons, link.confirmed_by = [f"Confirmed by {actor}"], actor
    link.agreed_at = timezone.now()
    if not _merged_into(sides, before):
        link.base_source, link.base_target, link.source_digest = {}, {}, ""
    link.save()
    record(
        sides.practice,
        actor,
        "link.moved",
        f"Moved the link of {wanted.client_id} to “{wanted.contact.title}”"[:300],
        object=link,
        client=wanted.client_id,
        before=before,
        after=wanted.contact.external_id,
    )


# --- which contact --------------------------------------------------------------------------------------------


def _contacts(sides: Sides) -> Any:
    return Snapshot.objects.of(sides.target, Kind.CONTACT).filter(problem="", gone_at=None)


def _merged_into(sides: Sides, contact_id: str) -> str:
    rows = Snapshot.objects.of(sides.target, Kind.CONTACT).filter(external_id=contact_id)
    return str(rows.values_list("record__merged_into", flat=True).first() or "")


def _survivor(sides: Sides, link: Link) -> Snapshot | str:
    here = link.target_external_id
    for _ in range(LONGEST_CHAIN):
        following = _merged_into(sides, here)
        if not following:
            break
        here = following
    if here == link.target_external_id:
        return IGNITION_ONLY
    return _contacts(sides).filter(external_id=here).first() or NOBODY


def _instead(sides: Sides, client_id: str, link: Link) -> Snapshot | str:
    """Where the linked contact is gone: the one that Ignition names, else the one that the client's invoices are on."""
    if _contacts(sides).filter(external_id=link.target_external_id).exists():
        return LINKED
    there = Snapshot.objects.of(sides.target, Kind.CONTACT).filter(external_id=link.target_external_id)
    if there.filter(gone_at=None).exists():
        return NOT_READ
    client = Snapshot.objects.of(sides.source, Kind.CONTACT).filter(external_id=client_id).first()
    named = (client.record.get("linked") or {}).get("xero", "") if client is not None else ""
    found: Snapshot | None = _contacts(sides).filter(external_id=named).first() if named else None
    return found or _only(sides, _billed(sides, client_id) - {link.target_external_id})


def _of_invoices(sides: Sides, client_id: str, row: Mismatch) -> Snapshot | str:
    told = {str(key) for key in row.target_external_ids[:1]}
    return _only(sides, _billed(sides, client_id) | told)


def _billed(sides: Sides, client_id: str) -> set[str]:
    """The contacts of the documents that the client's invoices are linked to."""
    invoices = Snapshot.objects.of(sides.source, Kind.INVOICE).filter(party_external_id=client_id)
    links = sides.links().filter(kind=Kind.INVOICE, source_external_id__in=invoices.values("external_id"))
    documents = Snapshot.objects.of(sides.target, Kind.INVOICE).filter(
        external_id__in=links.values("target_external_id"), gone_at=None
    )
    return set(documents.exclude(party_external_id="").values_list("party_external_id", flat=True))


def _only(sides: Sides, ids: set[str]) -> Snapshot | str:
    found = list(_contacts(sides).filter(external_id__in=ids)[:2])
    if not found:
        return NOBODY
    return found[0] if len(found) == 1 else SEVERAL


def _why_not(sides: Sides, client_id: str, contact: Snapshot) -> str:
    """What speaks against linking a client to a contact; empty when nothing does."""
    if contact.status.upper() not in {"ACTIVE", ""} or contact.record.get("merged_into"):
        return NOT_ACTIVE
    others = sides.links().filter(kind=Kind.CONTACT, target_external_id=contact.external_id)
    if others.exclude(source_external_id=client_id).exists():
        return TAKEN
    apart = PairVerdict.objects.filter(
        left_connection=sides.source,
        left_external_id=client_id,
        right_connection=sides.target,
        right_external_id=contact.external_id,
        verdict=Verdict.DIFFERENT,
    )
    if apart.exists():
        return APART
    sent = Change.objects.filter(
        connection=sides.target,
        source_connection=sides.source,
        kind=Kind.CONTACT,
        source_external_id=client_id,
        state__in=OPEN_CHANGE_STATES,
    )
    busy = any(change.state == ChangeState.IN_FLIGHT or change.look_up_first for change in sent)
    return UNDER_WAY if busy else ""
