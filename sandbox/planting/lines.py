"""Group L: lines, tax and dates of a document that is on both sides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from sandbox.planting.ground import Document, Ground
from sandbox.planting.planted import Planted
from sandbox.planting.telling import about_document
from sandbox.planting.writing import edit, edit_lines, new_invoice, push
from sandbox.xero.payload import Row

CENT = Decimal("0.01")
Fits = Callable[[Document], bool]


def other_total(ground: Ground, number: int) -> Planted:
    party, item = ground.open()
    more = Decimal(25 + number)
    _dearer(ground, item, more)
    return about_document(
        "L01",
        "invoice_total",
        party,
        item,
        f"In Xero a line is {more} dearer.",
        money=_apart(item),
        also=("L03", "L07"),
    )


def a_cent_off(ground: Ground, number: int) -> Planted:
    """L02: somebody corrected the tax of a line by a cent."""
    party, item = ground.open(_priced("Exclusive"), wanted="prices before tax")
    edit_lines(ground, item.document, lambda at, line: {} if at else {"TaxAmount": line["TaxAmount"] + CENT})
    return about_document(
        "L02",
        "invoice_rounding",
        party,
        item,
        "The tax in Xero is rounded a cent up.",
        money=CENT,
        also=("L03",),
    )


def other_tax(ground: Ground, number: int) -> Planted:
    """L03: the same total with less tax in it."""
    party, item = ground.open(_priced("Inclusive"), wanted="prices with tax")
    edit_lines(
        ground, item.document,
        lambda at, line: {} if at else {"TaxAmount": (line["TaxAmount"] / 2).quantize(CENT)},
    )  # fmt: skip
    return about_document("L03", "invoice_tax", party, item, "In Xero only half of the tax is in it.")


def other_tax_type(ground: Ground, number: int) -> Planted:
    """L04: a line is tax-free in Xero; the total stays, as prices are with tax."""
    party, item = ground.open(_priced("Inclusive"), wanted="prices with tax")
    free = _tax_free(ground)
    edit_lines(ground, item.document, lambda at, line: {} if at else {"TaxType": free})
    return about_document(
        "L04",
        "invoice_tax_type",
        party,
        item,
        f"In Xero the first line has the tax type {free}.",
        also=("L03",),
    )


def other_basis(ground: Ground, number: int) -> Planted:
    party, item = ground.open(_priced("Exclusive"), wanted="prices before tax")
    edit(ground, item.document, LineAmountTypes="Inclusive")
    return about_document(
        "L05", "invoice_tax_basis", party, item, "In Xero the prices are taken to include the tax.",
        money=_apart(item), also=("L01", "L03"),
    )  # fmt: skip


def other_account(ground: Ground, number: int) -> Planted:
    party, item = ground.open()
    edit_lines(ground, item.document, lambda at, line: {} if at else {"AccountCode": "206"})
    return about_document("L06", "invoice_account", party, item, "In Xero the first line is booked to 206.")


def line_more(ground: Ground, number: int) -> Planted:
    """L07: somebody added a line in Xero."""
    party, item = ground.open()
    _add_line(ground, item, "Courier and printing", Decimal(18 + number))
    return about_document(
        "L07",
        "invoice_lines",
        party,
        item,
        "In Xero there is a line more.",
        money=_apart(item),
        also=("L01", "L03"),
    )


def wrong_arithmetic(ground: Ground, number: int) -> Planted:
    """L08: Ignition shows a line whose quantity and price don't make its total; the total was pushed."""
    party = ground.host()
    invoice = new_invoice(ground, party, ground.free_day(party, first=8, last=30))
    (row,) = invoice["items"]
    item = push(ground, party, invoice)
    items = [{**row, "quantity": row["quantity"] + 2}]
    stored = ground.practice.upsert("invoices", {"slug": item.slug, "items": items})
    return about_document(
        "L08", "invoice_line_sum", party, Document(stored, item.document),
        "In Ignition quantity times price is not the line's total.", also=("L10",),
    )  # fmt: skip


def lost_discount(ground: Ground, number: int) -> Planted:
    party, item = ground.open(
        lambda item: any(line["discount"] for line in item.invoice["items"]), wanted="a discount"
    )
    edit_lines(
        ground, item.document, lambda at, line: {"DiscountAmount": 0} if line.get("DiscountAmount") else {}
    )
    return about_document(
        "L09", "invoice_discount", party, item, "In Xero the discount is missing.", money=_apart(item),
        also=("L01", "L03", "L07"),
    )  # fmt: skip


def other_description(ground: Ground, number: int) -> Planted:
    party, item = ground.open()
    edit_lines(
        ground,
        item.document,
        lambda at, line: {} if at else {"Description": "Work done as discussed by phone"},
    )
    return about_document(
        "L10", "invoice_description", party, item, "In Xero the first line has another text."
    )


def lost_tracking(ground: Ground, number: int) -> Planted:
    party, item = ground.open(
        lambda item: all(line["Tracking"] for line in item.document["LineItems"]), wanted="tracking"
    )
    edit_lines(ground, item.document, lambda at, line: {"Tracking": []})
    return about_document(
        "L11", "invoice_tracking", party, item, "In Xero the tracking is gone.", also=("V08",)
    )


