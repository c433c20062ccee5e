"""What document lines pick from: tracking categories with their options, and items."""

from __future__ import annotations

from sandbox.xero.books import Books, Mode, Written
from sandbox.xero.payload import Row, ValidationFailed, flag, identifier, mapping, number, rows, text
from sandbox.xero.setup import known_rate


def put_tracking(books: Books, payload: Row, mode: Mode) -> Written:
    name = text(payload, "Name", 100)
    if not name:
        raise ValidationFailed("Tracking category name must be specified.")
    if any(row["Name"].casefold() == name.casefold() for row in books.tracking.values()):
        raise ValidationFailed("A tracking category with this name already exists.")
    active = sum(row["Status"] == "ACTIVE" for row in books.tracking.values())
    if active >= 2 or len(books.tracking) >= 4:
        raise ValidationFailed("An organisation can have at most 2 active tracking categories.")
    row: Row = {"TrackingCategoryID": books.new_id(), "Name": name, "Status": "ACTIVE", "Options": []}
    for option in rows(payload, "Options") or []:
        add_tracking_option(books, row, option)
    books.save("tracking", row, mode, created=True)
    return Written(row)


def post_tracking(books: Books, payload: Row, mode: Mode, *, key: str | None = None) -> Written:
    row = books.tracking.need(key or identifier(payload, "TrackingCategoryID") or "")
    status = text(payload, "Status")
    if status is not None and status not in ("ACTIVE", "ARCHIVED"):
        raise ValidationFailed("The tracking category Status is not valid.")
    row["Status"] = status or row["Status"]
    row["Name"] = text(payload, "Name", 100) or row["Name"]
    books.save("tracking", row, mode, created=False)
    return Written(row, created=False)


def add_tracking_option(books: Books, row: Row, payload: Row) -> Row:
    name = text(payload, "Name", 100)
    if not name:
        raise ValidationFailed("Tracking option name must be specified.")
    if any(option["Name"].casefold() == name.casefold() for option in row["Options"]):
        raise ValidationFailed("A tracking option with this name already exists.")
    option: Row = {"TrackingOptionID": books.new_id(), "Name": name, "Status": "ACTIVE"}
    row["Options"].append(option)
    return option


def change_tracking_option(row: Row, key: str, payload: Row) -> Row:
    """Rename or archive an option; lines that used it keep it. Raises ValidationFailed."""
    found = [option for option in row["Options"] if option["TrackingOptionID"] == key]
    if not found:
        raise ValidationFailed("The tracking option could not be found.")
    option: Row = found[0]
    option["Name"] = text(payload, "Name", 100) or option["Name"]
    option["Status"] = text(payload, "Status") or option["Status"]
    return option


def put_item(books: Books, payload: Row, mode: Mode) -> Written:
    code = text(payload, "Code", 30)
    if not code:
        raise ValidationFailed("Item code must be specified.")
    if code.casefold() in books.item_by_code:
        raise ValidationFailed(f"Price List Item with Code '{code}' already exists")
    row: Row = {"ItemID": books.new_id(), "Code": code, "Name": code, "IsTrackedAsInventory": False}
    row.update({"IsSold": True, "IsPurchased": False, "Description": ""})
    _fill_item(books, row, payload)
    books.item_by_code[code.casefold()] = row["ItemID"]
    books.save("items", row, mode, created=True)
    return Written(row)


def post_item(books: Books, payload: Row, mode: Mode, *, key: str | None = None) -> Written:
    code = text(payload, "Code", 30)
    key = key or identifier(payload, "ItemID") or books.item_by_code.get((code or "").casefold())
    row = books.items.get(key or "")
    if row is None:
        return put_item(books, payload, mode)
    changed: Row = {**row}
    _fill_item(books, changed, payload)
    if code and code.casefold() != row["Code"].casefold():
        if code.casefold() in books.item_by_code:
            raise ValidationFailed(f"Price List Item with Code '{code}' already exists")
        del books.item_by_code[row["Code"].casefold()]
        books.item_by_code[code.casefold()] = row["ItemID"]
        changed["Code"] = code
    row.clear()
    row.update(changed)
    books.save("items", row, mode, created=False)
    return Written(row, created=False)


def remove_item(books: Books, row: Row) -> None:
    """Items have no archive: deleting is final, documents keep their text."""
    books.items.remove(row["ItemID"])
    books.item_by_code.pop(row["Code"].casefold(), None)


def _fill_item(books: Books, row: Row, payload: Row) -> None:
    """Copy item fields. Turning IsSold or IsPurchased off wipes that side, as Xero does."""
    row["Name"] = text(payload, "Name", 50) or row["Name"]
    if payload.get("Description") is not None:
        row["Description"] = text(payload, "Description", 4000)
    for side, switch in (("SalesDetails", "IsSold"), ("PurchaseDetails", "IsPurchased")):
        on = flag(payload, switch)
        if payload.get(side) is not None:
            row[side] = _item_side(books, mapping(payload, side))
            row[switch] = True
        if on is not None:
            row[switch] = on
        if on is False:
            row.pop(side, None)


def _item_side(books: Books, sent: Row) -> Row:
    side: Row = {}
    price = number(sent, "UnitPrice")
    if price is not None:
        side["UnitPrice"] = price
    code = text(sent, "AccountCode")
    if code:
        if books.account({"AccountCode": code}) is None:
            raise ValidationFailed(f"Account code '{code}' is not a valid code for this document.")
        side["AccountCode"] = code
    tax_type = known_rate(books, text(sent, "TaxType"))
    if tax_type:
        side["TaxType"] = tax_type
    return side
