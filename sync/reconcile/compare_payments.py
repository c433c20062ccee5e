"""Every difference between collected money and the target's payments. Pure.

As with invoices, a share moves the totals in one place only: in the first kind of ``_FIRST`` that fits.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

from connectors.records import Invoice
from sync.documents import POSTED_EARLY_DAYS, POSTED_LATE_DAYS
from sync.reconcile.books import PAYMENTS, REFUNDS, ZERO, Books, Difference, Effect, effects
from sync.reconcile.compare_loose import compare_loose
from sync.reconcile.documents import Unit
from sync.reconcile.kinds import KINDS
from sync.reconcile.receipts import Paired
from sync.reconcile.rounding import shown
from sync.reconcile.shares import BACK, NOT_COME, Share, is_alive
from sync.reconcile.telling import Found, about_unit, ids, number_of, tax_share

__all__ = ["BACK", "compare_payments"]

UNPAID = frozenset({"unpaid", "uncollected", "collecting", "scheduled", "overdue", "failed"})
"""What Ignition calls an invoice whose money has not come."""
PAID_THERE = frozenset({"ledger", "xero"})
"""Where Ignition says that it took over from the ledger that an invoice is paid."""


class Ledgers:
    """The books while their payments are compared.

    ``notes`` are credit notes that already explain a refund. By the key of an invoice, ``collected`` is what Ignition
    collected for it and ``besides`` what the target has beside that.
    """

    def __init__(self, books: Books, paired: Paired) -> None:
        self.books = books
        self.notes: dict[str, Invoice] = {
            refund.share.key: refund.note
            for refund in paired.refunds
            if refund.share is not None and refund.note is not None
        }
        self.collected: dict[str, Decimal] = defaultdict(Decimal)
        self.besides: dict[str, Decimal] = defaultdict(Decimal)
        for share in paired.shares:
            if share.unit is not None and share.left:
                self.collected[share.unit.key] += share.amount
            elif share.unit is not None and share.receipt is not None and share.right:
                self.besides[share.unit.key] += share.receipt.amount


First = Callable[[Ledgers, Share], Found]


def compare_payments(books: Books, paired: Paired) -> Iterator[Difference]:
    if "payment" not in books.read:
        return
    ledgers = Ledgers(books, paired)
    for share in paired.shares:
        if share.left or share.right:
            yield from _first(ledgers, share)
            if share.right:
                yield from _details(books, share)
    yield from payment_overpaid(books, paired)
    yield from compare_open(books, paired)
    yield from compare_loose(books)


def _first(ledgers: Ledgers, share: Share) -> Iterator[Difference]:
    home = ledgers.books.currency
    moved = effects(PAYMENTS, left=share.left_money(home), right=share.right_money(home))
    if not moved:
        return
    for rule in _FIRST:
        found = rule(ledgers, share)
        if found is not None:
            if found[0] == "payment_reversed" and "credit" in ledgers.books.read:
                # There is no credit note either, and the total of refunds says so in the same step.
                left = ledgers.books.currency if share.item is None else share.item.payment.currency or home
                moved += effects(REFUNDS, left=(left, share.amount), right=(left, ZERO))
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
    stake = max(abs(left[1]), abs(right[1]))
    return Difference(
        kind=kind,
        key=share.key,
        text=text,
        source_ids=ids(share.source_id),
        target_ids=ids(share.target_id),
        client=books.client_name(party) or (contact.name if contact else ""),
        client_external_id=party,
        currency=left[0] if share.left else right[0],
        at_stake=stake,
        tax_at_stake=tax_share(share.unit, stake, books.currency) if share.unit is not None else ZERO,
        document=number_of(books, share.unit) if share.unit is not None else "",
        dated_on=share.receipt.date if share.receipt is not None and share.right else share.paid_on,
        effects=moved,
    )


def payment_not_divided(ledgers: Ledgers, share: Share) -> Found:
    if share.item is not None and share.item.problem:
        return "payment_not_divided", share.item.problem
    return None


def payment_removed(ledgers: Ledgers, share: Share) -> Found:
    """Only where the target says so; a payment that could not be read may well be there."""
    if share.left and share.target_id and not share.right:
        money = shown(*share.left_money(ledgers.books.currency))
        if share.receipt is None and share.target_id not in ledgers.books.gone_receipts:
            return "payment_unreadable", f"Ignition collected {money}; what Xero has could not be read."
        return "payment_removed", f"Ignition collected {money}; in Xero the payment was removed."
    return None


def payment_waiting(ledgers: Ledgers, share: Share) -> Found:
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


def payment_left_out(ledgers: Ledgers, share: Share) -> Found:
    unit = share.unit
    if share.left and unit is not None and not unit.target_id and unit.expected.left_out:
        return "payment_left_out", f"Its invoice is left out: {unit.expected.left_out}"
    return None


def payment_no_invoice(ledgers: Ledgers, share: Share) -> Found:
    if share.left and (share.unit is None or not share.unit.right):
        money = shown(*share.left_money(ledgers.books.currency))
        return "payment_no_invoice", f"Ignition collected {money} for an invoice that Xero does not have."
    return None


def payment_missing(ledgers: Ledgers, share: Share) -> Found:
    if share.left and not share.right:
        money = shown(*share.left_money(ledgers.books.currency))
        return "payment_missing", f"Ignition collected {money}; Xero does not have it on the invoice."
    return None


def payment_refunded(ledgers: Ledgers, share: Share) -> Found:
    note = ledgers.notes.get(share.key) if share.right and share.went_back else None
    if note is not None:
        return "payment_refunded", f"Xero has a credit note over {shown(note.currency, note.total)}."
    return None


def payment_reversed(ledgers: Ledgers, share: Share) -> Found:
    if share.right and share.went_back:
        money = shown(*share.right_money(ledgers.books.currency))
        return "payment_reversed", f"The money went back to the client; Xero still has {money}."
    return None


def payment_outside(ledgers: Ledgers, share: Share) -> Found:
    """Ignition knows that it was paid in another way, and the money is not where its own would be."""
    source = share.unit.source if share.unit is not None else None
    if not share.right or share.left or source is None or share.receipt is None:
        return None
    elsewhere = share.receipt.account_code not in ledgers.books.chosen.clearing
    if elsewhere and source.payment_state.lower() == "paid" and _is_known(ledgers, share, source):
        by = f" ({source.payment_source})" if source.payment_source else ""
        return "payment_outside", f"Ignition calls it paid{by}."
    return None


def _is_known(ledgers: Ledgers, share: Share, source: Invoice) -> bool:
    """Whether an invoice that Ignition calls paid is so with money that Ignition did not collect."""
    by, key = source.payment_source.lower(), share.unit.key if share.unit is not None else ""
    if by not in {"", "ignition"}:
        return True
    collected = ledgers.collected.get(key, ZERO)
    fits = collected + ledgers.besides.get(key, ZERO) <= source.total
    return fits and (collected > ZERO or not by)


def payment_not_collected(ledgers: Ledgers, share: Share) -> Found:
    if share.right and share.item is not None and not share.left:
        money = shown(*share.right_money(ledgers.books.currency))
        state = share.item.payment.status.replace("_", " ")
        if share.item.payment.status not in NOT_COME:
            return (
                "payment_only_in_xero",
                f"Ignition says “{state}”, which is not known here; Xero has {money}.",
            )
        if _may_come(ledgers.books, share):
            return "payment_unpaid_in_ignition", f"Xero has {money} on it; Ignition is still to collect it."
        return "payment_not_collected", f"Ignition says “{state}”; Xero has {money}."
    return None


def _may_come(books: Books, share: Share) -> bool:
    """Whether the client paid in another way while Ignition's own collection is still to come."""
    account = share.receipt.account_code if share.receipt is not None else ""
    waits = share.item is not None and share.item.payment.status in {"collecting", "scheduled", "uncollected"}
    return waits and bool(account and books.chosen.clearing) and account not in books.chosen.clearing


