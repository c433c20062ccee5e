"""Compares, record by record, what should be in Xero with what is there. Reads the two dumps and nothing of the app.

Every object in Xero that was not there before and that no person made has to answer for exactly one record of
Ignition. So a duplicate is found even if it carries none of the keys by which it would be looked for.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as factory
from decimal import Decimal
from typing import Any

from chaos.expected import MAY, MUST, NOT, Known, Wanted, contact_number, wanted

Row = dict[str, Any]

LOST, DUPLICATED, WRONG = "lost", "duplicated", "wrong"
IDS = {
    "contact": ("contacts", "ContactID"),
    "invoice": ("invoices", "InvoiceID"),
    "payment": ("payments", "PaymentID"),
}
#: Enough of a telephone number to tell two apart, whatever stands in front of it.
TELLING_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Finding:
    sort: str
    kind: str
    source: str
    text: str

    def __str__(self) -> str:
        return f"{self.sort:<10} {self.kind:<8} {self.source}: {self.text}"


@dataclass
class Result:
    """``there`` counts by kind what had to be there and is, ``open`` what may or may not be."""

    findings: list[Finding] = factory(default_factory=list)
    must: dict[str, int] = factory(default_factory=dict)
    open: dict[str, int] = factory(default_factory=dict)

    def count(self, sort: str) -> int:
        return sum(finding.sort == sort for finding in self.findings)

    @property
    def records(self) -> int:
        return sum(self.must.values())


def compare(
    ignition: Mapping[str, list[Row]],
    xero: Mapping[str, list[Row]],
    *,
    before: Mapping[str, list[Row]],
    by_hand: Iterable[str],
    edits: Mapping[str, Row],
    known: Known,
) -> Result:
    """``before`` is Xero before the app was connected; ``by_hand`` and ``edits`` are what people did there."""
    result = Result()
    there = _There(xero, before, frozenset(by_hand))
    for item in wanted(ignition, known):
        if item.whether in (MUST, MAY):
            table = result.must if item.whether == MUST else result.open
            table[item.kind] = table.get(item.kind, 0) + 1
        result.findings += _one(item, there, edits)
    result.findings += there.strays()
    result.findings += _money(xero["invoices"], xero["payments"])
    result.findings += _untouched(before, xero, edits)
    return result


class _There:
    """Xero's objects, by the keys they are looked for with, and which of them are accounted for."""

    def __init__(
        self, xero: Mapping[str, list[Row]], before: Mapping[str, list[Row]], by_hand: frozenset[str]
    ) -> None:
        old = {row[name] for shelf, name in IDS.values() for row in before[shelf]}
        self._free = {
            kind: {row[name]: row for row in xero[shelf] if row[name] not in old and row[name] not in by_hand}
            for kind, (shelf, name) in IDS.items()
        }
        self.contacts = {row["ContactID"]: row for row in xero["contacts"]}
        self.invoices = {row["InvoiceID"]: row for row in xero["invoices"]}
        self.accounts = {row["AccountID"]: row.get("Code") or "" for row in xero["accounts"]}
        self._by_key: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row in self._free["contact"].values():
            self._by_key["contact", row.get("ContactNumber") or ""].append(row)
        for row in self._free["invoice"].values():
            self._by_key["invoice", row["InvoiceNumber"]].append(row)
        for row in self._free["payment"].values():
            if row["Status"] != "DELETED":
                key = row.get("Invoice", {}).get("InvoiceID", "")
                for place in {key, self.invoices.get(key, {}).get("InvoiceNumber", "")}:
                    self._by_key["payment", row["Reference"], place].append(row)

    def take(self, item: Wanted) -> list[Row]:
        """What answers for this record; from now on it is accounted for."""
        found = self._by_key.get((item.kind, *item.key), [])
        for row in found:
            self._free[item.kind].pop(row[IDS[item.kind][1]], None)
        return found

    def strays(self) -> Iterable[Finding]:
        for kind, rows in self._free.items():
            for key, row in rows.items():
                name = row.get("Name") or row.get("InvoiceNumber") or row.get("Reference") or ""
                yield Finding(DUPLICATED, kind, key, f"nothing in Ignition stands for “{name}”")


def _one(item: Wanted, there: _There, edits: Mapping[str, Row]) -> Iterable[Finding]:
    found = there.take(item)
    if not found:
        if item.whether == MUST:
            yield Finding(LOST, item.kind, item.source, f"not in Xero as {' on '.join(item.key)}")
        return
    if item.whether == NOT:
        yield Finding(
            DUPLICATED, item.kind, item.source, f"written as {' on '.join(item.key)}, but it should not be"
        )
        return
    if len(found) > 1:
        yield Finding(
            DUPLICATED, item.kind, item.source, f"{len(found)} times in Xero as {' on '.join(item.key)}"
        )
    for row in found:
        differences = [_DIFFER[item.kind](item, values, row, there, edits) for values in item.values]
        if all(differences):
            yield Finding(WRONG, item.kind, item.source, "; ".join(differences[-1]))


def _contact(item: Wanted, values: Row, row: Row, there: _There, edits: Mapping[str, Row]) -> list[str]:
    typed = edits.get(row["ContactID"], {})
    out = []
    if row["ContactStatus"] != "ACTIVE":
        out.append(f"status {row['ContactStatus']}")
    if row["Name"] != values["name"]:
        out.append(f"name “{row['Name']}” instead of “{values['name']}”")
    wanted_email = typed.get("email", values["email"])
    if row["EmailAddress"] != wanted_email:
        out.append(
            f"e-mail {row['EmailAddress'] or 'nothing'} instead of {wanted_email}{_typed(typed, 'email')}"
        )
    wanted_phone, phone = str(typed.get("phone", values["phone"])), _phone(row)
    if _digits(phone)[-TELLING_DIGITS:] != _digits(wanted_phone)[-TELLING_DIGITS:]:
        out.append(f"phone {phone or 'nothing'} instead of {wanted_phone}{_typed(typed, 'phone')}")
    return out


