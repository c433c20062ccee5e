"""Group K: settings of the organisation in Xero that the mapping counts on."""

from __future__ import annotations

from sandbox.planting.ground import Ground, NoGround
from sandbox.planting.planted import Planted
from sandbox.planting.writing import put_straight

_CLEARING = "608"
AHEAD_SECONDS = 15 * 60.0


def archived_account(ground: Ground, number: int) -> Planted:
    """K07: the clearing account, which every payment is posted to, was archived."""
    ledger = ground.ledger
    row = ledger.account({"Code": _CLEARING})
    if row is None or row["Status"] != "ACTIVE":
        raise NoGround("the clearing account is archived already")
    put_straight(ground, "accounts", row, Status="ARCHIVED")
    return Planted(
        ref="K07",
        code="settings_account",
        note=f"The account {row['Code']} {row['Name']} was archived in Xero.",
        xero_ids=(row["AccountID"], row["Code"]),
        document=row["Code"],
        currency=ledger.currency,
    )


def archived_rate(ground: Ground, number: int) -> Planted:
    """K08: a tax rate that services use was archived."""
    ledger = ground.ledger
    row = next(
        (
            row
            for row in ledger.tax_rates.values()
            if row["Status"] == "ACTIVE" and row["CanApplyToRevenue"] and not row["EffectiveRate"]
        ),
        None,
    )
    if row is None:
        raise NoGround("there is no tax rate left")
    row["Status"] = "ARCHIVED"
    ledger.tax_rates.put(row)
    return Planted(
        ref="K08",
        code="settings_tax_rate",
        note=f"The tax rate {row['Name']} was archived in Xero.",
        xero_ids=(row["TaxType"],),
        document=row["TaxType"],
        currency=ledger.currency,
    )


def fast_clock(ground: Ground, number: int) -> Planted:
    """K12: both systems' clock goes a quarter of an hour ahead of everybody else's."""
    ground.ledger.clock.advance(AHEAD_SECONDS)
    return Planted(
        ref="K12",
        code="connection_clock",
        note="The stamps of Ignition and Xero are a quarter of an hour ahead.",
        xero_ids=(ground.ledger.tenant_id,),
        currency=ground.ledger.currency,
    )


def disconnected(ground: Ground, number: int) -> Planted:
    """K01: somebody disconnected every app in Xero."""
    xero, tenant = ground.xero, ground.ledger.tenant_id
    for entry in [entry for entry in xero.connections.values() if entry.tenant_id == tenant]:
        del xero.connections[entry.id]
        granted = xero.tokens.find(entry.client_id, entry.user_id)
        if granted is not None:
            xero.tokens.end(granted)
    return Planted(
        ref="K01",
        code="connection_lost",
        note="Every app was disconnected from the organisation in Xero.",
        xero_ids=(tenant,),
        currency=ground.ledger.currency,
    )