def payment_unpaid_in_ignition(ledgers: Ledgers, share: Share) -> Found:
    source = share.unit.source if share.unit is not None else None
    if share.right and share.item is None and source is not None and source.payment_state.lower() in UNPAID:
        money = shown(*share.right_money(ledgers.books.currency))
        return "payment_unpaid_in_ignition", f"Xero has {money} on it; Ignition says it is unpaid."
    return None


def payment_only_in_xero(ledgers: Ledgers, share: Share) -> Found:
    if share.right and share.item is None:
        money = shown(*share.right_money(ledgers.books.currency))
        return "payment_only_in_xero", f"Xero has {money} that Ignition did not collect."
    return None


def payment_currency(ledgers: Ledgers, share: Share) -> Found:
    left, right = share.left_money(ledgers.books.currency), share.right_money(ledgers.books.currency)
    if left[0] != right[0]:
        return "payment_currency", f"Ignition: {shown(*left)}. Xero: {shown(*right)}."
    return None


def payment_amount(ledgers: Ledgers, share: Share) -> Found:
    left, right = share.left_money(ledgers.books.currency), share.right_money(ledgers.books.currency)
    if left[1] != right[1]:
        return "payment_amount", f"Ignition: {shown(*left)}. Xero: {shown(*right)}."
    return None


