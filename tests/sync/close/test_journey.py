"""The clearing account of a whole practice, against what the simulated Xero has on it and Ignition paid out."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from mappings.services import load_choices
from sync.close import working
from sync.close.figures import figures_of
from sync.close.periods import MONTH, period_of
from sync.models import Trigger
from sync.reconcile.running import compare_now
from tests.sync.conftest import NOW, Office

pytestmark = pytest.mark.django_db


def test_the_balance_is_that_of_the_simulated_account_less_what_was_paid_out(small_office: Office) -> None:
    office = small_office
    office.sync()
    office.take_over()
    compare_now(office.practice, trigger=Trigger.PERSON)
    assert working.work(office.practice.pk)
    code = load_choices(office.practice)[1].clearing_account
    today = NOW.date() + timedelta(days=1)
    figures = figures_of(office.practice, period_of(MONTH, today))
    (proof,) = figures.clearing
    accounts = {item["AccountID"] for item in office.ledger.accounts.values() if item.get("Code") == code}
    posted = sum(
        Decimal(str(item["Amount"]))
        for item in office.ledger.payments.values()
        if item["Status"] != "DELETED" and item["Account"]["AccountID"] in accounts
    )
    paid_out = Decimal(0)
    for row in office.ignition.collections:
        payout = row["disbursal"]
        if payout and payout["state"] == "completed" and date.fromisoformat(payout["arrival_date"]) <= today:
            amount = Decimal(str(row["amount"]["total"]))
            paid_out += -amount if row["type"] == "clawback" else amount
    assert proof.closing == posted - paid_out
    assert sum(item.amount for item in proof.items) == proof.closing
