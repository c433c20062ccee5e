"""What comparing comes to in a large practice: differences, comparisons, versions of records, and months to close.

Of 5,000 clients, mixed in kind, state, owner, age and currency, and as often on the same document as they are in life.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from bench.big_practice import Big, ago, name_of
from bench.bulk import choose, fill
from connectors.stored import dump
from practices.models import Membership, Role, User
from sync.close.clearing import CAUSES
from sync.close.items import MOST_ITEMS, Item
from sync.close.months import MOST_NAMED, Draft
from sync.close.movements import PARTS
from sync.models import (
    Mismatch,
    MonthFigures,
    PastRecord,
    ReconcileRun,
    SavedView,
    Snapshot,
    Workings,
)
from sync.reconcile.kind import KindOf
from sync.reconcile.kinds import KINDS, rank

CLIENTS = 5_000
COMPARISONS_EACH = 200
"""One comparison for so many differences; two years of them at full size."""
MONTHS = 24
PEOPLE = 12
WITHOUT_DOCUMENT = frozenset({"contact", "connection", "sync", "payout"})
"""Kinds of these are about a client, a system or a write, not about one document."""
STATE = "CASE WHEN n % 10 < 7 THEN 'open' WHEN n % 10 < 9 THEN 'fixed' ELSE 'accepted' END"


def make_mismatches(big: Big) -> None:
    """As many differences as the practice has Changes, and all that hangs on comparing."""
    runs = _comparisons(big)
    people = _people(big)
    _differences(big, runs, people)
    _past(big)
    _months(big)
    for number in range(20):
        SavedView.objects.create(
            practice=big.practice, owner=big.owner, name=f"View {number}", query=f"least={number}00"
        )


def kinds() -> list[KindOf]:
    """Those that become rows, in the order in which they are dealt out."""
    return sorted(
        (item for item in KINDS.values() if item.is_checked and item.kept), key=lambda item: item.code
    )


def _people(big: Big) -> list[int]:
    """A team: its members look after every tenth difference."""
    out = [big.owner.pk]
    for number in range(PEOPLE):
        user = User.objects.create_user(
            f"{big.practice.slug}{number}@staff.example", "not used", name=f"Member {number}"
        )
        Membership.objects.create(practice=big.practice, user=user, role=Role.STAFF)
        out.append(user.pk)
    return out


def _differences(big: Big, runs: range, people: list[int]) -> None:
    dealt = kinds()
    # Not in step with the states, so that each kind is in each of them.
    turn = f"((n + n / 10)::bigint * 7919 % {len(dealt)})"
    place = f"1 + ({turn})::int"
    client, document = f"(1 + n % {CLIENTS})", f"(1 + n / 2 % {max(big.sizes.invoices, 1)})"
    on_one = f"(ARRAY{[item.about not in WITHOUT_DOCUMENT for item in dealt]!s})[{place}]"
    money = f"CASE WHEN n % 5 = 0 OR (NOT {on_one} AND n % 19 > 0) THEN 0 ELSE 100 + n::bigint * 37 % 9000 + 0.5 END"
    owner = f"(ARRAY{people!s})[1 + n / 10 % {len(people)}]"
    seen = ago(f"n::bigint * 7 % {400}")
    fill(
        Mismatch,
        big.sizes.changes,
        joined=f"CROSS JOIN LATERAL (SELECT {money} AS money, {on_one} AS on_one, {client} AS client,"
        f" {document} AS document, {STATE} AS state_is) AS drawn",
        practice_id=str(big.practice.pk),
        fingerprint="md5('mismatch' || n) || md5(n::text)",
        kind=choose([item.code for item in dealt], turn),
        about=choose([item.about for item in dealt], turn),
        rank=f"(ARRAY{[rank(item.code) for item in dealt]!s})[{place}]",
        state="state_is",
        text="'Ignition has ' || money || ', Xero ' || money + 10 || ': ' || md5(n::text)",
        client=name_of("client"),
        client_external_id="'ign_contact_' || client",
        document="CASE WHEN on_one THEN 'INV-' || lpad(document::text, 7, '0') ELSE '' END",
        dated_on=f"CASE WHEN on_one THEN (now() - (document * 400::bigint / {big.sizes.invoices})"
        " * interval '1 day')::date END",
        source_external_ids="jsonb_build_array(CASE WHEN on_one THEN 'ign_invoice_' || document ELSE 'ign_contact_'"
        " || client END)",
        target_external_ids="CASE WHEN n % 3 = 0 THEN '[]' ELSE jsonb_build_array(CASE WHEN on_one THEN"
        " 'xero_invoice_' || document ELSE 'xero_contact_' || client END) END",
        money="money",
        tax="round(money / 11, 2)",
        at_stake="money",
        tax_at_stake="round(money / 11, 2)",
        currency="CASE WHEN money = 0 THEN '' WHEN n % 17 = 0 THEN 'NZD' ELSE 'AUD' END",
        first_seen_at=seen,
        last_seen_at="now()",
        times_seen="1 + n % 300",
        seen_in_id=f"{runs.start} + n % {len(runs)}",
        fixed_at=f"CASE WHEN state_is = 'fixed' THEN {seen} + interval '12 hours' END",
        owner_id=f"CASE WHEN n % 10 = 3 THEN {owner} END",
        accepted_at=f"CASE WHEN state_is = 'accepted' THEN {seen} + interval '1 day' END",
        accepted_by_id=f"CASE WHEN state_is = 'accepted' THEN {big.owner.pk} END",
        reason="CASE WHEN state_is = 'accepted' THEN 'Agreed with the client' ELSE '' END",
    )


def _comparisons(big: Big) -> range:
    count = max(big.sizes.changes // COMPARISONS_EACH, MONTHS * 31)
    at = ago(f"730.0 * ({count} - n) / {count}")
    total = (
        "jsonb_build_object('measure', {}, 'currency', 'AUD', 'left', '100000.00', 'right', '99000.00',"
        " 'left_count', 900, 'right_count', 890, 'causes', jsonb_build_array(jsonb_build_object('kind',"
        " 'invoice_missing', 'count', 10, 'amount', '-1000.00')))"
    )
    lists = ", ".join(
        f"jsonb_build_object('side', '{side}', 'system', '{system}', 'kind', '{kind}', 'records', 9000,"
        " 'unreadable', 0, 'read_at', '2026-11-01T00:00:00+00:00')"
        for side, system in (("source", "Ignition"), ("target", "Xero"))
        for kind in ("contact", "invoice", "payment", "credit_note")
    )
    return fill(
        ReconcileRun,
        count,
        practice_id=str(big.practice.pk),
        state="CASE WHEN n % 90 = 1 THEN 'failed' ELSE 'done' END",
        scope="CASE WHEN n % 4 = 0 THEN 'full' ELSE 'changed' END",
        trigger="CASE WHEN n % 4 = 0 THEN 'schedule' ELSE 'event' END",
        totals=f"jsonb_build_array({total.format(chr(39) + 'invoices' + chr(39))},"
        f" {total.format(chr(39) + 'payments' + chr(39))})",
        coverage=f"jsonb_build_array({lists})",
        counts="jsonb_build_object('invoice_missing', jsonb_build_object('count', 10, 'amounts', jsonb_build_object("
        "'AUD', jsonb_build_object('at_stake', '1000.00', 'money', '-1000.00', 'tax', '0.00'))))",
        found=str(big.sizes.changes),
        open_count=f"{big.sizes.changes} - n",
        open_money="jsonb_build_object('AUD', (n * 100)::text)",
        started_at=at,
        finished_at=f"{at} + interval '30 seconds'",
    )


def _past(big: Big) -> None:
    """Five earlier versions of every tenth record."""
    first = Snapshot.objects.filter(practice=big.practice).order_by("pk").values_list("pk", flat=True)[0]
    number = Snapshot.objects.filter(practice=big.practice).count()
    fill(
        PastRecord,
        number // 2,
        practice_id=str(big.practice.pk),
        snapshot_id=f"{first} + (n - 1) / 5 * 10",
        record="jsonb_build_object('external_id', 'ign', 'total', (100 + n % 5)::text, 'currency', 'AUD')",
        standing="'in_sync'",
        since=ago("60 + (5 - n % 5) * 100"),
        until=ago("60 + (4 - n % 5) * 100"),
    )


def _months(big: Big) -> None:
    """Two years of months as full as they are kept: named drafts, and every item of the clearing account."""
    run = ReconcileRun.objects.filter(practice=big.practice, scope="full").order_by("-pk").first()
    Workings.objects.create(practice=big.practice, made_at=timezone.now(), run=run)
    today = datetime.now(UTC).date()
    for back in range(MONTHS):
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        day = date(year, month + 1, 1)
        MonthFigures.objects.create(practice=big.practice, month=day, figures=_figures(day))


def _figures(month: date) -> dict[str, Any]:
    cause = {"kind": "invoice_missing", "count": 40, "amount": "-4000.00"}
    totals = [
        {
            "measure": measure,
            "currency": "AUD",
            "left": "90000.00",
            "right": "86000.00",
            "left_count": 900,
            "right_count": 860,
            "causes": [cause],
        }
        for measure in ("invoices", "tax", "payments")
    ]
    drafts = [
        Draft(
            target_id=f"xero_invoice_{number}",
            number=f"INV-{number:07}",
            client=f"Client {number}",
            day=month + timedelta(days=number % 28),
            currency="AUD",
            total=Decimal("110.00"),
            tax=Decimal("10.00"),
        )
        for number in range(MOST_NAMED)
    ]
    causes = sorted(CAUSES)
    items = [
        Item(
            key=f"item {number}",
            cause=causes[number % len(causes)],
            amount=Decimal("1.50"),
            since=month,
            client=f"Client {number}",
            document=f"INV-{number:07}",
        )
        for number in range(MOST_ITEMS)
    ]
    proof = {
        "month": month.isoformat(),
        "currency": "AUD",
        "opening": "0.00",
        "parts": dict.fromkeys(PARTS, "0.00"),
        "items": [dump(item) for item in items],
    }
    return {
        "totals": totals,
        "drafts": {"count": 900, "named": [dump(item) for item in drafts]},
        "crossings": [],
        "clearing": [proof],
    }
