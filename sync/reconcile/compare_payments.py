"""Every difference between collected money and the target's payments. Pure.

As with invoices, a share moves the totals in one place only: in the first kind of ``_FIRST`` that fits.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

from sync.documents import POSTED_EARLY_DAYS, POSTED_LATE_DAYS
from sync.reconcile.books import PAYMENTS, ZERO, Books, Difference, Effect, effects
from sync.reconcile.documents import Unit
from sync.reconcile.kinds import KINDS
from sync.reconcile.receipts import Paired, Share, is_alive
from sync.reconcile.rounding import shown

BACK = frozenset({"refunding", "refunded", "clawing_back"})
UNPAID = frozenset({"unpaid", "uncollected", "collecting", "scheduled", "overdue", "failed"})
"""What Ignition calls an invoice whose money has not come."""


class Ledgers:
    """The books while their payments are compared: which credit notes already explain a refund."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.credits: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
        for note in books.credits.values():
            if note.type in {"ACCRECCREDIT", "ACCREC", ""} and note.status.upper() not in {
                "VOIDED",
                "DELETED",
            }:
                self.credits[note.contact_external_id, note.currency].append(note.total)

    def use_credit(self, contact: str, currency: str, amount: Decimal) -> bool:
        """Whether there is a credit note of this amount that explains nothing else yet; it is used up."""
        notes = self.credits.get((contact, currency), [])
        if amount in notes:
            notes.remove(amount)
            return True
        return False


First = Callable[[Ledgers, Share], tuple[str, str] | None]


def compare_payments(books: Books, paired: Paired) -> Iterator[Difference]:
    if "payment" not in books.read:
        return
    ledgers = Ledgers(books)
    for share in paired.shares:
        if share.left or share.right:
            yield from _first(ledgers, share)
            if share.right:
                yield from _details(books, share)
    yield from payment_overpaid(books, paired.units)


def _first(ledgers: Ledgers, share: Share) -> Iterator[Difference]:
    home = ledgers.books.currency
    moved = effects(PAYMENTS, left=share.left_money(home), right=share.right_money(home))
    if not moved:
        return
    for rule in _FIRST:
        found = rule(ledgers, share)
        if found is not None:
            yield _difference(ledgers.books, share, *found, moved)
            return


def _difference(
    books: Books, share: Share, kind: str, text: str, moved: tuple[Effect, ...] = ()
) -> Difference:
    left, right = share.left_money(books.currency), share.right_money(books.currency)
    party = share.item.payment.contact_external_id if share.item else ""
    if not party and share.unit is not None and share.unit.source is not None:
        party = share.unit.source.contact_external_id
    contact = books.contacts.get(share.receipt.contact_external_id) if share.receipt else None
    return Difference(
        kind=kind,
        key=share.key,
        text=text,
        source_ids=(share.source_id,) if share.source_id else (),
        target_ids=(share.target_id,) if share.target_id else (),
        client=books.client_name(party) or (contact.name if contact else ""),
        currency=left[0] if share.left else right[0],
        at_stake=max(abs(left[1]), abs(right[1])),
        effects=moved,
    )


