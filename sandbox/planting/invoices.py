"""Group V: invoices that are on one side only, or in another state there."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from sandbox.planting.ground import Document, Ground, NoGround, Party
from sandbox.planting.planted import Planted
from sandbox.planting.telling import about_client, about_document, about_unsent
from sandbox.planting.writing import collect, deployment, edit, edit_lines, new_invoice, push
from sandbox.xero.payload import Row

REFUSED = "Account code '204' is not a valid code for this document."


def not_in_xero(ground: Ground, number: int) -> Planted:
    """V01: issued last week, and the push failed."""
    party = ground.host()
    invoice = _not_pushed(ground, party, ground.free_day(party, first=4, last=20))
    return about_unsent(
        "V01", "invoice_missing", party, invoice,
        "Issued in Ignition days ago; Ignition's own link failed to push it, and Xero has nothing like it.",
    )  # fmt: skip


def only_in_xero(ground: Ground, number: int) -> Planted:
    """V02: somebody typed it into Xero with a reference like Ignition's."""
    party = ground.host()
    document = _typed(ground, party.key, ground.day(9), f"PROP-{8800 + number}", "1290.00")
    return Planted(
        ref="V02",
        code="invoice_only_in_xero",
        note="Xero has an invoice with a reference of Ignition's; Ignition knows no such invoice.",
        xero_ids=(document["InvoiceID"],),
        client=party.slug,
        client_name=party.name,
        document=document["InvoiceNumber"],
        money=document["Total"],
        currency=document["CurrencyCode"],
    )


def twice_in_xero(ground: Ground, number: int) -> Planted:
    """V03: the same invoice was typed in a second time, a day later."""
    party, item = ground.open()
    copy = ground.ledger.put_invoice(
        {
            "Type": "ACCREC",
            "Contact": {"ContactID": party.key},
            "Date": (item.day + timedelta(days=1)).isoformat(),
            "DueDate": item.document["DueDate"],
            "Reference": item.document["Reference"],
            "LineAmountTypes": item.document["LineAmountTypes"],
            "Status": "AUTHORISED",
            "LineItems": [_as_typed(line) for line in item.document["LineItems"]],
        },
        force=True,
        unitdp=4,
    )
    return Planted(
        ref="V03",
        code="invoice_duplicate",
        note=f"A second invoice in Xero repeats {item.number}: same client, amount and reference, a day later.",
        ignition_ids=(item.slug,),
        xero_ids=(copy["InvoiceID"], item.key),
        client=party.slug,
        client_name=party.name,
        document=copy["InvoiceNumber"],
        money=copy["Total"],
        currency=copy["CurrencyCode"],
    )


def two_on_one_day(ground: Ground, number: int) -> Planted:
    """V04: a second invoice on the day of another; both are in Xero."""
    party, item = ground.open()
    second = push(
        ground,
        party,
        new_invoice(ground, party, item.day, billing_reference=item.invoice["billing_reference"]),
    )
    return about_document(
        "V04", "invoice_two_a_day", party, second,
        f"Ignition issued two invoices to this client on {item.day}; both are in Xero.",
        ignition=(item.slug,), xero=(item.key,),
    )  # fmt: skip


def voided_in_ignition(ground: Ground, number: int) -> Planted:
    party, item = ground.open()
    ground.practice.upsert("invoices", {"slug": item.slug, "state": "voided"})
    return about_document(
        "V05",
        "invoice_void_in_ignition",
        party,
        item,
        "Voided in Ignition; still approved and unpaid in Xero.",
    )


def voided_in_xero(ground: Ground, number: int) -> Planted:
    party, item = ground.open()
    ground.ledger.void_invoice(item.key, force=True)
    return about_document(
        "V06", "invoice_void_in_xero", party, item, "Voided in Xero; still issued in Ignition."
    )


def still_a_draft(ground: Ground, number: int) -> Planted:
    """V07: pushed as a draft days ago, and nobody approved it."""
    party = ground.host()
    invoice = new_invoice(ground, party, ground.free_day(party, first=6, last=25))
    at = datetime.fromisoformat(invoice["created_at"]) + timedelta(seconds=30)
    item = push(ground, party, invoice, at=at, Status="DRAFT", SentToContact=False)
    return about_document(
        "V07", "invoice_draft_in_xero", party, item, f"Issued on {item.day}; in Xero it is still a draft."
    )


def edited_in_xero(ground: Ground, number: int) -> Planted:
    """V08: approved, and a line was written as twice as many at half the price."""
    party, item = ground.open(
        lambda item: _halves(item.document["LineItems"][0]), wanted="a price that halves"
    )

    def change(at: int, line: Row) -> Row:
        return {} if at else {"Quantity": line["Quantity"] * 2, "UnitAmount": line["UnitAmount"] / 2}

    edit_lines(ground, item.document, change)
    return about_document(
        "V08", "invoice_edited", party, item, "Somebody changed the approved invoice in Xero."
    )


