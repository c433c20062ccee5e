"""Loading the money of a difference about payouts: each payout with what is in it, and what Xero's bank has of it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from django.db.models import Q

from connectors.records import BankTransaction, Collection, Payment
from connectors.records import Kind as RecordKind
from connectors.stored import load
from mappings.services import load_choices
from practices.models import Practice, Provider
from sync.deeplinks import deep_link
from sync.models import Kind, Mismatch, Snapshot
from sync.pages.bank_table import (
    FEE_KINDS,
    MARKED,
    NOT_THERE,
    ZERO,
    BankSide,
    Movement,
    OnBank,
    PaidOut,
    bank_rows,
    beside,
)
from sync.pages.diff import Value

MOST_PAYOUTS = 20
MOST_ROWS = 40
"""Movements of money listed of one payout."""
BACK = timedelta(days=400)
"""So long before a payout the money in it was collected, at most: what is disputed goes back months later."""
AHEAD = timedelta(days=7)
NOT_PAYOUTS = frozenset({"payout_fee", "payout_item_old", "payout_clearing"})
"""Differences about single payments, though they count as payouts."""

Dated = tuple[date | None, Collection]
"""A movement of money and the day, where the practice is, on which it began."""


def bank_side(practice: Practice, item: Mismatch) -> BankSide | None:
    """Nothing for differences about something else. At most ten queries, however many records it is about."""
    is_bank = item.about == "payout" or item.kind == "connection_bank_rule"
    if not is_bank or item.kind in NOT_PAYOUTS:
        return None
    lines = _lines(practice, item)
    payouts = _fees(practice, item) if item.kind in FEE_KINDS else _payouts(practice, item)
    if not payouts and not lines:
        return None
    several = len(payouts) > 1
    clearing = {} if several else _accounts(practice, set(load_choices(practice)[1].clearing_accounts))
    return BankSide(
        payouts=payouts,
        lines=lines,
        rows=[] if several else bank_rows(item.kind, item.currency, payouts, lines, _words(clearing)),
        pairs=beside(payouts, lines) if several else (),
        is_bill=item.kind in FEE_KINDS,
        nothing_there=item.kind in NOT_THERE and not lines,
    )


def _words(accounts: Mapping[str, str]) -> str:
    return ", ".join(sorted(set(accounts.values())))


def _payouts(practice: Practice, item: Mismatch) -> list[PaidOut]:
    wanted = [str(key) for key in item.source_external_ids[:MOST_PAYOUTS]]
    rows = _collections(practice, item, Q(record__payout_external_id__in=wanted)) if wanted else []
    by_payout: dict[str, list[Dated]] = {}
    for day, row in rows:
        if not item.currency or (row.currency or item.currency) == item.currency:
            by_payout.setdefault(row.payout_external_id, []).append((day, row))
    names = _invoices(practice, [row for _, row in rows])
    return [_paid_out(key, found, item.currency, names) for key, found in by_payout.items()]


def _fees(practice: Practice, item: Mismatch) -> list[PaidOut]:
    """The fees that Ignition billed on the day of the difference, as one bill."""
    if item.dated_on is None:
        return []
    found = _collections(practice, item, Q(record__fee_billed_on=item.dated_on.isoformat()))
    rows = [row for _, row in found if row.fee and (row.currency or item.currency) == item.currency]
    whole = sum((row.fee or ZERO for row in rows), ZERO)
    value = Value(whole, "money", item.currency)
    return (
        [PaidOut(external_id="", day=item.dated_on, value=value, movements=(), more=len(rows))]
        if rows
        else []
    )


def _collections(practice: Practice, item: Mismatch, wanted: Q) -> list[Dated]:
    rows = Snapshot.objects.filter(
        wanted, practice=practice, connection__provider=Provider.IGNITION, kind=Kind.COLLECTION, problem=""
    )
    if item.dated_on is not None:
        within = Q(date__gte=item.dated_on - BACK, date__lte=item.dated_on + AHEAD)
        rows = rows.filter(within | Q(date=None))
    records = rows.order_by("date", "pk").values_list("date", "record")
    return [(day, load(RecordKind.COLLECTION, record)) for day, record in records]


def _invoices(practice: Practice, rows: Sequence[Collection]) -> dict[str, tuple[int, str, str]]:
    """Record, number and client of each invoice by its id."""
    ours = Snapshot.objects.filter(practice=practice, connection__provider=Provider.IGNITION)
    ids = {row.invoice_external_id for row in rows} - {""}
    found = ours.filter(kind=Kind.INVOICE, external_id__in=ids).values_list(
        "external_id", "pk", "number", "party_external_id"
    )
    invoices = list(found)
    clients = dict(
        ours.filter(kind=Kind.CONTACT, external_id__in={row[3] for row in invoices} - {""}).values_list(
            "external_id", "name"
        )
    )
    return {key: (pk, number or key, clients.get(party, "")) for key, pk, number, party in invoices}


def _paid_out(
    key: str, rows: Sequence[Dated], currency: str, names: Mapping[str, tuple[int, str, str]]
) -> PaidOut:
    code = currency or next((row.currency for _, row in rows if row.currency), "")
    whole = sum((-row.amount if row.is_clawback else row.amount for _, row in rows), ZERO)
    days = [day for _, row in rows if (day := row.arrives_on or row.submitted_on) is not None]
    movements = []
    for day, row in rows[:MOST_ROWS]:
        pk, number, client = names.get(row.invoice_external_id, (None, row.invoice_external_id, ""))
        movements.append(
            Movement(
                day=day,
                client=client,
                number=number,
                invoice=pk,
                value=Value(-row.amount if row.is_clawback else row.amount, "money", code),
                is_back=row.is_clawback,
            )
        )
    return PaidOut(
        external_id=key,
        day=max(days, default=None),
        value=Value(whole, "money", code),
        movements=movements,
        more=max(len(rows) - MOST_ROWS, 0),
    )


def _lines(practice: Practice, item: Mismatch) -> list[OnBank]:
    wanted = [str(key) for key in item.target_external_ids[:MOST_PAYOUTS]]
    if not wanted:
        return []
    there = Snapshot.objects.filter(practice=practice, connection__provider=Provider.XERO)
    rows = list(
        there.filter(kind__in=[Kind.BANK_TRANSACTION, Kind.PAYMENT], external_id__in=wanted, problem="")
        .select_related("connection")
        .order_by("date", "pk")
    )
    records = [(row, load(RecordKind(row.kind), row.record)) for row in rows]
    named = _accounts(practice, {code for _, record in records for code in _codes(record)})
    contacts = dict(
        there.filter(
            kind=Kind.CONTACT, external_id__in={row.party_external_id for row in rows} - {""}
        ).values_list("external_id", "name")
    )
    numbers = dict(
        there.filter(kind=Kind.INVOICE, external_id__in=wanted).values_list("external_id", "number")
        if any(row.kind == Kind.PAYMENT for row in rows)
        else ()
    )
    return [
        _of_payment(item, row, record, named, numbers)
        if isinstance(record, Payment)
        else _of_line(item, row, record, named, contacts)
        for row, record in records
    ]


def _codes(record: BankTransaction | Payment) -> set[str]:
    parts = record.lines if isinstance(record, BankTransaction) else ()
    return {record.account_code, record.account_external_id, *(part.account_code for part in parts)} - {""}


def _accounts(practice: Practice, keys: set[str]) -> dict[str, str]:
    """Accounts in words, by code and by id; a code that Xero no longer has stays a code."""
    rows = Snapshot.objects.filter(
        Q(number__in=keys) | Q(external_id__in=keys),
        practice=practice,
        connection__provider=Provider.XERO,
        kind=Kind.ACCOUNT,
    ).values_list("number", "external_id", "name")
    named = {key: key for key in keys}
    for code, external_id, name in rows:
        words = f"{code} {name}".strip()
        named.update({key: words for key in (code, external_id) if key in keys})
    return named


def _of_line(
    item: Mismatch,
    row: Snapshot,
    record: BankTransaction,
    named: Mapping[str, str],
    contacts: Mapping[str, str],
) -> OnBank:
    amount = -record.amount if record.type.startswith("SPEND") else record.amount
    said = [contacts.get(record.contact_external_id, ""), record.reference]
    said += [part.description for part in record.lines[:1] if part.description != record.reference]
    codes = dict.fromkeys(part.account_code for part in record.lines if part.amount or part.account_code)
    currency = record.currency or item.currency
    marked = set(MARKED.get(item.kind, ()))
    if record.is_reconciled:
        marked.discard("reconciled")
    return OnBank(
        snapshot=row,
        what="Line on the bank account",
        day=record.date,
        amount=amount,
        value=Value(amount, "money", currency),
        said=" · ".join(text for text in said if text),
        bank=named.get(record.account_code) or named.get(record.account_external_id, ""),
        account=", ".join(named.get(code, code) or "No account" for code in codes),
        tax=Value(record.tax or ZERO, "money", currency),
        reconciled="Yes" if record.is_reconciled else "No",
        link=deep_link(row.connection, row.kind, row.external_id, row.record),
        marked=frozenset(marked),
    )


def _of_payment(
    item: Mismatch, row: Snapshot, record: Payment, named: Mapping[str, str], numbers: Mapping[str, str]
) -> OnBank:
    invoices = [numbers.get(key) or key for key in record.invoice_external_ids]
    return OnBank(
        snapshot=row,
        what="Payment on the bank account",
        day=record.date,
        amount=record.amount,
        value=Value(record.amount, "money", record.currency or item.currency),
        said=record.reference,
        bank=named.get(record.account_code) or named.get(record.account_external_id, ""),
        account=f"Invoice {', '.join(invoices)}" if invoices else "",
        tax=Value(""),
        reconciled="",
        link="",
        marked=MARKED.get(item.kind, frozenset()),
    )