def other_date(ground: Ground, number: int) -> Planted:
    """L12: by a few days, and into another month by turns."""
    across = number % 2 == 0
    party, item = ground.open(lambda item: _moved(item.day, across) is not None)
    day = _moved(item.day, across) or item.day
    edit(ground, item.document, Date=day.isoformat())
    code = "invoice_month" if across else "invoice_date"
    return about_document("L12", code, party, item, f"Ignition: {item.day}. Xero: {day}.")


def other_due_date(ground: Ground, number: int) -> Planted:
    party, item = ground.open()
    due = date.fromisoformat(item.document["DueDate"]) + timedelta(days=16)
    edit(ground, item.document, DueDate=due.isoformat())
    return about_document("L13", "invoice_due_date", party, item, f"In Xero it is due on {due}.")


def other_theme(ground: Ground, number: int) -> Planted:
    party, item = ground.open()
    now = item.document["BrandingThemeID"]
    theme = next(key for key in ground.ledger.branding_themes if key != now)
    edit(ground, item.document, BrandingThemeID=theme)
    return about_document(
        "L14", "invoice_branding", party, item, "In Xero it has another branding theme.", also=("V08",)
    )


def other_reference(ground: Ground, number: int) -> Planted:
    party, item = ground.open()
    edit(ground, item.document, Reference=f"PO {4711 + number}")
    return about_document(
        "L15", "invoice_reference", party, item, f"The reference was {item.invoice['billing_reference']}."
    )


def client_reference(ground: Ground, number: int) -> Planted:
    """L16: collected under the client and not under the proposal, on both sides."""
    party = ground.host(lambda party: len(party.documents) > 4)
    invoice = new_invoice(
        ground, party, ground.free_day(party, first=8, last=30), billing_reference=f"CLI-{7000 + number}"
    )
    item = push(ground, party, invoice)
    return about_document("L16", "invoice_client_reference", party, item, "It carries the client's code.")


def surcharge(ground: Ground, number: int) -> Planted:
    """L18: somebody added a card surcharge to the invoice in Xero."""
    party, item = ground.open()
    on_top = (item.document["Total"] * Decimal("0.015")).quantize(CENT)
    _add_line(ground, item, "Credit card surcharge 1.5%", on_top)
    return about_document(
        "L18", "invoice_surcharge", party, item, "In Xero a surcharge was added that Ignition does not have.",
        money=_apart(item), also=("L01", "L03", "L07"),
    )  # fmt: skip


def lost_precision(ground: Ground, number: int) -> Planted:
    """L19: a price of four decimals was cut to two on its way."""
    party, item = ground.open(
        lambda item: any(_is_cut(line) for line in item.document["LineItems"]),
        wanted="a price of four decimals",
    )
    sent = [{"LineItemID": line["LineItemID"]} for line in item.document["LineItems"]]
    ground.ledger.post_invoice({"InvoiceID": item.key, "LineItems": sent}, force=True, unitdp=2)
    return about_document(
        "L19", "invoice_precision", party, item, "In Xero the unit price has two decimals.", money=_apart(item),
        also=("L01", "L02", "L03", "L07"),
    )  # fmt: skip


def _dearer(ground: Ground, item: Document, more: Decimal) -> None:
    edit_lines(
        ground, item.document, lambda at, line: {} if at else {"UnitAmount": line["UnitAmount"] + more}
    )


def _add_line(ground: Ground, item: Document, description: str, amount: Decimal) -> None:
    """One more line in Xero, coded as the first one."""
    lines = item.document["LineItems"]
    extra = {
        "Description": description,
        "Quantity": 1,
        "UnitAmount": amount,
        **{name: lines[0][name] for name in ("AccountCode", "TaxType")},
    }
    kept: list[Row] = [{"LineItemID": line["LineItemID"]} for line in lines]
    edit(ground, item.document, LineItems=[*kept, extra])


def _apart(item: Document) -> Decimal:
    """What the totals differ by; the document is looked at after the edit."""
    return abs(Decimal(item.document["Total"]) - Decimal(item.invoice["amount"]["total"]))


def _priced(types: str) -> Fits:
    return lambda item: (
        item.document["LineAmountTypes"] == types
        and len(item.document["LineItems"]) > 0
        and item.document["LineItems"][0]["TaxAmount"] > 1
    )


def _tax_free(ground: Ground) -> str:
    return next(
        key
        for key, row in ground.ledger.tax_rates.items()
        if not row["EffectiveRate"] and row["CanApplyToRevenue"]
    )


def _moved(day: date, across: bool) -> date | None:
    """A day near by in the same month or in another one, earlier rather than later."""
    for days in (-2, 2, -4, 4, -6, 6, -9, 9):
        moved = day + timedelta(days=days)
        if ((moved.year, moved.month) != (day.year, day.month)) == across:
            return moved
    return None


def _is_cut(line: Row) -> bool:
    """Whether two decimals make another amount of it."""
    price = Decimal(line.get("UnitAmount", 0))
    cut = price.quantize(CENT)
    return cut != price and (line["Quantity"] * cut).quantize(CENT) != line["LineAmount"]
