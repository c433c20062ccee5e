"""Loading our own bookkeeping for a comparison: connections, lists, writes, approvals and what was accepted."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Func, JSONField, Max, Min, OuterRef, Subquery

from connectors.records import Invoice, Kind
from connectors.stored import load
from mappings.spec import Facts, is_active
from practices.features import missing_features
from practices.models import AuthKind, Connection, ConnectionState, Membership
from sync.models import (
    Approval,
    ApprovalState,
    Change,
    ChangeState,
    Cursor,
    Event,
    Flow,
    LinkMethod,
    Mismatch,
    MismatchState,
    Mode,
    ParkedAs,
    PastRecord,
    Snapshot,
    Verb,
)
from sync.reconcile.ours import Accepted, Listed, Ours, Setting, System, Unread, Waiting, Write
from sync.world import World, as_records

CHANGED_DAYS = 3
"""Records changed within this many days should have been reported by a system that reports."""
SETTLED = timedelta(hours=1)
"""A change so young may still be reported."""
SAME_WRITE = timedelta(minutes=1)
"""A link agreed later than this after an approved write was written again since."""
PAYMENT_FIELDS = (
    "amount_paid",
    "amount_due",
    "amount_credited",
    "paid_on",
    "status",
    "sent_to_contact",
    "expected_payment_date",
    "source_updated_at",
)
STORED_DAYS = 90
"""What the target stored differently longer ago than this is history."""
MOST = 1000
"""Rows of one sort that are shown; the pages have all of them."""
_LOCKED = ("locked_by_money", "period_locked", "target_archived")


def load_ours(world: World, read: Mapping[tuple[str, Kind | str], datetime | None]) -> Ours:
    sides = world.sides
    both = [("source", sides.source), ("target", sides.target)]
    return Ours(
        systems=tuple(_system(world, connection) for _, connection in both),
        lists=tuple(
            Listed(
                key=f"{side} {kind}",
                name=f"{connection.get_provider_display()}'s list of {str(kind).replace('_', ' ')}s",
                read_at=read.get((side, kind)),
                since=connection.connected_at,
            )
            for side, connection in both
            for kind in [kind for where, kind in read if where == side]
        ),
        writes=tuple(_writes(world)),
        waiting=tuple(_waiting(world)),
        unread=tuple(_unread(world)),
        settings=tuple(_settings(world)),
        accepted=tuple(
            Accepted(fingerprint=key, ceiling=ceiling, until=until)
            for key, ceiling, until in Mismatch.objects.filter(
                practice=sides.practice, state=MismatchState.ACCEPTED
            ).values_list("fingerprint", "ceiling", "accepted_until")
        ),
        repeats=_repeats(world),
    )


def _system(world: World, connection: Connection) -> System:
    grant = connection.grant
    lost = connection.state != ConnectionState.CONNECTED
    changed = Snapshot.objects.filter(
        connection=connection,
        changed_at__gt=world.now - timedelta(days=CHANGED_DAYS),
        changed_at__lt=world.now - SETTLED,
    )
    reported = Event.objects.filter(connection=connection).aggregate(Max("received_at"))["received_at__max"]
    told = connection.hook_secrets.exists()
    return System(
        key=connection.provider,
        name=connection.get_provider_display(),
        lost=(connection.state_reason or "it needs to be connected again.") if lost else "",
        renewed_at=grant.refreshed_at if grant is not None and grant.auth_kind == AuthKind.OAUTH2 else None,
        organisations=_organisations(connection),
        missing=tuple(missing_features(connection)),
        owner_left=_owner_left(connection),
        is_told=told,
        reported_at=reported,
        changed=changed[:MOST].count() if told else 0,
        ahead_seconds=_ahead(connection),
    )


def _organisations(connection: Connection) -> tuple[str, ...]:
    found = as_records(connection, Kind.ORGANISATION).values()
    return tuple(sorted(item.name for item in found))


def _owner_left(connection: Connection) -> str:
    user = connection.connected_by
    if user is None:
        return ""
    if user.is_staff and user.is_active:
        return ""
    stays = (
        user.is_active
        and Membership.objects.filter(practice_id=connection.practice_id, user_id=user.pk).exists()
    )
    return "" if stays else str(user)


def _ahead(connection: Connection) -> int:
    """By how many seconds the system's clock was ahead of ours when a list was last read to its end."""
    rows = Cursor.objects.filter(connection=connection, since__isnull=False, completed_at__isnull=False)
    gaps = [(since - done).total_seconds() for since, done in rows.values_list("since", "completed_at")]
    return max((int(gap) for gap in gaps), default=0)


