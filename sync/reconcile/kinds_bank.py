"""What can be wrong with payouts and fees as they were coded on the bank account in Xero. Pure."""

from datetime import timedelta
from functools import partial

from sync.reconcile.kind import BOTH, XERO, kind_of

_payout = partial(kind_of, "payout", needs=("bank",), needs_all=True)
_fee = partial(kind_of, "payout", needs=("bank", "fee"), needs_all=True, sides=XERO)

BANK = (
    _payout(
        "bank_line",
        "Payout is not on the bank account",
        "high",
        "Ignition paid it out, and no line on a bank account in Xero fits.",
        "Look whether it waits in the bank feed, which Xero shows to nobody else, and code it to the clearing account.",
        # Working days: the weekend does not count.
        grace=timedelta(days=2),
        sides=BOTH,
        refs=("O01",),
    ),
    _payout(
        "unreconciled",
        "Payout is not reconciled",
        "high",
        "Its money was put in by hand in Xero and is not matched with a line of the bank statement.",
        "Match it under Reconcile in Xero; or remove it, if the rule has put it in once more.",
        sides=XERO,
        refs=("O02",),
    ),
    _payout(
        "elsewhere",
        "Payout coded to another account",
        "critical",
        "Its line in Xero is coded to sales or another account instead of the clearing account: income counts twice.",
        "Change the account of the line in Xero to the clearing account, without tax.",
        sides=XERO,
        refs=("O03",),
    ),
    _payout(
        "other_invoice",
        "Payout matched to another invoice",
        "critical",
        "Its line in Xero seems to be matched with an invoice that it has nothing to do with.",
        "Remove that payment in Xero, then code the line to the clearing account.",
        refs=("O04",),
    ),
    _payout(
        "rule_tax",
        "Payout coded with tax",
        "high",
        "Tax was taken out of it on its way to the clearing account, though the invoices have it already.",
        "Change the tax rate of the line, and of the bank rule, to none.",
        sides=XERO,
        refs=("O14",),
    ),
    _fee(
        "fee_missing",
        "Fees not posted",
        "high",
        "Ignition billed its fees, and no money spent in Xero fits.",
        "Post the fee bill as money spent, with its tax.",
        # As long as it takes until a card or a debit is on the statement and somebody has coded it.
        grace=timedelta(days=21),
        unattended="ask",
        refs=("O07",),
    ),
    _fee(
        "fee_other",
        "Fees posted with another amount",
        "high",
        "The money spent on Ignition in Xero is not what it billed.",
        "Compare it with Ignition's bill, and correct it.",
        unattended="ask",
        refs=("O07",),
    ),
    _fee(
        "fee_tax",
        "Fees posted without tax, or with other tax",
        "high",
        "The tax in the fees is not what a purchase has in it.",
        "Change the tax rate of the line in Xero, after a look at Ignition's bill.",
        unattended="ask",
        refs=("O08",),
    ),
    kind_of(
        "connection",
        "bank_rule",
        "Bank rule missing or wrong",
        "high",
        "Payouts are coded to a wrong account again and again.",
        (
            "Make or change the bank rule in Xero: money received, any text contains IGNITIONPAY, 100 % to the "
            "clearing account, no tax."
        ),
        needs=("payout", "bank"),
        needs_all=True,
        sides=XERO,
        refs=("K13",),
    ),
)
