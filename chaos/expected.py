"""What Ignition's records should be in Xero, worked out anew from the raw rows. Shares no code with the app.

The rules are the documented ones: a client that is active or billed becomes one contact, an issued invoice becomes
one sales invoice, collected money becomes one payment for each invoice that it covers. Records whose right outcome
needs a person (seeded clients that only look like a contact in Xero, and all that is theirs) are *open*: they may be
there once or not at all.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
CENT = Decimal("0.01")

#: Tax label in Ignition → percentage and the tax type that the run's mapping gives it.
TAXES = {
    "AU": {
        "GST on Income": (Decimal(10), "OUTPUT"),
        "GST Free": (Decimal(0), "EXEMPTOUTPUT"),
        "Exempt": (Decimal(0), "BASEXCLUDED"),
    },
    "NZ": {
        "15% GST on Income": (Decimal(15), "OUTPUT2"),
        "Zero Rated": (Decimal(0), "ZERORATED"),
        "No GST": (Decimal(0), "NONE"),
    },
}
ZONES = {"AU": "Australia/Sydney", "NZ": "Pacific/Auckland"}
SALES_CODE, CLEARING_CODE, PREFIX = "200", "608", "IGN-"

BILLED_STATES = frozenset({"active", "inactive", "lead", "archived"})
MONEY_HERE = frozenset({"collected", "disbursing", "disbursed"})
#: "must" be there exactly once, "may" be there once, must "not" be there.
MUST, MAY, NOT = "must", "may", "not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One record: where to look for it (``key``), whether it has to be there, and what it should hold.

    ``values`` are the allowed versions; a record that nobody may change any more can have several.
    """

    kind: str
    source: str
    key: tuple[str, ...]
    whether: str
    values: tuple[Row, ...] = ()
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the program knows beside the dumps: ``odd`` clients need a person, ``native_…`` was made in Xero by
    Ignition's own link before (invoices by slug with their InvoiceID), ``versions`` as in :class:`chaos.people.Notes`.
    """

    country: str
    odd: frozenset[str] = frozenset()
    native_clients: frozenset[str] = frozenset()
    native_invoices: Mapping[str, str] = field(default_factory=dict)
    native_voided: frozenset[str] = frozenset()
    native_money: frozenset[str] = frozenset()
    versions: Mapping[str, list[Row]] = field(default_factory=dict)


def wanted(ignition: Mapping[str, list[Row]], known: Known) -> list[Wanted]:
    """Every client, invoice and share of a payment, in that order."""
    invoices = _invoices(ignition, known)
    whether = {item.source: item.whether for item in invoices}
    billed = {item.parent for item in invoices if item.whether != NOT}
    return [
        *_contacts(ignition, known, billed),
        *invoices,
        *_payments(ignition, known, whether),
    ]


def _contacts(ignition: Mapping[str, list[Row]], known: Known, billed: set[str]) -> Iterable[Wanted]:
    people: dict[str, list[Row]] = defaultdict(list)
    for row in ignition["contacts"]:
        people[row["client"]["slug"]].append(row)
    for row in ignition["clients"]:
        slug = row["slug"]
        due = row["state"] == "active" or (slug in billed and row["state"] in BILLED_STATES)
        whether = MUST if due else NOT
        if slug in known.native_clients:
            whether = NOT
        elif slug in known.odd:
            whether = MAY
        person = next((entry for entry in people[slug] if entry["is_primary"]), {})
        values = {
            "name": " ".join(row["name"].split()),
            "email": person.get("email") or row["email"] or "",
            "phone": person.get("phone") or person.get("mobile") or row["phone"] or "",
        }
        yield Wanted(
            kind="contact", source=slug, key=(contact_number(slug),), whether=whether, values=(values,)
        )


def contact_number(slug: str) -> str:
    return PREFIX + slug.rpartition("_")[2]


def invoice_number(row: Row) -> str:
    return f"{PREFIX}{row['reference_number']}"


def _invoices(ignition: Mapping[str, list[Row]], known: Known) -> list[Wanted]:
    labels = {row["name"]: row["tax_rate"] for row in ignition["services"]}
    out = []
    for row in ignition["invoices"]:
        slug, client = row["slug"], row["client"]["slug"]
        versions = known.versions.get(slug, [row])
        whether = MUST if row["state"] == "issued" else NOT
        if slug in known.native_invoices:
            # One that somebody voided in Xero, and of which Ignition says nothing, may have been made anew.
            whether = MAY if slug in known.native_voided and whether == MUST else NOT
        elif client in known.odd or client in known.native_clients:
            whether = MAY if whether == MUST else NOT
        elif row["state"] == "voided" and slug in known.versions:
            whether = MAY
        out.append(
            Wanted(
                kind="invoice",
                source=slug,
                key=(invoice_number(row),),
                whether=whether,
                values=tuple(_invoice_values(version, labels, known.country) for version in versions),
                parent=client,
            )
        )
    return out


def _invoice_values(row: Row, labels: Mapping[str, str], country: str) -> Row:
    """Amounts as an accountant works them out: which reading of the lines gives Ignition's total."""
    lines = []
    for item in row["items"]:
        percent, tax_type = TAXES[country][labels[item["description"]]]
        lines.append((item["description"], Decimal(item["total"]), percent, tax_type))
    net = sum((amount for _, amount, _, _ in lines), Decimal(0))
    on_top = sum((cents(amount * percent / 100) for _, amount, percent, _ in lines), Decimal(0))
    inside = sum((cents(amount * percent / (100 + percent)) for _, amount, percent, _ in lines), Decimal(0))
    total = Decimal(row["amount"]["total"])
    inclusive = total == net and on_top != 0
    return {
        "reference": row["billing_reference"] or row["reference"] or "",
        "date": row["date"],
        "due_date": max(row["due_date"], row["date"]),
        "currency": row["amount"]["currency"],
        "line_amounts": "Inclusive" if inclusive else "Exclusive",
        "lines": [(text, amount, SALES_CODE, tax_type) for text, amount, _, tax_type in lines],
        "total": total,
        "tax": inside if inclusive else total - net,
        "subtotal": total - inside if inclusive else net,
    }


