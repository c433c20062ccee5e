"""Seeds whole practices: an Ignition account and a Xero organisation that share a history."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from sandbox.ignition.amounts import ZERO, line_tax
from sandbox.ignition.slugs import SlugMaker
from sandbox.ignition.state import RESOURCES, IgnitionPractice
from sandbox.seed.banking import Banking
from sandbox.seed.draw import Draw
from sandbox.seed.ignition_side import fill_ignition
from sandbox.seed.native_link import NativeLink
from sandbox.seed.practice_plan import PracticePlan, PracticeSpec, plan_practice
from sandbox.seed.report import SeedReport
from sandbox.seed.xero_residents import Residents

if TYPE_CHECKING:
    from sandbox.world import World
    from sandbox.xero.ledger import Ledger

_MONEY = {
    "AU": ("AUD", "Australia/Sydney"),
    "NZ": ("NZD", "Pacific/Auckland"),
    "UK": ("GBP", "Europe/London"),
}
_NAMES = {"demo": "Harbour Lane Advisory", "kiwi": "Kauri Point Accounting", "blank": "Blank Slate Pty Ltd"}
_TAX_MODES = ("mixed", "exclusive", "inclusive", "none")
_STAFF = ("Mina Okafor", "Callum Fraser", "Priya Raman", "Aroha Tamihana", "Tom Whitfield")
# The last of the staff has no log-in to Xero, so that one person stays unmapped.
_XERO_ROLES = ("FINANCIALADVISER", "STANDARD", "STANDARD", "READONLY")


def seed_practice(
    world: World,
    key: str,
    *,
    country: str,
    clients: int = 250,
    months: int = 18,
    seed: int = 1,
    native_share: float = 0.34,
    name: str | None = None,
    tax_mode: str = "mixed",
    clean: bool = False,
) -> SeedReport:
    """Fill `world.ignition[key]` and a Xero organisation with a history that ends at the world's now.

    country: AU, NZ or UK.  native_share: the part of billed clients that Ignition's own link pushed to Xero.
    tax_mode: mixed (mostly exclusive), exclusive, inclusive or none: how prices relate to tax.
    clean: Ignition's own link pushed everything, and both sides agree about every client and document; then
    native_share plays no part.
    The same arguments, clock and fresh world make the same rows. A practice of that key is replaced.
    Raises ValueError for another country or mode, or for less than one month or client.
    """
    if country not in _MONEY:
        raise ValueError(f"country must be one of {', '.join(_MONEY)}")
    if tax_mode not in _TAX_MODES:
        raise ValueError(f"tax_mode must be one of {', '.join(_TAX_MODES)}")
    if clients < 1 or months < 1:
        raise ValueError("a practice needs at least one client and one month")
    with world.lock:
        practice, ledger = open_empty(world, key, country=country, seed=seed, name=name)
        practice.tax_mode = tax_mode
        spec = PracticeSpec(
            key=key,
            name=practice.name,
            country=country,
            currency=practice.currency,
            time_zone=practice.time_zone,
            tax_mode=tax_mode,
            clean=clean,
            staff=tuple((person, _email(person, key)) for person in _STAFF),
        )
        plan = plan_practice(
            spec,
            practice.slugs,
            clients=clients,
            months=months,
            seed=seed,
            native_share=native_share,
            now=world.clock.now(),
        )
        for person, role in zip(_STAFF, _XERO_ROLES, strict=False):
            first, _, last = person.partition(" ")
            world.xero.add_user(ledger, _email(person, key), first_name=first, last_name=last, role=role)
        report = SeedReport(key=key, tenant_id=ledger.tenant_id, seed=seed)
        report.same_names = [(first.slug, second.slug) for first, second in plan.same_names]
        report.near_names = [(first.slug, second.slug) for first, second in plan.near_names]
        _fill_ledger(ledger, plan, report)
        fill_ignition(practice, plan)
        _note_amounts(plan, report)
        _count(practice, ledger, report)
    return report


def open_empty(
    world: World, key: str, *, country: str, seed: int = 1, name: str | None = None
) -> tuple[IgnitionPractice, Ledger]:
    """An Ignition account and a Xero organisation with nothing in them but the default chart."""
    currency, time_zone = _MONEY[country]
    shown = name or _NAMES.get(key) or f"{key.replace('-', ' ').title()} Accounting"
    practice = IgnitionPractice(
        key=key,
        name=shown,
        clock=world.clock,
        currency=currency,
        time_zone=time_zone,
        country=country,
        api_keys={f"ign-{key}-key"},
        # Spread over the key, so that two practices never hand out the same slug.
        slugs=SlugMaker(zlib.crc32(f"{key}/{seed}".encode()) * 257),
    )
    tenant_id = Draw(f"{seed}/{key}/tenant").uuid()
    ledger = world.xero.add_organisation(shown, country, tenant_id=tenant_id)
    world.ignition[key] = practice
    return practice, ledger


def _fill_ledger(ledger: Ledger, plan: PracticePlan, report: SeedReport) -> None:
    """History makes no webhooks: the listener is away meanwhile."""
    ledger.created = int(plan.founded.timestamp() * 1000)
    listener, ledger.listener = ledger.listener, None
    try:
        NativeLink(ledger, plan, report).replay()
        Residents(ledger, plan, report).add()
        Banking(ledger, plan, report).add()
    finally:
        ledger.listener = listener


def _note_amounts(plan: PracticePlan, report: SeedReport) -> None:
    for bill in plan.bills:
        report.tax_modes[bill.slug] = bill.mode
        tax = (line_tax(line.total, line.service.tax.percent, bill.mode) for line in bill.lines)
        report.taxes[bill.slug] = str(sum(tax, ZERO))


def _count(practice: IgnitionPractice, ledger: Ledger, report: SeedReport) -> None:
    report.counts = {resource: len(practice.rows(resource)) for resource in RESOURCES}
    report.counts["xero_contacts"] = len(ledger.contacts)
    report.counts["xero_invoices"] = len(ledger.invoices)
    report.counts["xero_payments"] = len(ledger.payments)
    report.counts["xero_bank_transactions"] = len(ledger.bank_transactions)


def _email(person: str, key: str) -> str:
    return f"{person.lower().replace(' ', '.')}@{key}.example"