def _writes(world: World) -> Iterator[Write]:
    """Writes that are not settled: no answer, stored differently, changed on both sides, or locked."""
    rows = Change.objects.filter(practice=world.sides.practice, connection=world.sides.target)
    matters = (
        ("unclear", rows.filter(state=ChangeState.PARKED, parked_as=ParkedAs.UNCLEAR)),
        (
            "stored_differently",
            rows.filter(
                state=ChangeState.DONE,
                reason="stored_differently",
                done_at__gt=world.now - timedelta(days=STORED_DAYS),
            ),
        ),
        ("conflict", rows.filter(state=ChangeState.HELD, reason="conflict")),
        (
            "target_locked",
            rows.filter(
                verb=Verb.UPDATE, state__in=[ChangeState.HELD, ChangeState.PARKED], reason__in=_LOCKED
            ),
        ),
    )
    for matter, found in matters:
        listed = list(found.order_by("pk")[:MOST])
        for row in _changed_on_both(world, listed) if matter == "conflict" else listed:
            yield Write(
                key=f"{row.kind} {row.source_external_id}"[:300],
                matter=matter,
                title=row.title,
                text=row.message,
                source_id=row.source_external_id,
                target_id=row.target_external_id,
                client_external_id=_client_of(world, row),
                amount=row.amount,
                currency=row.currency,
                dated_on=row.date,
            )


def _changed_on_both(world: World, rows: list[Change]) -> Iterator[Change]:
    """Conflicts that came about since both sides agreed; values that never agreed are told as what differs.

    A value that nobody wrote down when they were linked has changed when its record has.
    """
    keys = [row.source_external_id for row in rows if row.kind == Kind.CONTACT]
    links = {
        link.source_external_id: link
        for link in world.sides.links().filter(kind=Kind.CONTACT, source_external_id__in=keys)
    }
    sources = Snapshot.objects.of(world.sides.source, Kind.CONTACT).filter(external_id__in=keys)
    changed = dict(sources.values_list("external_id", "changed_at"))
    for row in rows:
        link = links.get(row.source_external_id) if row.kind == Kind.CONTACT else None
        if link is None:
            yield row
            continue
        moved = _is_later(changed.get(row.source_external_id), link.agreed_at)
        for name, there in row.before.items():
            ours = link.base_source.get(name)
            source_moved = ours != row.values.get(name) if ours is not None else moved
            if source_moved and link.base_target.get(name, there) != there:
                yield row
                break


def _is_later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one > other


def _client_of(world: World, row: Change) -> str:
    if row.kind == Kind.CONTACT:
        return str(row.source_external_id)
    if row.kind == Kind.INVOICE:
        invoice = world.invoices.get(row.source_external_id)
        return invoice.contact_external_id if invoice is not None else ""
    payment = world.payments.get(row.source_external_id.split("/")[0])
    return payment.contact_external_id if payment is not None else ""


def _waiting(world: World) -> Iterator[Waiting]:
    rows = Approval.objects.filter(practice=world.sides.practice, state=ApprovalState.WAITING)
    for row in rows.select_related("change").order_by("pk")[:MOST]:
        yield Waiting(
            key=f"{row.change.kind} {row.change.source_external_id}"[:300],
            title=row.change.title,
            asked_at=row.asked_at,
            source_id=row.change.source_external_id,
            amount=row.change.amount,
            currency=row.change.currency,
        )


def _unread(world: World) -> Iterator[Unread]:
    sides = world.sides
    rows = Snapshot.objects.filter(
        practice=sides.practice, connection__in=[sides.source, sides.target], gone_at=None
    ).exclude(problem="")
    names = {side.pk: side.get_provider_display() for side in (sides.source, sides.target)}
    found = rows.order_by("pk").values_list(
        "connection_id", "kind", "external_id", "problem", "raw__deployment"
    )
    for connection_id, kind, external_id, problem, deployment in found[:MOST]:
        yield Unread(
            key=f"{connection_id} {kind} {external_id}",
            system=names[connection_id],
            kind=kind.replace("_", " "),
            external_id=external_id,
            problem=problem,
            is_source=connection_id == sides.source.pk,
            points_to=_became(deployment) if kind == Kind.INVOICE else (),
        )


def _became(deployment: object) -> tuple[str, ...]:
    """The id and the number in the target of an invoice that could not be read, from what was sent of it."""
    if not isinstance(deployment, dict):
        return ()
    found = (deployment.get("external_id"), deployment.get("external_number"))
    return tuple(item.lower() for item in found if isinstance(item, str) and item)


