"""What becomes of one Change after an answer. Each function is one short transaction; the caller holds the lane."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from connectors.base import Outcome, Row
from connectors.records import Invoice, Payment
from connectors.records import Kind as RecordKind
from connectors.registry import explain
from practices.audit import record as audit
from practices.models import Connection, ConnectionState
from sync import snapshots
from sync.contact_values import arrived_fields, contact_values
from sync.fieldwise import MORE_TO_DECIDE
from sync.models import (
    CREDIT_KINDS,
    Change,
    ChangeState,
    Kind,
    Link,
    LinkMethod,
    ParkedAs,
    Snapshot,
    Standing,
    Verb,
)
from sync.plan import holds_values, invoice_values, stored_agrees
from sync.policy import MOST_TRIES, Verdict
from sync.sent import as_sent, creates_sent, updates_sent
from sync.wishes import agreed_on


def answer_time() -> timedelta:
    """How long a call whose answer was lost may still be at work over there; only then is a look-up conclusive."""
    return timedelta(seconds=settings.ANSWER_SECONDS)


def accepted(change: Change, values: Mapping[str, Any], outcome: Outcome) -> bool:
    """The target took it. Returns whether what it stored agrees with what was sent."""
    row = Row(
        kind=RecordKind(change.kind),
        external_id=outcome.external_id,
        raw=outcome.raw,
        record=outcome.record,
        problem="" if outcome.record else "The answer to our write could not be read.",
    )
    return done(change, values, outcome.external_id, row, warnings=outcome.warnings)


def done(
    change: Change,
    values: Mapping[str, Any],
    external_id: str,
    row: Row,
    *,
    warnings: Sequence[str] = (),
    looked_up: bool = False,
) -> bool:
    """Link, snapshot, Change and standing in one transaction, so that none is known without the others.

    ``looked_up``: the object may have been made from earlier facts. What was sent then is remembered as agreed, so that
    the next plan tells what has changed since in the source from what somebody changed in the target.
    """
    now = timezone.now()
    differences = _stored_otherwise(change, values, row)
    with transaction.atomic():
        if row.record is not None:
            snapshots.store_one(change.connection, row)
        if change.kind not in CREDIT_KINDS:  # a credit has no partner in the source
            _link(change, external_id, row, looked_up=looked_up)
        Change.objects.filter(pk=change.pk).update(
            state=ChangeState.DONE,
            target_external_id=external_id,
            done_at=now,
            verified_at=None if differences else now,
            look_up_first=False,
            not_before=None,
            parked_as=ParkedAs.NONE,
            reason="stored_differently" if differences else "",
            message=f"{_name(change)} stored it differently: {'; '.join(differences)}"[:500]
            if differences
            else "",
            remarks=[*change.remarks, *warnings],
        )
        _stand(change, Standing.IN_SYNC, "", "")
        if looked_up or MORE_TO_DECIDE in change.remarks:
            _source_of(change).update(to_plan=True)
    return not differences


def _stored_otherwise(change: Change, values: Mapping[str, Any], row: Row) -> list[str]:
    if change.kind in CREDIT_KINDS:  # the connector told its allocation by invoice and amount
        return []
    if row.record is None:
        return ["it can't be read"]
    return stored_agrees(change.kind, values, row.record)


def _link(change: Change, external_id: str, row: Row, *, looked_up: bool) -> None:
    now = timezone.now()
    there = _there(change.kind, row)
    if not looked_up:
        # An answer may leave out what it stored: that was not lost, and a later difference is not a person's doing.
        there = {name: value or change.values.get(name, value) for name, value in there.items()}
    if change.verb == Verb.CREATE:
        sent = change
        if looked_up:
            key = change.source_external_id
            sent = creates_sent(change.source_connection, change.connection, change.kind, [key]).get(
                key, change
            )
            there = as_sent(there, sent.values)
        Link.objects.update_or_create(
            source_connection=change.source_connection,
            target_connection=change.connection,
            kind=change.kind,
            source_external_id=change.source_external_id,
            defaults={
                "practice_id": change.practice_id,
                "target_external_id": external_id,
                "method": LinkMethod.WRITTEN,
                "confidence": 1,
                "reasons": ["Written by this app"],
                "base_source": sent.values,
                "source_digest": sent.source_digest,
                "base_target": there,
                "agreed_at": now,
            },
        )
        return
    link = Link.objects.select_for_update().get(
        source_connection=change.source_connection,
        target_connection=change.connection,
        kind=change.kind,
        source_external_id=change.source_external_id,
    )
    if link.target_external_id != external_id:  # a payment that was posted again
        link.former_target_external_ids = [*link.former_target_external_ids, link.target_external_id]
        link.target_external_id = external_id
        link.method, link.reasons = LinkMethod.WRITTEN, ["Written by this app"]
    ours = {**_unanswered(change, link, there, row), **agreed_on(change.values, change.asked_for)}
    link.base_source = {**link.base_source, **ours}
    # Only what was written is agreed on: what somebody changed there besides stays a change of theirs.
    written = {name: value for name, value in there.items() if name in ours}
    link.base_target = {**link.base_target, **written}
    link.source_digest = change.source_digest or link.source_digest
    link.agreed_at = now
    link.save(
        update_fields=[
            *("target_external_id", "former_target_external_ids", "method", "reasons"),
            *("base_source", "base_target", "source_digest", "agreed_at"),
        ]
    )


def _unanswered(change: Change, link: Link, there: dict[str, Any], row: Row) -> dict[str, Any]:
    """What earlier updates without an answer left there: agreed on with this one, or nobody would know it later."""
    key = (change.kind, change.source_external_id)
    agreed = {key: link.agreed_at} if link.agreed_at is not None else {}
    sent = updates_sent(change.source_connection, change.connection, agreed).get(key, {})
    if not sent or row.record is None:
        return {}
    if change.kind == Kind.CONTACT:
        return arrived_fields(sent, there, change.practice.country)
    if change.kind == Kind.INVOICE and isinstance(row.record, Invoice) and holds_values(row.record, sent):
        return sent
    return {}


def _there(kind: str, row: Row) -> dict[str, Any]:
    if row.record is None:
        return {}
    if kind == Kind.CONTACT:
        return contact_values(row.record)  # type: ignore[arg-type]
    if kind == Kind.INVOICE:
        return invoice_values(row.record)  # type: ignore[arg-type]
    return {}


def is_foreign(change: Change, values: Mapping[str, Any], row: Row) -> bool:
    """Whether an invoice found under our number is someone else's: another client's and over another amount."""
    record = row.record
    if change.verb != Verb.CREATE or change.kind != Kind.INVOICE or not isinstance(record, Invoice):
        return False
    wanted = values.get("contact_external_id", "")
    other = bool(wanted and record.contact_external_id and record.contact_external_id != wanted)
    return record.type not in {"", "ACCREC"} or (other and record.total != Decimal(values["total"]))


def is_other_amount(change: Change, values: Mapping[str, Any], row: Row) -> bool:
    """Whether a payment found under our reference is not known to be of our amount."""
    if change.verb != Verb.UPDATE or change.kind != Kind.PAYMENT:
        return False
    return not isinstance(row.record, Payment) or row.record.amount != Decimal(values["amount"])


def other_amount(change: Change) -> None:
    text = (
        f"{_name(change)} has a payment with this reference on the invoice, and not over this amount. Put that right "
        "there, then retry this: it is looked up first."
    )
    _park(change, ParkedAs.REJECTED, "amount_differs", text, look_up=True)


def number_taken(change: Change) -> None:
    text = f"{_name(change)} has another document with the number {change.natural_key}: another client, another total."
    _park(change, ParkedAs.REJECTED, "duplicate_number", f"{text} Change that one's number, then retry this.")


def linked_elsewhere(change: Change) -> None:
    """The target's record belongs to another record here; which one is right is for a person to say."""
    text = (
        f"What {_name(change)} has for it is linked to another record here. Check which of the two is right."
    )
    _park(change, ParkedAs.REJECTED, "already_linked", text, look_up=True)


