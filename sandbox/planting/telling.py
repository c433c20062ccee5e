"""How a recipe tells what it planted."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sandbox.planting.ground import Document, Ground, Party, Receipt
from sandbox.planting.planted import Planted
from sandbox.xero.payload import Row

NOTHING = Decimal(0)


def about_client(
    ground: Ground,
    ref: str,
    code: str,
    party: Party,
    note: str,
    *,
    ignition: tuple[str, ...] = (),
    xero: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
) -> Planted:
    return Planted(
        ref=ref,
        code=code,
        note=note,
        ignition_ids=(party.slug, *ignition),
        xero_ids=(party.key, *xero),
        client=party.slug,
        client_name=party.name,
        currency=ground.practice.currency,
        also=also,
    )


def about_document(
    ref: str,
    code: str,
    party: Party,
    item: Document,
    note: str,
    *,
    money: Decimal = NOTHING,
    ignition: tuple[str, ...] = (),
    xero: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
) -> Planted:
    """`money` is the document's total unless something else differs."""
    return Planted(
        ref=ref,
        code=code,
        note=note,
        ignition_ids=(item.slug, *ignition),
        xero_ids=(item.key, *xero),
        client=party.slug,
        client_name=party.name,
        document=item.number,
        money=money or item.invoice["amount"]["total"],
        currency=item.invoice["amount"]["currency"],
        also=also,
    )


def about_unsent(
    ref: str,
    code: str,
    party: Party,
    invoice: Row,
    note: str,
    *,
    first: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
) -> Planted:
    """An invoice that only Ignition has; `first` are the ids of what is even more to the point."""
    return Planted(
        ref=ref,
        code=code,
        note=note,
        ignition_ids=(*first, invoice["slug"]),
        client=party.slug,
        client_name=party.name,
        document=invoice["reference_number"],
        money=invoice["amount"]["total"],
        currency=invoice["amount"]["currency"],
        also=also,
    )


def about_money(
    ref: str,
    code: str,
    party: Party,
    item: Document,
    note: str,
    *,
    payment: Row | None = None,
    posted: Row | None = None,
    money: Decimal = NOTHING,
    also: tuple[str, ...] = (),
    ignition: tuple[str, ...] = (),
    xero: tuple[str, ...] = (),
) -> Planted:
    """The payment in Ignition and the one in Xero come before the documents that they are for."""
    mine = (str(payment["slug"]),) if payment else ()
    theirs = (str(posted["PaymentID"]),) if posted else ()
    told = about_document(ref, code, party, item, note, money=money, also=also)
    return replace(told, ignition_ids=(*mine, *ignition, item.slug), xero_ids=(*theirs, *xero, item.key))


def about_receipt(
    ref: str, code: str, party: Party, receipt: Receipt, note: str, *, money: Decimal = NOTHING,
    also: tuple[str, ...] = (), ignition: tuple[str, ...] = (), xero: tuple[str, ...] = (),
) -> Planted:  # fmt: skip
    """The same for money that was in both systems before."""
    return about_money(
        ref, code, party, receipt.document, note, payment=receipt.payment, posted=receipt.posted,
        money=money or receipt.posted["Amount"], also=also,
        ignition=(str(receipt.collection["id"]), *ignition), xero=xero,
    )  # fmt: skip