def _settings(world: World) -> Iterator[Setting]:
    """Accounts and tax types that the mapping uses and the target does not offer for that."""
    choices, facts = world.spec.choices, world.spec.facts
    if not facts.accounts or not facts.tax_rates:
        return
    sales = {choices.sales_account, *choices.account_by_service.values()} - {""}
    clearing = choices.clearing_accounts
    taxes = {choices.default_tax, *choices.tax_by_label.values()} - {""}
    waits = _waits(world)
    for code in sorted(sales | clearing):
        text = _account(facts, code, takes_payments=code in clearing)
        if text:
            yield Setting(key=f"account {code}", is_tax=False, text=text, waiting=waits)
    for code in sorted(taxes):
        rate = facts.tax_rates.get(code)
        if rate is None or not is_active(rate):
            yield Setting(
                key=f"tax {code}", is_tax=True, text=f"The tax type {code} is not active.", waiting=waits
            )
        elif not rate.for_revenue:
            yield Setting(key=f"tax {code}", is_tax=True, text=f"The tax type {code} is not for sales.")


def _account(facts: Facts, code: str, *, takes_payments: bool) -> str:
    account = facts.accounts.get(code)
    if account is None:
        return f"The account {code} is not in Xero any more."
    if not is_active(account):
        return f"The account {code} {account.name} is archived."
    if takes_payments and not account.takes_payments:
        return f"The account {code} {account.name} does not take payments any more."
    return ""


def _waits(world: World) -> int:
    """Invoices that wait for the mapping."""
    rows = Change.objects.filter(
        practice=world.sides.practice, kind=Kind.INVOICE, state__in=[ChangeState.HELD, ChangeState.PARKED]
    )
    return rows.filter(reason__in=["account_gone", "account_unmapped", "tax_gone", "tax_unmapped"]).count()


def _repeats(world: World) -> dict[str, int]:
    sides = world.sides
    rows = Event.objects.filter(connection__in=[sides.source, sides.target], repeats__gt=0)
    names = {side.pk: side.get_provider_display() for side in (sides.source, sides.target)}
    counted = rows.order_by().values_list("connection_id").annotate(Count("pk"))
    return {names[pk]: number for pk, number in counted}


def approvals_from(world: World) -> date | None:
    """Since when this app alone writes invoices while a rule holds some for approval; ``None`` when it doesn't."""
    if not any(then.do == "hold" for rule in world.spec.choices.rules for then in rule.then):
        return None
    sides = world.sides
    changed = Flow.objects.filter(
        practice=sides.practice,
        source=sides.source.provider,
        target=sides.target.provider,
        kind=Kind.INVOICE,
        mode=Mode.TAKE_OVER,
    ).aggregate(Min("changed_at"))["changed_at__min"]
    day: date | None = world.day(changed)
    return day


def approved_invoices(world: World) -> dict[str, dict[str, Any]]:
    """What was approved of each invoice and written so, by invoice id; one that was written again since is left out."""
    sides = world.sides
    rows = Approval.objects.filter(
        practice=sides.practice,
        state=ApprovalState.APPROVED,
        change__kind=Kind.INVOICE,
        change__state=ChangeState.DONE,
        change__source_connection=sides.source,
        change__connection=sides.target,
    ).order_by("change__done_at")
    if world.part is not None:
        rows = rows.filter(change__source_external_id__in=world.part.invoices)
    out = {}
    for key, values, done_at in rows.values_list(
        "change__source_external_id", "change__values", "change__done_at"
    ):
        link = world.links.get((Kind.INVOICE, key))
        if link is None or link.agreed_at is None or done_at is None:
            continue
        if link.agreed_at - done_at <= SAME_WRITE:
            out[key] = values
    return out


def agreed_documents(world: World) -> tuple[frozenset[str], dict[str, Invoice]]:
    """Invoices that this app wrote, and what those documents said when both sides last agreed that differ now.

    The database leaves out what only payments change, so that nothing is read of a document that is as it was.
    """
    target = world.sides.target
    links = world.sides.links().filter(kind=Kind.INVOICE)
    if world.part is not None:
        links = links.filter(source_external_id__in=world.part.invoices)
    written = links.filter(method=LinkMethod.WRITTEN).values_list("source_external_id", flat=True)
    mine = links.filter(target_external_id=OuterRef("snapshot__external_id"))
    past = PastRecord.objects.filter(
        snapshot__connection=target, snapshot__kind=Kind.INVOICE, snapshot__gone_at=None, problem=""
    ).annotate(
        agreed_at=Subquery(mine.values("agreed_at")[:1]),
        source=Subquery(mine.values("source_external_id")[:1]),
    )
    then = past.filter(since__lte=F("agreed_at"), until__gt=F("agreed_at"))
    changed = then.exclude(record=F("snapshot__record")).annotate(
        was=_WithoutPayments("record"), is_now=_WithoutPayments("snapshot__record")
    )
    rows = changed.exclude(was=F("is_now")).values_list("source", "record")
    return frozenset(written.iterator(2000)), {key: load(Kind.INVOICE, record) for key, record in rows}


class _WithoutPayments(Func):
    """A document's record without what changes by itself when it is paid, sent or credited."""

    template = f"(%(expressions)s - '{{{','.join(PAYMENT_FIELDS)}}}'::text[])"
    output_field = JSONField()
