"""What both systems of a practice offer a mapping, read from snapshots: the provider that ``mappings`` asks."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.db.models import Count
from django.utils import timezone

from connectors.records import Kind, Proposal
from connectors.stored import load
from mappings import normalise
from mappings.engine import Catalogue, service_of
from mappings.services import (
    BrandingTheme,
    CurrencyUse,
    LabelUse,
    MethodUse,
    ServiceUse,
    SourceView,
    TargetView,
)
from mappings.sides import StaffUse
from practices.models import Connection, Practice
from sync.flows import ensure_flows, sides_of
from sync.models import Cursor, Snapshot
from sync.world import as_records, catalogue, load_facts

USAGE_DAYS = 90


def target_view(practice: Practice) -> TargetView:
    """The practice's first pair of systems; an empty, unread view until both are connected."""
    ensure_flows(practice)
    pairs = sides_of(practice)
    if not pairs:
        return TargetView()
    sides, _ = pairs[0]
    facts = load_facts(sides)
    read = _completed(sides.target, Kind.ACCOUNT, Kind.TAX_RATE)
    return TargetView(
        is_read=read,
        facts=facts,
        branding_themes=tuple(
            BrandingTheme(external_id=key, name=name) for key, name in facts.themes.items()
        ),
        source=_source_view(sides.source, sides.target, facts.base_currency),
        read_at=sides.target.last_read_at,
    )


def _source_view(source: Connection, target: Connection, base_currency: str) -> SourceView:
    services = as_records(source, Kind.SERVICE)
    proposals = as_records(source, Kind.PROPOSAL)
    known = catalogue(services, proposals)
    upcoming = _upcoming(proposals.values())
    used = _use(source, known, base_currency)
    lines, amounts = used.lines, used.amounts
    labels: dict[str, list[str]] = defaultdict(list)
    for service in services.values():
        if service.tax_label:
            labels[service.tax_label].append(service.external_id)
    return SourceView(
        is_read=_completed(source, Kind.SERVICE, Kind.INVOICE),
        services=tuple(
            ServiceUse(
                external_id=service.external_id,
                name=service.name,
                tax_label=service.tax_label,
                is_active=service.status != "deleted",
                upcoming=upcoming[service.external_id],
                lines=lines[service.external_id],
                amount=amounts[service.external_id],
            )
            for service in sorted(services.values(), key=lambda item: item.name.casefold())
        ),
        labels=tuple(
            LabelUse(
                label=label,
                services=len(ids),
                lines=sum(lines[item] for item in ids),
                amount=sum((amounts[item] for item in ids), Decimal(0)),
            )
            for label, ids in sorted(labels.items())
        ),
        methods=_methods(source),
        currencies=tuple(
            CurrencyUse(code=code, invoices=number, amount=used.in_currency[code])
            for code, number in sorted(used.invoices.items())
        ),
        staff=_staff(source, target),
    )


def _upcoming(proposals: Iterable[Proposal]) -> Counter[str]:
    """How many accepted proposals that run within the next days bill each service."""
    today = timezone.now().date()
    until = today + timedelta(days=USAGE_DAYS)
    counted: Counter[str] = Counter()
    for proposal in proposals:
        begins, ends = proposal.starts_on or today, proposal.ends_on or until
        if proposal.accepted_at is not None and begins <= until and ends >= today:
            counted.update({item.service_external_id for item in proposal.lines if item.selected})
    return counted


@dataclass
class _Use:
    """Invoices of the last days: lines and their amounts by service, invoices and their totals by currency."""

    lines: Counter[str] = field(default_factory=Counter)
    amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    invoices: Counter[str] = field(default_factory=Counter)
    in_currency: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


def _use(source: Connection, known: Catalogue, base_currency: str) -> _Use:
    used = _Use()
    since = timezone.now().date() - timedelta(days=USAGE_DAYS)
    rows = Snapshot.objects.of(source, Kind.INVOICE).present().filter(date__gte=since)
    for record in rows.values_list("record", flat=True).iterator(2000):
        invoice = load(Kind.INVOICE, record)
        if currency := invoice.currency or base_currency:
            used.invoices[currency] += 1
            used.in_currency[currency] += invoice.total
        for line in invoice.lines:
            service = service_of(line, known)
            if service is not None:
                used.lines[service.external_id] += 1
                used.amounts[service.external_id] += line.amount
    return used


def _methods(source: Connection) -> tuple[MethodUse, ...]:
    count: Counter[str] = Counter()
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    since = timezone.now().date() - timedelta(days=USAGE_DAYS)
    rows = Snapshot.objects.of(source, Kind.PAYMENT).present().filter(date__gte=since)
    for record in rows.values_list("record", flat=True).iterator(2000):
        payment = load(Kind.PAYMENT, record)
        if payment.method:
            count[payment.method] += 1
            amounts[payment.method] += payment.amount
    return tuple(
        MethodUse(method=method, payments=number, amount=amounts[method])
        for method, number in sorted(count.items())
    )


def _staff(source: Connection, target: Connection) -> tuple[StaffUse, ...]:
    """Partners and managers of clients by e-mail address, beside the target's users with the same one."""
    partners, managers = _clients_by(source, "partner_email"), _clients_by(source, "manager_email")
    users = {normalise.email_key(user.email): user.name for user in as_records(target, Kind.STAFF).values()}
    return tuple(
        StaffUse(
            email=email,
            partner_of=partners[email],
            manager_of=managers[email],
            in_target=users.get(email, ""),
        )
        for email in sorted({*partners, *managers})
    )


def _clients_by(source: Connection, name: str) -> Counter[str]:
    """How many clients name each e-mail address in this field."""
    rows = Snapshot.objects.of(source, Kind.CONTACT).present().values_list(f"record__{name}")
    counted: Counter[str] = Counter()
    for email, number in rows.annotate(Count("pk")):
        if email:
            counted[normalise.email_key(email)] += number
    return counted


def _completed(connection: Connection, *kinds: Kind) -> bool:
    done = Cursor.objects.filter(
        connection=connection, kind__in=[kind.value for kind in kinds], variant="", completed_at__isnull=False
    )
    return done.count() == len(kinds)


def known_client_ids(connection: Connection) -> set[str]:
    """Ids of clients that this connection has shown before, to recognise the same account on a reconnect."""
    rows = Snapshot.objects.of(connection, Kind.CONTACT.value)
    return set(rows.values_list("external_id", flat=True))
