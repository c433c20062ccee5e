"""What people decide about pairs: a link is wrong, two records are the same party, or they are not.

A verdict stays until somebody takes it back, whatever becomes of the records. Records of both systems told apart never
link by themselves again. Two records of one system that are the same are to be merged there, by hand; until they are,
the difference is explained. Each decision is audited, and of two people who decide at once the second one is told.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from practices.audit import record
from practices.models import Connection, Practice, User
from sync.confirmed import link_pair
from sync.decisions import NotAllowed, plan_and_send
from sync.judged import Pair
from sync.models import (
    OPEN_CHANGE_STATES,
    Change,
    ChangeState,
    Kind,
    Link,
    PairVerdict,
    Review,
    ReviewState,
    Snapshot,
    Verdict,
)

MOST_TWINS = 12
"""Records that may be judged together; more are no duplicates but a wrong search."""


def split(link_id: int, *, practice: Practice, actor: User, note: str = "") -> PairVerdict:
    """Take a wrong link of a client away, and remember that the two are different parties.

    What was already written stays where it is. Raises :class:`NotAllowed` when the link is gone, because somebody else
    split it, or while something of it is being written.
    """
    with transaction.atomic():
        link = (
            Link.objects.select_for_update(of=("self",))
            .select_related("source_connection", "target_connection")
            .filter(practice=practice, pk=link_id, kind=Kind.CONTACT)
            .first()
        )
        if link is None:
            raise NotAllowed("The two are not linked any more. Somebody else may have split them.")
        _not_under_way(link)
        verdict = _remember(
            practice,
            (link.source_connection, link.source_external_id),
            (link.target_connection, link.target_external_id),
            Verdict.DIFFERENT,
            actor,
            note,
        )
        _ask_again(link)
        record(
            practice,
            actor,
            "link.split",
            f"{_name(link.source_connection, link.source_external_id)} is not "
            f"{_name(link.target_connection, link.target_external_id)}: link taken away. {note}".strip(),
            object=verdict,
            client=link.source_external_id,
            contact=link.target_external_id,
            former_contacts=link.former_target_external_ids,
            method=link.method,
            confidence=str(link.confidence),
            reasons=link.reasons,
        )
        link.delete()
    _plan_anew(practice, actor, link.source_connection, link.source_external_id)
    return verdict


def judge(
    ids: Sequence[str], verdict: str, *, connection: Connection, actor: User, seen: str = "", note: str = ""
) -> int:
    """Say of records of one system that all of them are the same party, or that all are different ones.

    ``seen`` is the verdict that the person saw when deciding (empty: none). Returns the number of pairs. Raises
    :class:`NotAllowed` when somebody else decided one of the pairs meanwhile.
    """
    if verdict not in Verdict.values:
        raise NotAllowed("Choose whether they are the same or not.")
    wanted = sorted(set(ids))
    if not 2 <= len(wanted) <= MOST_TWINS:
        raise NotAllowed("Choose two or more records.")
    known = Snapshot.objects.of(connection, Kind.CONTACT).filter(external_id__in=wanted)
    names = dict(known.values_list("external_id", "name"))
    if len(names) != len(wanted):
        raise NotAllowed("One of these records is not there any more.")
    practice = connection.practice
    pairs = list(combinations(wanted, 2))
    try:
        with transaction.atomic():
            _still_as_seen(connection, pairs, seen)
            for left, right in pairs:
                _remember(practice, (connection, left), (connection, right), verdict, actor, note)
            where = connection.get_provider_display()
            said = "the same: to be merged in" if verdict == Verdict.SAME else "not the same, both stay in"
            record(
                practice,
                actor,
                "twins.judged",
                f"{' and '.join(names[external_id] for external_id in wanted)}: {said} {where}. {note}".strip(),
                object=connection,
                ids=wanted,
                verdict=verdict,
            )
    except IntegrityError as error:
        raise NotAllowed("Somebody else decided this a moment ago. Look once more.") from error
    return len(pairs)


def take_back(verdict_id: int, *, practice: Practice, actor: User) -> None:
    """Undo a verdict. A link that was split is there again, confirmed by the person who undoes it.

    Raises :class:`NotAllowed` when the verdict is gone, or when one of the two is linked elsewhere by now.
    """
    with transaction.atomic():
        verdict = (
            PairVerdict.objects.select_for_update(of=("self",))
            .select_related("left_connection", "right_connection")
            .filter(practice=practice, pk=verdict_id)
            .first()
        )
        if verdict is None:
            raise NotAllowed("Somebody else took this back already.")
        between = verdict.left_connection_id != verdict.right_connection_id
        if between and verdict.verdict == Verdict.DIFFERENT:
            _link_again(verdict, actor)
        record(
            practice,
            actor,
            "verdict.undone",
            f"Taken back: {_name(verdict.left_connection, verdict.left_external_id)} and "
            f"{_name(verdict.right_connection, verdict.right_external_id)} "
            f"{'are the same' if verdict.verdict == Verdict.SAME else 'are different'}.",
            object=verdict,
            left=verdict.left_external_id,
            right=verdict.right_external_id,
            verdict=verdict.verdict,
        )
        verdict.delete()
    if between:
        _plan_anew(practice, actor, verdict.left_connection, verdict.left_external_id)


def verdicts_about(connection: Connection, ids: Iterable[str]) -> QuerySet[PairVerdict]:
    """Every verdict in which one of these records takes part."""
    wanted = list(ids)
    rows = PairVerdict.objects.filter(practice=connection.practice_id, kind=Kind.CONTACT).filter(
        Q(left_connection=connection, left_external_id__in=wanted)
        | Q(right_connection=connection, right_external_id__in=wanted)
    )
    return rows.select_related("decided_by", "left_connection", "right_connection").order_by(
        "-decided_at", "-pk"
    )


def _not_under_way(link: Link) -> None:
    """Holds the client's unsent writes, so that none of them leaves while the link goes."""
    rows = Change.objects.filter(
        connection=link.target_connection,
        source_connection=link.source_connection,
        kind=Kind.CONTACT,
        source_external_id=link.source_external_id,
        state__in=OPEN_CHANGE_STATES,
    ).select_for_update(of=("self",))
    if any(change.state == ChangeState.IN_FLIGHT or change.look_up_first for change in rows):
        raise NotAllowed(
            "Something is being written for this client right now. Look again when that is settled."
        )