_FIRST: tuple[First, ...] = (
    payment_not_divided,
    payment_removed,
    payment_left_out,
    payment_waiting,
    payment_no_invoice,
    payment_missing,
    payment_refunded,
    payment_reversed,
    payment_outside,
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


def payment_date(books: Books, share: Share) -> Found:
    there = share.receipt.date if share.receipt else None
    if not share.left or share.paid_on is None or there is None:
        return None
    if -POSTED_EARLY_DAYS <= (there - share.paid_on).days <= POSTED_LATE_DAYS:
        return None
    crosses = (there.year, there.month) != (share.paid_on.year, share.paid_on.month)
    text = f"Collected on {share.paid_on:%d %b %Y}; dated {there:%d %b %Y} in Xero."
    return "payment_month" if crosses else "payment_date", text


def payment_account(books: Books, share: Share) -> Found:
    code = share.receipt.account_code if share.receipt else ""
    if not share.left or not code or not books.chosen.clearing or code in books.chosen.clearing:
        return None
    account = books.accounts.get(code)
    if account is not None and "clearing" in account.name.casefold():
        return "payment_old_clearing", f"It is in “{account.name}”; the clearing account is {_codes(books)}."
    return "payment_account", f"It is in account {code}; the clearing account is {_codes(books)}."


def payment_overpaid(books: Books, paired: Paired) -> Iterator[Difference]:
    """Documents on which there is more money than they come to; the payments themselves moved the totals already.

    Money that Ignition collected counts as well where the document was paid by another way before.
    """
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for receipt in books.receipts.values():
        if is_alive(receipt) and len(receipt.invoice_external_ids) == 1:
            paid[receipt.invoice_external_ids[0]] += receipt.amount
    twice = _collected_besides(books, paired)
    for unit in paired.units:
        target = unit.target
        if target is None or not unit.right:
            continue
        money = paid.get(unit.target_id, ZERO) + (target.amount_credited or ZERO)
        more = twice.get(unit.key, ZERO)
        over = max(money + more - target.total, -(target.amount_due or ZERO), ZERO)
        if over:
            currency = target.currency or books.currency
            text = f"It comes to {shown(currency, target.total)}; {shown(currency, over)} more "
            text += "was collected by Ignition." if more else "is on it."
            yield about_unit(books, unit, "payment_overpaid", text, at_stake=over)


def _collected_besides(books: Books, paired: Paired) -> dict[str, Decimal]:
    """What Ignition collected and Xero lacks, of documents that were paid into another account than clearing."""
    elsewhere = {
        share.unit.key
        for share in paired.shares
        if share.item is None and share.right and share.unit is not None and share.receipt is not None
        if books.chosen.clearing and share.receipt.account_code not in books.chosen.clearing
    }
    out: dict[str, Decimal] = {}
    for share in paired.shares if elsewhere else ():
        if share.left and not share.right and share.unit is not None and share.unit.key in elsewhere:
            out[share.unit.key] = out.get(share.unit.key, ZERO) + share.amount
    return out


def compare_open(books: Books, paired: Paired) -> Iterator[Difference]:
    """Invoices that Ignition calls paid while the target still wants money, though their payments agree."""
    wanted = {unit.key: (unit, due) for unit in paired.units if (due := _due(unit)) > ZERO}
    shares: dict[str, list[Share]] = defaultdict(list)
    for share in paired.shares if wanted else ():
        if share.unit is not None and share.unit.key in wanted:
            shares[share.unit.key].append(share)
    for key, (unit, due) in wanted.items():
        found = _open(books, unit, shares.get(key, []), due)
        if found is not None:
            yield about_unit(books, unit, *found, at_stake=due)


def _due(unit: Unit) -> Decimal:
    """What the target still wants for an invoice that the source calls paid."""
    source, target = unit.source, unit.target
    if source is None or target is None or source.payment_state.lower() != "paid":
        return ZERO
    is_open = unit.left and unit.right and target.status.upper() == "AUTHORISED"
    return (target.amount_due or ZERO) if is_open else ZERO


def _open(books: Books, unit: Unit, shares: list[Share], due: Decimal) -> Found:
    """Shares that differ are told by themselves: then the open amount is no news."""
    if unit.source is None:
        return None
    money = shown(unit.right_money(books.currency)[0], due)
    if not any(share.left or share.went_back for share in shares):
        if any(share.item is not None and share.item.problem for share in shares):
            return None
        if unit.source.payment_source.lower() in PAID_THERE:
            return None
        return (
            "payment_marked",
            f"Ignition calls it paid without a collection of its own; {money} is open in Xero.",
        )
    agree = all(share.right and share.right_money("")[1] == share.amount for share in shares if share.left)
    if agree:
        return "payment_part", f"Ignition calls it paid; {money} is still open in Xero."
    return None


def _codes(books: Books) -> str:
    return " or ".join(sorted(books.chosen.clearing))
