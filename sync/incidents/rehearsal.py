"""A dry run: what retrying would come to, from what was read last. A fixed number of queries and no calls."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models.functions import Lower

from practices.models import Connection, ConnectionState, Practice
from sync.incidents.outlook import Outlook, Owed, Target, There, outlook
from sync.models import Change, ChangeState, Cursor, Kind, Link, Snapshot, Verb
from sync.world import Sides, load_facts

SETTINGS = (Kind.ORGANISATION, Kind.ACCOUNT, Kind.TAX_RATE, Kind.TRACKING_CATEGORY, Kind.CURRENCY)
ONE_OF_ALL = (Kind.ORGANISATION, Kind.TRACKING_CATEGORY)
"""Kinds of which any change counts: a refusal does not say which one it was about."""
DEAD = frozenset({"VOIDED", "DELETED", "ARCHIVED"})

Key = tuple[str, str]
"""Kind and id."""


def rehearse(practice: Practice, change_ids: Sequence[int]) -> Outlook | None:
    """What sending these parked Changes again would come to; ``None`` when none of them is parked any more.

    They have to be of one connection, as those of one incident are.
    """
    changes = list(
        Change.objects.filter(practice=practice, pk__in=list(change_ids), state=ChangeState.PARKED)
        .select_related("connection", "source_connection", "flow", "depends_on")
        .order_by("pk")
    )
    if not changes:
        return None
    first = changes[0]
    connection = first.connection
    sides = Sides(practice=practice, source=first.source_connection, target=connection)
    links = _links(sides, changes)
    there = _there(connection, changes, links)
    names = _active_names(connection, changes)
    numbers = _numbers(connection, changes)
    items = [_owed(change, links, there, names, numbers) for change in changes]
    return outlook(items, _target(connection, sides))


def _target(connection: Connection, sides: Sides) -> Target:
    name = str(connection.get_provider_display())
    problem = "" if connection.state == ConnectionState.CONNECTED else f"{name} needs reconnecting first."
    return Target(
        name=name,
        problem=problem,
        facts=load_facts(sides),
        learned=_learned(connection),
        read_at=dict(
            Cursor.objects.filter(connection=connection, variant="", completed_at__isnull=False).values_list(
                "kind", "completed_at"
            )
        ),
    )


def _learned(connection: Connection) -> dict[Key, datetime]:
    """When each of the target's settings last changed for us; an account by its code and by its id."""
    out: dict[Key, datetime] = {}
    rows = Snapshot.objects.filter(connection=connection, kind__in=SETTINGS)
    for kind, external_id, number, received in rows.values_list(
        "kind", "external_id", "number", "received_at"
    ):
        keys = [""] if kind in ONE_OF_ALL else [external_id, number]
        for key in keys:
            if key or kind in ONE_OF_ALL:
                out[kind, key] = max(received, out.get((kind, key), received))
    return out


def _links(sides: Sides, changes: Sequence[Change]) -> dict[Key, str]:
    """Target ids of the records that these belong to."""
    wanted = {external_id for change in changes for external_id in change.refs.values()}
    rows = Link.objects.filter(
        source_connection=sides.source, target_connection=sides.target, source_external_id__in=wanted
    )
    return {
        (kind, source): target
        for kind, source, target in rows.values_list("kind", "source_external_id", "target_external_id")
    }


def _there(connection: Connection, changes: Sequence[Change], links: Mapping[Key, str]) -> dict[Key, There]:
    """The target's records that matter: those written to, and those they belong to."""
    ids = {*links.values(), *(change.target_external_id for change in changes if change.target_external_id)}
    rows = Snapshot.objects.filter(
        connection=connection, kind__in=[Kind.CONTACT, Kind.INVOICE], external_id__in=ids
    )
    return {
        (kind, external_id): There(
            status=status.upper(),
            amount_due=_amount(record.get("amount_due")),
            has_money=bool(_amount(record.get("amount_paid")) or _amount(record.get("amount_credited"))),
            changed_at=received,
        )
        for kind, external_id, status, record, received in rows.values_list(
            "kind", "external_id", "status", "record", "received_at"
        )
    }


def _active_names(connection: Connection, changes: Sequence[Change]) -> dict[str, set[str]]:
    """Ids of active contacts by name, for the names that contacts among these would get."""
    names = {_name(change) for change in changes if change.kind == Kind.CONTACT} - {""}
    if not names:
        return {}
    rows = Snapshot.objects.of(connection, Kind.CONTACT).present().exclude(status__in=DEAD)
    out: dict[str, set[str]] = {}
    found = rows.annotate(low=Lower("name")).filter(low__in=names).values_list("low", "external_id")
    for name, external_id in found:
        out.setdefault(name, set()).add(external_id)
    return out


def _numbers(connection: Connection, changes: Sequence[Change]) -> dict[str, set[str]]:
    """Contacts of the documents that have the numbers which new invoices among these would get."""
    wanted = {_number(change) for change in changes} - {""}
    if not wanted:
        return {}
    rows = Snapshot.objects.of(connection, Kind.INVOICE).present().filter(number__in=wanted)
    out: dict[str, set[str]] = {}
    for number, party in rows.exclude(status__in=DEAD).values_list("number", "party_external_id"):
        out.setdefault(number, set()).add(party)
    return out


def _owed(
    change: Change,
    links: Mapping[Key, str],
    there: Mapping[Key, There],
    names: Mapping[str, set[str]],
    numbers: Mapping[str, set[str]],
) -> Owed:
    partner_kind = {Kind.INVOICE: Kind.CONTACT, Kind.PAYMENT: Kind.INVOICE}.get(Kind(change.kind))
    partner_id = links.get((partner_kind, change.refs.get(partner_kind, "")), "") if partner_kind else ""
    waits = change.depends_on is not None and change.depends_on.state != ChangeState.DONE
    holders = numbers.get(_number(change), set())
    return Owed(
        pk=change.pk,
        kind=change.kind,
        verb=change.verb,
        reason=change.reason,
        parked_as=change.parked_as,
        values=change.values,
        refused_at=change.claimed_at,
        looks_up=change.look_up_first or change.first_sent_at is not None,
        mode=change.flow.mode,
        unlinked=bool(partner_kind and change.verb == Verb.CREATE and not partner_id and not waits),
        waits_for=change.depends_on.title if waits and change.depends_on else "",
        partner=there.get((str(partner_kind), partner_id)) if partner_id else None,
        itself=there.get((change.kind, change.target_external_id)),
        name_taken=bool(names.get(_name(change), set()) - {change.target_external_id}),
        number_taken=bool(holders and partner_id and partner_id not in holders),
    )


def _name(change: Change) -> str:
    return str(change.values.get("name") or "").lower() if change.kind == Kind.CONTACT else ""


def _number(change: Change) -> str:
    return change.natural_key if change.kind == Kind.INVOICE and change.verb == Verb.CREATE else ""


def _amount(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)) if value not in (None, "") else None
    except ArithmeticError:
        return None