def renumbered(ground: Ground, number: int) -> Planted:
    """V11: the number in Xero is no longer the one that Ignition stored."""
    party, item = ground.open()
    edit(ground, item.document, InvoiceNumber=f"{item.day.year}-{7000 + number}")
    return about_document(
        "V11", "invoice_number", party, item,
        f"Ignition stored the number {item.invoice['deployment']['external_number']}; Xero has another one.",
    )  # fmt: skip


def on_another_contact(ground: Ground, number: int) -> Planted:
    party, item = ground.open()
    other = ground.ledger.put_contact(
        {
            "Name": f"{party.name.split()[0]} Harbourside Nominees {number + 1}",
            "EmailAddress": f"n{number}@nominees.example",
        }
    )
    edit(ground, item.document, Contact={"ContactID": other["ContactID"]})
    return about_document(
        "V12",
        "invoice_contact",
        party,
        item,
        f"In Xero it is on {other['Name']}.",
        xero=(other["ContactID"],),
    )


def after_the_end(ground: Ground, number: int) -> Planted:
    """V15: the engagement was ended the day before the last invoice."""
    party = ground.party(
        lambda party: (
            party.running is not None
            and len(party.documents) > 1
            and _of(party.documents[-1]) == party.running["slug"]
            and party.documents[-1].day > party.documents[-2].day + timedelta(days=2)
        ),
        wanted="an engagement that billed",
    )
    running, item = party.running, party.documents[-1]
    if running is None:
        raise NoGround("there is no engagement that bills")
    ended = item.day - timedelta(days=1)
    ground.practice.upsert(
        "proposals", {"slug": running["slug"], "state": "completed", "proposal_end_date": ended.isoformat()}
    )
    return about_document(
        "V15", "invoice_after_end", party, item, f"{running['reference_number']} ended on {ended}, before the invoice.",
        ignition=(running["slug"],),
    )  # fmt: skip


def dearer_engagement(ground: Ground, number: int) -> Planted:
    """V18: the engagement was agreed at more than what is billed."""
    party = ground.party(lambda party: _recurring(party.running) is not None, wanted="a recurring service")
    running = party.running
    line = _recurring(running)
    if running is None or line is None:
        raise NoGround("there is no engagement with a recurring service")
    value = (line["pricing"]["minimum_period_value"]["amount"] * Decimal("1.25")).quantize(Decimal("0.01"))
    services = [_raised(row, value) if row["slug"] == line["slug"] else row for row in running["services"]]
    ground.practice.upsert("proposals", {"slug": running["slug"], "services": services})
    billed = [item for item in party.documents if _of(item) == running["slug"]]
    return about_client(
        ground, "V18", "invoice_recurring_value", party,
        f"{running['reference_number']} is agreed at {value} a period; its invoices bill less.",
        ignition=(running["slug"], line["slug"], *(item.slug for item in billed)),
        xero=tuple(item.key for item in billed),
    )  # fmt: skip


def other_currency(ground: Ground, number: int) -> Planted:
    party, item = ground.open()
    code = next(code for code in ground.ledger.currencies if code != ground.ledger.currency)
    edit(ground, item.document, CurrencyCode=code)
    return about_document("V19", "invoice_currency", party, item, f"In Xero it is in {code}.")


def repeating_invoice(ground: Ground, number: int) -> Planted:
    """V20: a template in Xero bills each month what Ignition bills as well."""
    party = ground.party(_bills_now, wanted="an engagement that bills each month")
    last = party.documents[-1]
    template = ground.ledger.put_repeating_invoice(
        {
            "Contact": {"ContactID": party.key},
            "Schedule": {
                "Period": 1,
                "Unit": "MONTHLY",
                "DueDate": 14,
                "DueDateType": "DAYSAFTERBILLDATE",
                "NextScheduledDate": (ground.today + timedelta(days=12)).isoformat(),
            },
            "LineAmountTypes": last.document["LineAmountTypes"],
            "Reference": last.document["Reference"],
            "LineItems": [_as_typed(line) for line in last.document["LineItems"]],
            **{name: last.document[name] for name in ("SubTotal", "TotalTax", "Total", "CurrencyCode")},
        }
    )
    return about_client(
        ground, "V20", "invoice_repeating", party, "A repeating invoice in Xero bills what Ignition bills as well.",
        xero=(template["RepeatingInvoiceID"],),
    )  # fmt: skip