def _ask_again(link: Link) -> None:
    """A decision that made or confirmed the link is open again, so that nothing new is created unasked."""
    Review.objects.filter(
        kind=Kind.CONTACT,
        source_connection=link.source_connection,
        target_connection=link.target_connection,
        source_external_id=link.source_external_id,
    ).update(state=ReviewState.OPEN, chosen_external_id="", decided_by=None, decided_at=None)


def _link_again(verdict: PairVerdict, actor: User) -> None:
    target = Snapshot.objects.of(verdict.right_connection, Kind.CONTACT).filter(
        external_id=verdict.right_external_id
    )
    contact = target.first()
    if contact is None or contact.status.upper() == "ARCHIVED" or contact.record.get("merged_into"):
        raise NotAllowed(
            "The contact is archived or merged by now. Link the client to an active one instead."
        )
    left = (verdict.left_connection, verdict.left_external_id)
    right = (verdict.right_connection, verdict.right_external_id)
    if not link_pair(Kind.CONTACT, left, right, by=actor, reason=f"Split, and linked again by {actor}"):
        raise NotAllowed("The client is linked to another contact by now. Split that link first.")
    Review.objects.filter(
        kind=Kind.CONTACT,
        source_connection=verdict.left_connection,
        target_connection=verdict.right_connection,
        source_external_id=verdict.left_external_id,
        state=ReviewState.OPEN,
    ).delete()


def _still_as_seen(connection: Connection, pairs: Sequence[Pair], seen: str) -> None:
    """Holds what is there, so that of two people who press at once the second one is told."""
    ids = {external_id for pair in pairs for external_id in pair}
    rows = (
        PairVerdict.objects.select_for_update(of=("self",))
        .select_related("decided_by")
        .filter(
            left_connection=connection,
            right_connection=connection,
            kind=Kind.CONTACT,
            left_external_id__in=ids,
            right_external_id__in=ids,
        )
    )
    for row in rows:
        if row.verdict != seen:
            raise NotAllowed(
                f"Decided already: {Verdict(row.verdict).label.lower()}, by {row.decided_by or 'someone'}. "
                "Undo that decision first."
            )


def _remember(
    practice: Practice,
    left: tuple[Connection, str],
    right: tuple[Connection, str],
    verdict: str,
    actor: User,
    note: str,
) -> PairVerdict:
    made, _ = PairVerdict.objects.update_or_create(
        left_connection=left[0],
        left_external_id=left[1],
        right_connection=right[0],
        right_external_id=right[1],
        kind=Kind.CONTACT,
        defaults={
            "practice": practice,
            "verdict": verdict,
            "note": note[:300],
            "decided_by": actor,
            "decided_at": timezone.now(),
        },
    )
    return made


def _name(connection: Connection, external_id: str) -> str:
    found = Snapshot.objects.of(connection, Kind.CONTACT).filter(external_id=external_id).first()
    return f"“{found.title if found else external_id}” in {connection.get_provider_display()}"


def _plan_anew(practice: Practice, actor: User, source: Connection, client_id: str) -> None:
    """Mark the client as moved, so that a plan of a part looks at it, and plan."""
    Snapshot.objects.of(source, Kind.CONTACT).filter(external_id=client_id).update(to_plan=True)
    plan_and_send(practice, actor)
