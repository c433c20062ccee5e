"""What is wrong with payouts and the clearing account, and the way from what was paid out to what Xero has. Pure.

For each payout the steps come to the difference: what was taken back makes it smaller than its payments, and
each payment counts for what Xero has of it.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from sync.reconcile.books import PAYOUTS, ZERO, Books, Difference, Effect
from sync.reconcile.kinds import KINDS
from sync.reconcile.payouts import FAILED, PAID, Payout
from sync.reconcile.receipts import Paired
from sync.reconcile.rounding import shown
from sync.reconcile.shares import SALES, Share, is_alive
from sync.reconcile.telling import ids, number_of, tax_share


def compare_payouts(books: Books, paired: Paired) -> Iterator[Difference]:
    if not {"payout", "payment", "invoice"} <= books.read:
        return
    unsettled = _unsettled(paired)
    for payout in paired.payouts:
        if payout.is_paid:
            yield from _steps(books, payout)
        yield from _states(books, payout, unsettled)
    yield from payout_fee(books, paired)
    yield from payout_clearing(books, paired)
    for share in paired.shares:
        found = payout_item_old(books, share)
        if found is not None:
            yield found


def _steps(books: Books, payout: Payout) -> Iterator[Difference]:
    """Everything that leads from what was paid out to what the target has of it."""
    home, code = books.currency, payout.currency
    posted = {id(share): _posted(share, home, code) for share in _shares(payout)}
    missing = [(row, share) for row, share in payout.parts if not posted[id(share)]]
    other = [(row, share) for row, share in payout.parts if posted[id(share)]]
    steps = [
        ("payout_taken_back", payout.taken_back, f"{shown(code, payout.taken_back)} taken back."),
        (
            "payout_not_posted",
            -sum((row.amount for row, _ in missing), ZERO),
            f"{len(missing)} of its payments are not in Xero.",
        ),
        (
            "payout_other_amount",
            sum((posted[id(share)] - row.amount for row, share in other), ZERO),
            "Xero has other amounts for its payments.",
        ),
        (
            "payout_not_divided",
            -sum((row.amount for row in payout.undivided), ZERO),
            f"{len(payout.undivided)} rows belong to payments that are not divided yet.",
        ),
    ]
    alone = sum((row.amount for row in payout.alone), ZERO)
    extra = sum((share.amount for share in payout.extra), ZERO)
    off = sum((posted[id(share)] for share in payout.extra), ZERO) - alone
    if alone != extra:
        text = (
            f"Its rows come to {shown(code, sum((row.amount for row in payout.rows), ZERO))}, "
            f"its payments to {shown(code, sum((row.amount for row in payout.rows), ZERO) - alone + extra)}."
        )
        yield _of_payout(payout, "payout_sum", text, abs(alone - extra), off)
    else:
        steps.append(("payout_other_amount", off, "Xero has other amounts for its payments."))
    sums: dict[str, tuple[Decimal, str]] = {}
    for kind, amount, text in steps:
        sums[kind] = (sums.get(kind, (ZERO, ""))[0] + amount, text)
    for kind, (amount, text) in sums.items():
        if amount:
            yield _of_payout(payout, kind, text, abs(amount), amount)


def _shares(payout: Payout) -> list[Share]:
    return [*(share for _, share in payout.parts), *payout.extra]


def _posted(share: Share, home: str, code: str) -> Decimal:
    currency, amount = share.right_money(home)
    return amount if share.right and currency == code else ZERO


def _states(books: Books, payout: Payout, unsettled: set[str]) -> Iterator[Difference]:
    amount = shown(payout.currency, payout.amount)
    state = payout.state.lower()
    if state in FAILED:
        yield _of_payout(payout, "payout_failed", f"{amount} could not be paid out.", abs(payout.amount))
    today = books.day(books.now)
    due = payout.arrives_on + KINDS["payout_late"].grace if payout.arrives_on is not None else None
    if state not in {PAID, *FAILED} and due is not None and today is not None and today > due:
        text = f"{amount} should have arrived on {payout.arrives_on:%d %b %Y}."
        yield _of_payout(payout, "payout_late", text, abs(payout.amount))
    if payout.amount < ZERO and any(row.invoice_external_id in unsettled for row in payout.back):
        text = f"{shown(payout.currency, -payout.amount)} went from the bank account to Ignition."
        yield _of_payout(payout, "payout_negative", text, -payout.amount)


def _unsettled(paired: Paired) -> set[str]:
    """Invoices whose money went back while the target still has it."""
    return {
        refund.share.item.invoice_external_id
        for refund in paired.refunds
        if refund.share is not None and refund.share.item is not None
        if refund.share.right and refund.note is None
    }


def payout_fee(books: Books, paired: Paired) -> Iterator[Difference]:
    """Payments whose own fee is not the sum of the fees on their rows."""
    by_payment: dict[str, list[Share]] = defaultdict(list)
    for share in paired.shares:
        if share.item is not None and share.item.collection is not None:
            by_payment[share.item.payment.external_id].append(share)
    for key, shares in by_payment.items():
        item = shares[0].item
        if item is None or item.payment.fee is None or len(shares) != len(item.payment.invoice_external_ids):
            continue
        fees = [share.item.collection.fee for share in shares if share.item and share.item.collection]
        known = [fee for fee in fees if fee is not None]
        if len(known) != len(shares) or sum(known, ZERO) == item.payment.fee:
            continue
        code = item.payment.currency or books.currency
        whole = sum(known, ZERO)
        yield Difference(
            kind="payout_fee",
            key=key,
            text=f"{shown(code, item.payment.fee)} on the payment, {shown(code, whole)} on its rows.",
            source_ids=(key,),
            client=books.client_name(item.payment.contact_external_id),
            client_external_id=item.payment.contact_external_id,
            currency=code,
            at_stake=abs(whole - item.payment.fee),
            dated_on=shares[0].paid_on,
        )


def payout_clearing(books: Books, paired: Paired) -> Iterator[Difference]:
    """Payments in a clearing account that belong to no collection, one difference for each account and currency."""
    ours = {share.target_id for share in paired.shares if share.item is not None}
    ours |= set(books.payment_links.values())
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    ids_of: dict[tuple[str, str], list[str]] = defaultdict(list)
    for receipt in books.receipts.values():
        if receipt.account_code not in books.chosen.clearing or receipt.external_id in ours:
            continue
        if is_alive(receipt) and receipt.type.upper() in SALES and books.inside(receipt.date):
            key = receipt.account_code, receipt.currency or books.currency
            sums[key].append(receipt.amount)
            ids_of[key].append(receipt.external_id)
    for (code, currency), amounts in sums.items():
        whole = sum(amounts, ZERO)
        number = f"{len(amounts)} payments" if len(amounts) > 1 else "1 payment"
        yield Difference(
            kind="payout_clearing",
            key=f"{code}/{currency}",
            text=f"{number} over {shown(currency, whole)} in account {code} that Ignition did not collect.",
            target_ids=tuple(sorted(ids_of[code, currency])[:20]),
            currency=currency,
            at_stake=abs(whole),
        )


def payout_item_old(books: Books, share: Share) -> Difference | None:
    """Money that was collected long ago, is in the clearing account, and was never paid out."""
    item = share.item
    if not share.left or not share.right or item is None or share.receipt is None:
        return None
    paid_out = item.payment.status == "disbursed" or item.payment.payout_state.lower() == "completed"
    moment = item.payment.collected_at
    if paid_out or moment is None or books.now - moment < KINDS["payout_item_old"].grace:
        return None
    if books.chosen.clearing and share.receipt.account_code not in books.chosen.clearing:
        return None
    currency, amount = share.right_money(books.currency)
    party = item.payment.contact_external_id
    return Difference(
        kind="payout_item_old",
        key=share.key,
        text=f"{shown(currency, amount)}, collected on {books.day(moment):%d %b %Y}.",
        source_ids=ids(share.source_id),
        target_ids=ids(share.target_id),
        client=books.client_name(party),
        client_external_id=party,
        currency=currency,
        at_stake=amount,
        tax_at_stake=tax_share(share.unit, amount, books.currency) if share.unit is not None else ZERO,
        document=number_of(books, share.unit) if share.unit is not None else "",
        dated_on=share.receipt.date,
    )


def _of_payout(payout: Payout, kind: str, text: str, at_stake: Decimal, moves: Decimal = ZERO) -> Difference:
    step = Effect(measure=PAYOUTS, currency=payout.currency, amount=moves)
    return Difference(
        kind=kind,
        key=f"{payout.external_id}/{payout.currency}",
        text=f"Payout {payout.external_id}. {text}" if KINDS[kind].kept else text,
        source_ids=(payout.external_id,),
        currency=payout.currency,
        at_stake=at_stake,
        dated_on=payout.arrives_on or payout.submitted_on,
        effects=(step,) if moves else (),
    )
