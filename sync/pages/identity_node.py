"""One client in all systems: its records, how they were linked, what comes near and why not, and who decided what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db.models import Q

from connectors.records import Contact, Person
from connectors.records import Kind as RecordKind
from connectors.stored import load
from mappings import normalise
from practices.models import AuditEntry, Connection, Practice
from sync.deeplinks import deep_link
from sync.identity.evidence import EVEN, Evidence
from sync.identity.traits import Traits, traits_of
from sync.identity.twins import why
from sync.identity.usual import GENERIC, TRADES
from sync.models import Kind, Link, PairVerdict, Review, Snapshot
from sync.pages.identity import Pair, others, shared_by
from sync.pages.sides import Sides
from sync.verdicts import verdicts_about

LOOKED_AT = 100
"""Records with something in common that are weighed for one page."""
NEAR_SHOWN = 6
MISSES_FROM = 9.0
"""Points from which a record is worth showing as a near miss."""
SHORTEST_WORD = 4
WORDS_SEARCHED = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the client. ``note`` is what is wrong with it: merged, archived, no longer listed."""

    snapshot: Snapshot
    system: str
    link: str
    here: bool
    note: str


@dataclass(frozen=True, slots=True)
class Connected:
    """A link with both its ends and the contacts it went to before."""

    pair: Pair
    client: Snapshot | None
    former: Sequence[str]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A record that comes near. ``verdict`` is what a person said about the pair."""

    snapshot: Snapshot
    percent: int
    reasons: Sequence[str]
    against: Sequence[str]
    verdict: PairVerdict | None
    probable: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict with the names of both records."""

    verdict: PairVerdict
    left: str
    right: str
    between: bool


@dataclass(frozen=True, slots=True)
class Node:
    snapshot: Snapshot
    of_source: bool
    entries: Sequence[Entry]
    links: Sequence[Connected]
    reviews: Sequence[Review]
    misses: Sequence[NearMiss]
    twins: Sequence[NearMiss]
    said: Sequence[Said]
    audit: Sequence[AuditEntry]


def node(practice: Practice, sides: Sides, snapshot: Snapshot) -> Node:
    """Everything the page of this client or contact shows. A constant number of queries."""
    of_source = snapshot.connection_id == (sides.source.pk if sides.source else None)
    links = _links(sides, snapshot, of_source=of_source)
    clients = {link.source_external_id for link in links} | ({snapshot.external_id} if of_source else set())
    contacts = {link.target_external_id for link in links} | (set() if of_source else {snapshot.external_id})
    former = {str(item) for link in links for item in link.former_target_external_ids}
    left = others(sides.source, clients) if sides.source else {}
    right = others(sides.target, contacts | former) if sides.target else {}
    counts = shared_by(sides, contacts)
    entries = [
        _entry(sides, item, right, snapshot)
        for item in (*_ordered(left, clients), *_ordered(right, contacts | former))
    ]
    verdicts = _verdicts(sides, clients, contacts)
    other = sides.target if of_source else sides.source
    near = _near(snapshot, other, verdicts, skip=contacts | former if of_source else clients)
    twins = _near(snapshot, snapshot.connection, verdicts, skip={snapshot.external_id, *former})
    reviews = list(
        Review.objects.filter(practice=practice, kind=Kind.CONTACT, source_external_id__in=clients)
        .select_related("decided_by")
        .order_by("pk")
    )
    shown = {item.snapshot.external_id: item.snapshot for item in (*near, *twins)}
    return Node(
        snapshot=snapshot,
        of_source=of_source,
        entries=entries,
        links=[
            Connected(
                Pair(link, right.get(link.target_external_id), counts[link.target_external_id]),
                left.get(link.source_external_id),
                [
                    right[item].title if item in right else item
                    for item in map(str, link.former_target_external_ids)
                ],
            )
            for link in links
        ],
        reviews=reviews,
        misses=near,
        twins=[item for item in twins if item.probable or item.verdict],
        said=_said(verdicts, {**left, **right, **shown}),
        audit=_audit(practice, reviews, verdicts),
    )


def _links(sides: Sides, snapshot: Snapshot, *, of_source: bool) -> list[Link]:
    """The links of this record, and those of the other clients on the same contact."""
    base = Link.objects.filter(
        source_connection=sides.source, target_connection=sides.target, kind=Kind.CONTACT
    )
    own = base.filter(source_external_id=snapshot.external_id).values("target_external_id")
    wanted = Q(target_external_id__in=own) if of_source else Q(target_external_id=snapshot.external_id)
    return list(base.filter(wanted).select_related("confirmed_by").order_by("pk")[:LOOKED_AT])


def _ordered(found: dict[str, Snapshot], ids: Iterable[str]) -> list[Snapshot]:
    return sorted((found[item] for item in ids if item in found), key=lambda item: (item.title, item.pk))