def payment_not_divided(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    if share.item is not None and share.item.problem:
        return "payment_not_divided", share.item.problem
    return None


def payment_removed(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    if share.left and share.target_id and not share.right:
        money = shown(*share.left_money(ledgers.books.currency))
        return "payment_removed", f"Ignition collected {money}; in Xero the payment was removed."
    return None


def payment_waiting(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    """Not there yet, and it need not be: Ignition's own link posts a payment once the payout has cleared."""
    if not share.left or share.item is None or share.right:
        return None
    payment, books = share.item.payment, ledgers.books
    paid_out = payment.status == "disbursed"
    if not paid_out and books.chosen.post_payments == "paid_out":
        return "payment_waiting", "Ignition has not paid it out yet."
    moment = payment.collected_at or payment.source_updated_at
    grace = KINDS["payment_missing"].grace if paid_out else timedelta(days=POSTED_LATE_DAYS)
    if moment is not None and books.now - moment < grace:
        return "payment_waiting", f"It was collected on {books.day(moment):%d %b %Y}."
    return None


def payment_left_out(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    unit = share.unit
    if share.left and unit is not None and not unit.target_id and unit.expected.left_out:
        return "payment_left_out", f"Its invoice is left out: {unit.expected.left_out}"
    return None


def payment_no_invoice(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    if share.left and (share.unit is None or not share.unit.right):
        money = shown(*share.left_money(ledgers.books.currency))
        return "payment_no_invoice", f"Ignition collected {money} for an invoice that Xero does not have."
    return None


def payment_missing(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    if share.left and not share.right:
        money = shown(*share.left_money(ledgers.books.currency))
        return "payment_missing", f"Ignition collected {money}; Xero does not have it on the invoice."
    return None


def payment_refunded(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    if not _went_back(share) or share.receipt is None:
        return None
    currency, amount = share.right_money(ledgers.books.currency)
    contact = share.receipt.contact_external_id
    if not contact and share.unit is not None and share.unit.target is not None:
        contact = share.unit.target.contact_external_id
    if ledgers.use_credit(contact, currency, amount):
        return "payment_refunded", f"Xero has a credit note over {shown(currency, amount)}."
    return None


def payment_reversed(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    if _went_back(share):
        money = shown(*share.right_money(ledgers.books.currency))
        return "payment_reversed", f"The money went back to the client; Xero still has {money}."
    return None


def payment_not_collected(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    if share.right and share.item is not None and not share.left:
        money = shown(*share.right_money(ledgers.books.currency))
        state = share.item.payment.status.replace("_", " ")
        return "payment_not_collected", f"Ignition says “{state}”; Xero has {money}."
    return None


def payment_unpaid_in_ignition(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    source = share.unit.source if share.unit is not None else None
    if share.right and share.item is None and source is not None and source.payment_state.lower() in UNPAID:
        money = shown(*share.right_money(ledgers.books.currency))
        return "payment_unpaid_in_ignition", f"Xero has {money} on it; Ignition says it is unpaid."
    return None


def payment_only_in_xero(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    if share.right and share.item is None:
        money = shown(*share.right_money(ledgers.books.currency))
        return "payment_only_in_xero", f"Xero has {money} that Ignition did not collect."
    return None


def payment_currency(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    left, right = share.left_money(ledgers.books.currency), share.right_money(ledgers.books.currency)
    if left[0] != right[0]:
        return "payment_currency", f"Ignition: {shown(*left)}. Xero: {shown(*right)}."
    return None


def payment_amount(ledgers: Ledgers, share: Share) -> tuple[str, str] | None:
    left, right = share.left_money(ledgers.books.currency), share.right_money(ledgers.books.currency)
    if left[1] != right[1]:
        return "payment_amount", f"Ignition: {shown(*left)}. Xero: {shown(*right)}."
    return None


def _went_back(share: Share) -> bool:
    item = share.item
    back = item is not None and (item.clawed_back or item.payment.status in BACK)
    return share.right and back


_FIRST: tuple[First, ...] = (
    payment_not_divided,
    payment_removed,
    payment_left_out,
    payment_waiting,
    payment_no_invoice,
    payment_missing,
    payment_refunded,
    payment_reversed,
    payment_not_collected,
    payment_unpaid_in_ignition,
    payment_only_in_xero,
    payment_currency,
    payment_amount,
)


def _details(books: Books, share: Share) -> Iterator[Difference]:
    """What else is wrong with a payment that the target has; moves no total."""
    for rule in (payment_date, payment_account):
        found = rule(books, share)
        if found is not None:
            yield _difference(books, share, *found)


def payment_date(books: Books, share: Share) -> tuple[str, str] | None:
    there = share.receipt.date if share.receipt else None
    if not share.left or share.paid_on is None or there is None:
        return None
    if -POSTED_EARLY_DAYS <= (there - share.paid_on).days <= POSTED_LATE_DAYS:
        return None
    return "payment_date", f"Collected on {share.paid_on:%d %b %Y}; dated {there:%d %b %Y} in Xero."


def payment_account(books: Books, share: Share) -> tuple[str, str] | None:
    code = share.receipt.account_code if share.receipt else ""
    if not share.left or not code or not books.chosen.clearing or code in books.chosen.clearing:
        return None
    return "payment_account", f"It is in account {code}; the clearing account is {_codes(books)}."


def payment_overpaid(books: Books, units: list[Unit]) -> Iterator[Difference]:
    """Documents on which there is more money than they come to; the payments themselves moved the totals already."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for receipt in books.receipts.values():
        if is_alive(receipt) and len(receipt.invoice_external_ids) == 1:
            paid[receipt.invoice_external_ids[0]] += receipt.amount
    for unit in units:
        target = unit.target
        if target is None or not unit.right:
            continue
        money = paid.get(unit.target_id, ZERO) + (target.amount_credited or ZERO)
        over = max(money - target.total, -(target.amount_due or ZERO), ZERO)
        if over:
            currency = target.currency or books.currency
            yield Difference(
                kind="payment_overpaid",
                key=unit.key,
                text=f"It comes to {shown(currency, target.total)}; {shown(currency, over)} more is on it.",
                source_ids=(unit.source_id,) if unit.source_id else (),
                target_ids=(unit.target_id,),
                client=books.client_name(unit.source.contact_external_id) if unit.source else "",
                currency=currency,
                at_stake=over,
            )


def _codes(books: Books) -> str:
    return " or ".join(sorted(books.chosen.clearing))