def vanished(ground: Ground, number: int) -> Planted:
    """S01: what Ignition's link points to is no longer in Xero at all."""
    party, item = ground.open()
    ground.ledger.invoices.remove(item.key)
    del ground.ledger.invoice_by_number[item.number.casefold()]
    return about_document(
        "S01", "invoice_gone_in_xero", party, item, "The linked document is gone from Xero's list."
    )


def unreadable(ground: Ground, number: int) -> Planted:
    """S10: what Ignition sends of the invoice makes no sense."""
    party, item = ground.open()
    ground.practice.upsert("invoices", {"slug": item.slug, "due_date": "31/02/2026"})
    return about_document(
        "S10",
        "invoice_unreadable",
        party,
        item,
        "Ignition sends a date that does not exist; the record can't be read.",
    )


def changed_when_paid(ground: Ground, number: int) -> Planted:
    """S05: somebody moved the due date in Ignition of an invoice that is paid, so that Xero can't follow."""
    party, receipt = ground.receipt()
    item = receipt.document
    due = date.fromisoformat(item.invoice["due_date"]) + timedelta(days=10)
    ground.practice.upsert("invoices", {"slug": item.slug, "due_date": due.isoformat()})
    return about_document(
        "S05",
        "sync_target_locked",
        party,
        item,
        "Changed in Ignition after it was paid; Xero holds it fast.",
        also=("L13",),
    )


def behind_the_lock(ground: Ground, number: int) -> Planted:
    """K09: an invoice that never reached Xero, and its period was locked meanwhile."""
    party = ground.host()
    day = ground.free_day(party, first=112, last=150)
    invoice = _not_pushed(ground, party, day)
    locked = max(ground.ledger.period_lock_date or "", (day + timedelta(days=1)).isoformat())
    ground.ledger.period_lock_date = locked
    return about_unsent(
        "K09", "settings_lock_date", party, invoice,
        f"Not in Xero, dated {day}, and Xero is locked up to {locked}.",
        also=("V01", "S05"),
    )  # fmt: skip


def payout_without_invoice(ground: Ground, number: int) -> Planted:
    """O06: Ignition collected and paid out money for an invoice that Xero does not have."""
    party = ground.host()
    invoice = _not_pushed(ground, party, ground.free_day(party, first=24, last=45))
    money = collect(ground, invoice, ago=20)
    return about_unsent(
        "O06", "payment_no_invoice", party, invoice,
        "The payout holds money for an invoice that is not in Xero.",
        first=(money.payment["slug"], str(money.collection["id"])), also=("V01", "P01"),
    )  # fmt: skip


def _not_pushed(ground: Ground, party: Party, day: date) -> Row:
    """An invoice that Ignition's own link failed to push."""
    return new_invoice(ground, party, day, deployment=deployment(state="failed", message=REFUSED))


def _typed(ground: Ground, contact: str, day: date, reference: str, amount: str) -> Row:
    """An invoice that a person types into Xero."""
    return ground.ledger.put_invoice(
        {
            "Type": "ACCREC",
            "Contact": {"ContactID": contact},
            "Date": day.isoformat(),
            "DueDate": (day + timedelta(days=14)).isoformat(),
            "Reference": reference,
            "Status": "AUTHORISED",
            "LineItems": [
                {
                    "Description": "As discussed",
                    "Quantity": 1,
                    "UnitAmount": Decimal(amount) + ground.draw.between(1, 400),
                    "AccountCode": "200",
                }
            ],
        },
        force=True,
    )


def _as_typed(line: Row) -> Row:
    kept = ("Description", "Quantity", "UnitAmount", "AccountCode", "TaxType", "DiscountAmount")
    return {name: line[name] for name in kept if name in line}


def _of(item: Document) -> str:
    return str(item.invoice["items"][0]["origin_identifier"])


def _recurring(proposal: Row | None) -> Row | None:
    lines = proposal["services"] if proposal else []
    return next(
        (line for line in lines if line["billing"]["is_recurring"] and line["is_selected_for_acceptance"]),
        None,
    )


def _halves(line: Row) -> bool:
    half = line["UnitAmount"] / 2
    return bool(half == half.quantize(Decimal("0.0001")))


def _bills_now(party: Party) -> bool:
    """Whether its last invoice is of the last weeks and of a recurring service that goes on."""
    running, last = party.running, party.documents[-1] if party.documents else None
    if running is None or last is None or _recurring(running) is None:
        return False
    return _of(last) == str(running["slug"])


def _raised(line: Row, value: Decimal) -> Row:
    schedules = [
        {**entry, "minimum_period_value": {**entry["minimum_period_value"], "amount": value}}
        for entry in line["billing"]["schedules"]
    ]
    return {
        **line,
        "billing": {**line["billing"], "schedules": schedules},
        "pricing": {**line["pricing"], "minimum_period_value": {"amount": value}},
    }