def _entry(sides: Sides, item: Snapshot, right: dict[str, Snapshot], here: Snapshot) -> Entry:
    connection = sides.source if sides.source and item.connection_id == sides.source.pk else sides.target
    assert connection is not None  # noqa: S101  the snapshot is of one of the two
    merged = str(item.record.get("merged_into") or "")
    note = ""
    if merged:
        note = f"Merged into {right[merged].title if merged in right else merged}"
    elif item.status.upper() == "ARCHIVED":
        note = "Archived"
    elif item.gone_at:
        note = "No longer listed"
    return Entry(
        snapshot=item,
        system=str(connection.get_provider_display()),
        link=deep_link(connection, item.kind, item.external_id, item.record),
        here=item.pk == here.pk,
        note=note,
    )


def _verdicts(sides: Sides, clients: Iterable[str], contacts: Iterable[str]) -> list[PairVerdict]:
    """What was said about these clients and contacts; two queries."""
    found = {}
    for connection, ids in ((sides.source, clients), (sides.target, contacts)):
        if connection is not None:
            found.update({item.pk: item for item in verdicts_about(connection, ids)[:LOOKED_AT]})
    return sorted(found.values(), key=lambda item: (item.decided_at, item.pk), reverse=True)


def _near(
    snapshot: Snapshot,
    connection: Connection | None,
    verdicts: Sequence[PairVerdict],
    *,
    skip: Iterable[str],
) -> list[NearMiss]:
    """Records of ``connection`` that come near this one, the nearest first."""
    if connection is None:
        return []
    country = connection.practice.country
    mine = _traits(snapshot, country, _people(snapshot))
    rows = (
        Snapshot.objects.of(connection, Kind.CONTACT)
        .present()
        .filter(_in_common(snapshot, mine))
        .exclude(external_id__in=list(skip))
    )
    told = {_ends(row): row for row in verdicts}
    found: list[tuple[Evidence, NearMiss]] = []
    for item in rows.order_by("pk").defer("raw", "content_hash")[:LOOKED_AT]:
        evidence = why(mine, _traits(item, country, ()))
        ends = {(snapshot.connection_id, snapshot.external_id), (item.connection_id, item.external_id)}
        verdict = told.get(frozenset(ends))
        if evidence.points < MISSES_FROM and verdict is None:
            continue
        miss = NearMiss(
            snapshot=item,
            percent=round(100 * evidence.confidence),
            reasons=evidence.reasons,
            against=evidence.against or (() if evidence.enough else ("Too little agrees",)),
            verdict=verdict,
            probable=evidence.enough or (evidence.points >= EVEN and not evidence.ruled_out),
        )
        found.append((evidence, miss))
    found.sort(key=lambda item: (-item[0].points, item[1].snapshot.pk))
    return [miss for _, miss in islice(found, NEAR_SHOWN)]


def _ends(verdict: PairVerdict) -> frozenset[tuple[int, str]]:
    """Both records of a verdict, whichever was named first."""
    left = (verdict.left_connection_id, verdict.left_external_id)
    return frozenset({left, (verdict.right_connection_id, verdict.right_external_id)})


def _in_common(snapshot: Snapshot, mine: Traits) -> Q:
    """What an index finds: the e-mail address, the number, the telephone as written, a telling word of the name."""
    words = [word for word in mine.words if len(word) >= SHORTEST_WORD and word not in GENERIC | TRADES]
    found = Q(name__iexact=snapshot.name) if snapshot.name else Q(pk=None)
    for word in sorted(words, key=len, reverse=True)[:WORDS_SEARCHED]:
        found |= Q(name__icontains=word)
    for email in sorted(mine.emails)[:WORDS_SEARCHED]:
        found |= Q(email__iexact=email)
    if snapshot.number:
        found |= Q(number__iexact=snapshot.number)
    return Q(practice=snapshot.practice_id) & found


def _people(snapshot: Snapshot) -> list[Person]:
    """The people of a client, whose addresses and telephones count as its own."""
    rows = Snapshot.objects.of(snapshot.connection, Kind.PERSON).filter(
        party_external_id=snapshot.external_id
    )
    return [load(RecordKind.PERSON, record) for record in rows.values_list("record", flat=True)[:LOOKED_AT]]


def _traits(snapshot: Snapshot, country: str, people: Iterable[Person]) -> Traits:
    contact: Contact = load(RecordKind.CONTACT, snapshot.record)
    known = list(people)
    return traits_of(
        contact,
        country=country,
        emails=[normalise.email_key(item.email) for item in known if item.email],
        phones=[number for item in known for number in (item.phone, item.mobile) if number],
    )


def _said(verdicts: Sequence[PairVerdict], known: dict[str, Snapshot]) -> list[Said]:
    def name(external_id: str) -> str:
        return known[external_id].title if external_id in known else external_id

    return [
        Said(
            verdict=item,
            left=name(item.left_external_id),
            right=name(item.right_external_id),
            between=item.left_connection_id != item.right_connection_id,
        )
        for item in verdicts
    ]


def _audit(
    practice: Practice, reviews: Sequence[Review], verdicts: Sequence[PairVerdict]
) -> list[AuditEntry]:
    about = Q(object_type="review", object_id__in=[str(item.pk) for item in reviews])
    about |= Q(object_type="pairverdict", object_id__in=[str(item.pk) for item in verdicts])
    rows = AuditEntry.objects.filter(about, practice=practice)
    return list(rows.order_by("-at", "-pk")[:20])