def send_alone(changes: Sequence[Change], reason: str) -> None:
    """The target refused the whole batch and carried out none of it: each goes out by itself."""
    ids = [change.pk for change in changes]
    Change.objects.filter(pk__in=ids, state=ChangeState.IN_FLIGHT).update(
        state=ChangeState.PENDING, reason=reason, not_before=None
    )


def holds(change: Change, row: Row) -> bool:
    """Whether the target's object already has the values of an update."""
    there = _there(change.kind, row)
    return all(
        str(there.get(name, "")) == str(value) for name, value in change.values.items() if name in there
    )


def send_again(change: Change) -> None:
    """Looked up and not there: it may be sent now."""
    _back(change, look_up_first=False, not_before=None)


def overtaken(change: Change) -> None:
    """Looked up and not there, and no plan wants it any more: it is over, and its record is planned anew."""
    with transaction.atomic():
        Change.objects.filter(pk=change.pk).update(
            state=ChangeState.SUPERSEDED, look_up_first=False, done_at=timezone.now()
        )
        _source_of(change).update(to_plan=True)


def unclear(change: Change, wait: timedelta) -> None:
    """The answer said nothing about this element: look it up before anything else."""
    if change.tries >= MOST_TRIES:
        _park(
            change,
            ParkedAs.UNCLEAR,
            "unclear",
            f"{_name(change)}'s answers did not say whether this was done.",
            look_up=True,
        )
        return
    _back(change, look_up_first=True, not_before=timezone.now() + wait)