def _payments(
    ignition: Mapping[str, list[Row]], known: Known, invoices: Mapping[str, str]
) -> Iterable[Wanted]:
    money: dict[str, list[Row]] = defaultdict(list)
    back: set[str] = set()
    for row in ignition["collections"]:
        if row["type"] == "payment_collection":
            money[row["invoice"]["slug"]].append(row)
        else:
            back.add(row["invoice"]["slug"])
    numbers = {row["slug"]: row for row in ignition["invoices"]}
    zone = ZoneInfo(ZONES[known.country])
    for row in ignition["payments"]:
        for part in row["invoices"]:
            slug = part["slug"]
            found = _money_of(row, money[slug])
            whether = MUST if row["state"] in MONEY_HERE else NOT
            if whether == MUST:
                whether = {MUST: MUST, MAY: MAY, NOT: MAY if slug in known.native_invoices else NOT}[
                    invoices[slug]
                ]
            if whether != NOT and (slug in back or slug in known.versions):
                whether = MAY
            if found is not None and str(found["id"]) in known.native_money:
                whether = NOT
            values: Row = {"account": CLEARING_CODE}
            if whether != NOT and found is not None:
                paid_on = datetime.fromisoformat(row["collection"]["completed_at"]).astimezone(zone).date()
                values |= {"amount": Decimal(found["amount"]["total"]), "date": paid_on.isoformat()}
            yield Wanted(
                kind="payment",
                source=f"{row['slug']}/{slug}",
                key=(row["slug"], known.native_invoices.get(slug) or invoice_number(numbers[slug])),
                whether=whether,
                values=(values,),
                parent=slug,
            )


def _money_of(payment: Row, rows: list[Row]) -> Row | None:
    """The movement of a payment for one invoice: the one that began nearest to when the payment was made."""
    done = payment["collection"] and payment["collection"]["completed_at"]
    if not done or not rows:
        return None
    moment = datetime.fromisoformat(done)
    single = len(payment["invoices"]) == 1
    fitting = [row for row in rows if not single or row["amount"]["total"] == payment["amount"]["amount"]]

    def gap(row: Row) -> float:
        return abs((datetime.fromisoformat(row["payment"]["started_at"]) - moment).total_seconds())

    return min(fitting, key=gap, default=None)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