def _invoice(item: Wanted, values: Row, row: Row, there: _There, edits: Mapping[str, Row]) -> list[str]:
    pairs = (
        ("type", row["Type"], "ACCREC"),
        ("reference", row["Reference"], values["reference"]),
        ("date", row["Date"], values["date"]),
        ("due date", row["DueDate"], values["due_date"]),
        ("currency", row["CurrencyCode"], values["currency"]),
        ("line amounts", row["LineAmountTypes"], values["line_amounts"]),
        ("subtotal", _decimal(row["SubTotal"]), values["subtotal"]),
        ("tax", _decimal(row["TotalTax"]), values["tax"]),
        ("total", _decimal(row["Total"]), values["total"]),
    )
    out = [
        f"{name} {found} instead of {wanted_value}"
        for name, found, wanted_value in pairs
        if found != wanted_value
    ]
    if row["Status"] not in {"AUTHORISED", "PAID"}:
        out.append(f"status {row['Status']}")
    filed_under = there.contacts.get(row["Contact"]["ContactID"], {}).get("ContactNumber")
    if item.whether == MUST and filed_under != contact_number(item.parent):
        out.append(f"contact {filed_under} instead of {contact_number(item.parent)}")
    lines = [
        (line["Description"], _decimal(line["LineAmount"]), line["AccountCode"], line["TaxType"])
        for line in row["LineItems"]
    ]
    texts = [text.partition(" (")[0] for text, *_ in lines]
    if [line[1:] for line in lines] != [line[1:] for line in values["lines"]] or texts != [
        text.partition(" (")[0] for text, *_ in values["lines"]
    ]:
        out.append(f"lines {lines} instead of {values['lines']}")
    return out


def _payment(item: Wanted, values: Row, row: Row, there: _There, edits: Mapping[str, Row]) -> list[str]:
    account = there.accounts.get(row["Account"]["AccountID"], "")
    pairs = [("account", account, values["account"]), ("status", row["Status"], "AUTHORISED")]
    if "amount" in values:
        pairs += [
            ("amount", _decimal(row["Amount"]), values["amount"]),
            ("date", row["Date"], values["date"]),
        ]
    return [
        f"{name} {found} instead of {wanted_value}"
        for name, found, wanted_value in pairs
        if found != wanted_value
    ]


_DIFFER = {"contact": _contact, "invoice": _invoice, "payment": _payment}


def _money(invoices: Iterable[Row], payments: Iterable[Row]) -> Iterable[Finding]:
    """No invoice has more money on it than it is for, and what it says it got is what its payments come to."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in payments:
        if row["Status"] != "DELETED" and row.get("Invoice"):
            paid[row["Invoice"]["InvoiceID"]] += _decimal(row["Amount"])
    for row in invoices:
        got = paid[row["InvoiceID"]]
        total, credited = _decimal(row["Total"]), _decimal(row["AmountCredited"])
        if got + credited > total:
            yield Finding(WRONG, "invoice", row["InvoiceNumber"], f"overpaid: {got + credited} on {total}")
        if got != _decimal(row["AmountPaid"]):
            yield Finding(
                WRONG,
                "invoice",
                row["InvoiceNumber"],
                f"says {row['AmountPaid']} paid, payments come to {got}",
            )


#: What may not change of an object that was there before, where it had a value.
_KEPT = {
    "contact": ("Name", "EmailAddress", "ContactNumber", "AccountNumber", "ContactStatus"),
    "invoice": ("InvoiceNumber", "Reference", "Date", "DueDate", "Total", "TotalTax", "Contact"),
    "payment": ("Amount", "Date", "Reference", "Status"),
}


def _untouched(
    before: Mapping[str, list[Row]], xero: Mapping[str, list[Row]], edits: Mapping[str, Row]
) -> Iterable[Finding]:
    """What was in Xero before keeps every value that it had; only gaps may be filled and money be added."""
    for kind, (shelf, name) in IDS.items():
        there = {row[name]: row for row in xero[shelf]}
        for row in before[shelf]:
            now = there.get(row[name], {})
            changed = [field for field in _KEPT[kind] if row.get(field) and row[field] != now.get(field)]
            if kind == "contact" and _phone(row) and _digits(_phone(row)) != _digits(_phone(now)):
                changed.append("Phones")
            if row[name] not in edits:
                for field in changed:
                    text = f"{field} was {row[field]!r} before, is {now.get(field)!r}"
                    yield Finding(WRONG, kind, row[name], text)


def _phone(row: Row) -> str:
    """The number that the contact's page shows first."""
    phones = {entry["PhoneType"]: entry for entry in row.get("Phones", ())}
    for kind in ("DEFAULT", "MOBILE"):
        entry = phones.get(kind) or {}
        parts = ("PhoneCountryCode", "PhoneAreaCode", "PhoneNumber")
        text = "".join(str(entry.get(part) or "") for part in parts)
        if text:
            return text
    return ""


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def _typed(typed: Row, name: str) -> str:
    return ", which somebody typed in Xero" if name in typed else ""


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))
