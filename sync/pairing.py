"""Pairs a plan recognised, and those it could not and asks a person about, put into rows."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from connectors.records import Contact, Invoice
from sync.contact_values import contact_values
from sync.models import Change, Flow, Link, LinkMethod, Review, ReviewState
from sync.plan import invoice_values
from sync.planned import Planned
from sync.sent import as_sent, creates_sent
from sync.world import World

BATCH = 500


def remember_links(world: World, plan: Iterable[Planned]) -> None:
    """Store the pairs that were recognised. What both sides last agreed on is what was sent, where this app made it."""
    now = timezone.now()
    fresh = []
    found = [item for item in plan if item.found is not None and item.found.external_id]
    sent = _sent(world, found)
    world.recovered = world.recovered or bool(sent)
    for item in found:
        assert item.found is not None  # noqa: S101  selected above
        was = sent.get(item.source_external_id)
        there = target_values(world, item.kind, item.found.external_id)
        agreed = item.decision.values if item.decision.action == "adopt" else {}
        fresh.append(
            Link(
                practice_id=world.sides.practice.pk,
                kind=item.kind,
                source_connection=world.sides.source,
                target_connection=world.sides.target,
                source_external_id=item.source_external_id,
                target_external_id=item.found.external_id,
                method=item.found.method,
                confidence=str(round(item.found.confidence, 3)),
                reasons=list(item.found.reasons),
                base_source=was.values if was else agreed,
                base_target=as_sent(there, was.values) if was else there,
                source_digest=was.source_digest if was else item.source_digest,
                agreed_at=now,
            )
        )
    Link.objects.bulk_create(fresh, batch_size=BATCH, ignore_conflicts=True)
    if fresh:
        Review.objects.filter(
            source_connection=world.sides.source,
            target_connection=world.sides.target,
            kind=fresh[0].kind,
            state=ReviewState.OPEN,
            source_external_id__in=[link.source_external_id for link in fresh],
        ).delete()


def _sent(world: World, found: Iterable[Planned]) -> dict[str, Change]:
    """The creates that went out for these records and whose answer never came, by source id."""
    ours = [item for item in found if item.found is not None and item.found.method == LinkMethod.WRITTEN]
    if not ours:
        return {}
    ids = [item.source_external_id for item in ours]
    return creates_sent(world.sides.source, world.sides.target, ours[0].kind, ids)


def target_values(world: World, kind: str, external_id: str) -> dict[str, Any]:
    """What the target holds for a record now, as values."""
    if kind == "contact":
        contact: Contact | None = world.contacts.get(external_id)
        return contact_values(contact) if contact else {}
    if kind == "invoice":
        document: Invoice | None = world.documents.get(external_id)
        return invoice_values(document) if document else {}
    return {}


def write_reviews(world: World, flow: Flow, plan: Iterable[Planned]) -> None:
    wanted = {item.source_external_id: item for item in plan if item.undecided is not None}
    inside = world.part.ids(flow.kind) if world.part is not None and flow.kind != "payment" else None
    existing = {
        key: review
        for (kind, key), review in world.reviews.items()
        if kind == flow.kind and (inside is None or key in inside)
    }
    fresh, changed = [], []
    for external_id, item in wanted.items():
        assert item.undecided is not None  # noqa: S101  selected above
        candidates = [_candidate(candidate) for candidate in item.undecided.candidates]
        review = existing.get(external_id)
        if review is None:
            fresh.append(
                Review(
                    practice_id=world.sides.practice.pk,
                    kind=flow.kind,
                    source_connection=world.sides.source,
                    target_connection=world.sides.target,
                    source_external_id=external_id,
                    title=item.title[:300],
                    candidates=candidates,
                )
            )
        elif review.state == ReviewState.OPEN and (
            review.candidates != candidates or review.title != item.title[:300]
        ):
            review.candidates, review.title = candidates, item.title[:300]
            changed.append(review)
    Review.objects.bulk_create(fresh, batch_size=BATCH, ignore_conflicts=True)
    Review.objects.bulk_update(changed, ["candidates", "title"], batch_size=BATCH)
    settled = [
        review.pk
        for key, review in existing.items()
        if review.state == ReviewState.OPEN and key not in wanted
    ]
    Review.objects.filter(pk__in=settled, state=ReviewState.OPEN).delete()


def _candidate(candidate: Any) -> dict[str, Any]:
    return {
        "external_id": candidate.external_id,
        "name": candidate.name,
        "email": candidate.email,
        "score": candidate.score,
        "reasons": list(candidate.reasons),
        "against": list(candidate.against),
    }
