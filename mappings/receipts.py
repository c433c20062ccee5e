"""One share of a payment → the payment a ledger should hold. Pure, like the engine."""

from datetime import date
from decimal import Decimal
from typing import Any

from connectors.amounts import cents
from connectors.records import Account
from mappings.catalog import About
from mappings.engine import iso
from mappings.mapped import Issue, Mapped
from mappings.rules import Ruling
from mappings.spec import Spec, is_active
from mappings.subjects import Subject


def map_payment(
    *,
    payment_external_id: str,
    amount: Decimal,
    currency: str,
    paid_on: date | None,
    method: str,
    invoice_currency: str,
    invoice_type: str,
    spec: Spec,
    subject: Subject | None = None,
) -> Mapped:
    """One allocation of a payment to one invoice → a payment on that invoice in the clearing account.

    ``subject`` is what the practice's rules see of it; without one no rule is looked at.
    """
    issues: list[Issue] = []
    choices, facts = spec.choices, spec.facts
    ruling = Ruling()
    code = (
        choices.clearing_by_method.get(method, "")
        or choices.clearing_by_currency.get(currency or invoice_currency, "")
        or choices.clearing_account
    )
    if subject is not None:
        code = _account(subject, spec, issues) or code
        subject.values = {"account_code": code}
        spec.program.rule(About.PAYMENT, subject, ruling)
        code = subject.values["account_code"]
        issues.extend(
            Issue("mapping_broken", "mapping", text) for text in spec.program.problems.get(About.PAYMENT, ())
        )
    account = facts.accounts.get(code)
    _check_clearing(code, account, issues)
    if amount <= 0:
        issues.append(Issue("no_amount", "amount", "The payment has no amount."))
    if amount != cents(amount):
        issues.append(Issue("precision", "amount", f"{amount} has more than two decimals."))
    if currency and invoice_currency and currency != invoice_currency:
        issues.append(
            Issue("currency", "currency", f"The payment is in {currency}, the invoice in {invoice_currency}.")
        )
    if invoice_type and invoice_type != "ACCREC":
        issues.append(Issue("type", "type", f"The invoice in Xero is of type {invoice_type}, not a sale."))
    if paid_on is None:
        issues.append(Issue("no_date", "date", "It is not known when the money was collected."))
    if facts.lock_date and paid_on and paid_on <= facts.lock_date:
        issues.append(
            Issue(
                "period_locked",
                "date",
                f"Dated in a period that Xero has locked up to {facts.lock_date:%d %b %Y}.",
            )
        )
    values: dict[str, Any] = {
        "amount": str(cents(amount)),
        "currency": currency or invoice_currency,
        "date": iso(paid_on),
        "reference": payment_external_id,
        "account_code": code,
    }
    if account is not None:
        values["account_external_id"] = account.external_id
    return Mapped(values=values, issues=tuple(issues), ruling=ruling)


def _account(subject: Subject, spec: Spec, issues: list[Issue]) -> str:
    """The clearing account that the practice's field map gives; empty where it gives none."""
    found = ""
    for item in spec.program.fields.get(About.PAYMENT, ()):
        found, refused, _ = item.settled(subject)
        if refused:
            issues.append(Issue("refused_value", "account", refused))
    return found


def _check_clearing(code: str, account: Account | None, issues: list[Issue]) -> None:
    if not code:
        issues.append(Issue("clearing_unmapped", "account", "No clearing account is chosen for payments."))
    elif account is None or not is_active(account):
        text = f"The clearing account {code} is not active in Xero any more."
        issues.append(Issue("clearing_gone", "account", text))
    elif not account.takes_payments:
        text = f"The account {code} does not accept payments in Xero."
        issues.append(Issue("clearing_closed", "account", text))