def refused(change: Change, messages: Sequence[str], wait: timedelta) -> bool:
    """The target refused this element. Returns whether it now needs a person."""
    cause = explain(change.connection.provider, messages)
    if cause.parks_as == "unclear" and change.tries < MOST_TRIES:
        _back(change, look_up_first=True, not_before=timezone.now() + wait)
        return False
    said = "; ".join(messages)
    text = f"{cause.sentence} {cause.fix}" + (f" {_name(change)}'s words: {said}" if said else "")
    _park(change, ParkedAs(cause.parks_as), cause.code, text)
    return True


def after_failure(
    change: Change, verdict: Verdict, *, message: str, messages: Sequence[str], look_up: bool
) -> None:
    """The whole call failed. A failed look-up stays a look-up; a sending that may have arrived becomes one."""
    if verdict.state == ChangeState.PARKED:
        cause = explain(change.connection.provider, messages) if messages else None
        text = (
            f"{cause.sentence} {cause.fix} {_name(change)}'s words: {'; '.join(messages)}"
            if cause
            else message
        )
        reason = cause.code if cause else verdict.parked_as
        _park(change, ParkedAs(verdict.parked_as), reason, text, look_up=look_up or verdict.look_up_first)
        return
    tries = change.tries if verdict.counts or look_up else max(change.tries - 1, 0)
    not_before = verdict.not_before
    if verdict.look_up_first and not look_up:
        not_before = max(not_before or timezone.now(), timezone.now() + answer_time())
    _back(
        change,
        look_up_first=look_up or verdict.look_up_first,
        not_before=not_before,
        tries=tries,
        message=message[:500],
    )


def hold(change: Change, reason: str, text: str) -> None:
    Change.objects.filter(pk=change.pk).update(state=ChangeState.HELD, reason=reason, message=text[:500])
    _stand(change, Standing.HELD, reason, text)


def needs_reconnect(connection: Connection, message: str) -> None:
    """Flag the connection once; what waits for it stays pending and goes on after a reconnect."""
    with transaction.atomic():
        flagged = Connection.objects.filter(pk=connection.pk, state=ConnectionState.CONNECTED).update(
            state=ConnectionState.NEEDS_RECONNECT, state_reason=message[:300]
        )
        if flagged:
            name = connection.get_provider_display()
            audit(
                connection.practice,
                None,
                "connection.needs_reconnect",
                f"{name} needs reconnecting: {message}"[:500],
                object=connection,
            )


def _name(change: Change) -> str:
    return change.connection.get_provider_display()


def _back(change: Change, **values: Any) -> None:
    Change.objects.filter(pk=change.pk).update(state=ChangeState.PENDING, **values)


def _park(change: Change, parked_as: ParkedAs, reason: str, text: str, *, look_up: bool = False) -> None:
    Change.objects.filter(pk=change.pk).update(
        state=ChangeState.PARKED,
        parked_as=parked_as,
        reason=reason[:40],
        message=text[:500],
        look_up_first=look_up,
        not_before=None,
    )
    _stand(change, Standing.PARKED, parked_as, text)


def _source_of(change: Change) -> QuerySet[Snapshot]:
    """The record that a Change is about, as last read."""
    record_id = change.source_external_id.split("/", 1)[0]
    rows: QuerySet[Snapshot] = Snapshot.objects.filter(
        connection=change.source_connection, kind=change.kind, external_id=record_id
    )
    return rows


def _stand(change: Change, standing: Standing, reason: str, text: str) -> None:
    """Keep the source record's standing current between plans. A payment stands in sync when all its shares do."""
    record_id = change.source_external_id.split("/", 1)[0]
    source = _source_of(change)
    if standing == Standing.IN_SYNC and record_id != change.source_external_id:
        shares = source.values_list("record__invoice_external_ids", flat=True).first() or []
        # By exact ids, which an index answers; by the common stem every open payment would be looked through.
        others = Change.objects.open().filter(
            practice=change.practice_id,
            connection=change.connection_id,
            kind=change.kind,
            source_external_id__in=[f"{record_id}/{share}" for share in shares],
        )
        if len(shares) > 1 and others.exclude(pk=change.pk).exists():
            return
    source.update(standing=standing, standing_reason=reason[:40], standing_text=text[:500])
