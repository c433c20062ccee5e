"""The tables about tax and the clearing account."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from sync.close.clearing import CAUSES, Proof
from sync.close.items import Item
from sync.close.ledger import CODED_IN, CODED_OUT, LEDGER_CAUSES, Ledger
from sync.close.movements import PAID_OUT, POSTED, REFUNDED, TAKEN_BACK
from sync.close.pack import Pack
from sync.close.tables import FACTS, Row, Section, columns

PART_NAMES = {
    POSTED: "Payments that Xero has on the account",
    REFUNDED: "Refunds that Xero paid from it",
    PAID_OUT: "Paid out by Ignition",
    TAKEN_BACK: "Taken back by Ignition from payouts",
    CODED_IN: "Put on it from a bank account",
    CODED_OUT: "Taken off it to a bank account",
}


def tax_sections(pack: Pack) -> Iterator[Section]:
    word, figures = pack.tax.word, pack.figures
    yield Section(
        sheet="Tax",
        title=f"{word} in invoices",
        columns=columns(
            ("Currency", 8),
            ("Ignition, by the mapping", 16, True),
            ("Xero", 14, True),
            ("Xero has more by", 14, True),
        ),
        rows=tuple(Row((item.currency, item.left, item.right, item.difference)) for item in pack.tax.totals),
        notes=("By the date of the invoice. On a cash basis the tax falls when the money comes in.",),
    )
    yield Section(
        sheet="Tax",
        title=f"{word} at stake, by cause",
        columns=columns(
            ("Cause", 24),
            ("State", 9),
            ("Dated", 12),
            ("Found", 8, True),
            ("Currency", 8),
            ("At stake", 12, True),
            (word, 12, True),
        ),
        rows=tuple(
            Row(
                (
                    item.title,
                    item.state.capitalize(),
                    "In the period" if item.dated else "No date",
                    item.count,
                    item.currency,
                    item.money,
                    item.tax,
                )
            )
            for item in pack.tax.stakes
        ),
    )
    more = figures.draft_count - len(figures.drafts)
    yield Section(
        sheet="Tax",
        title="Drafts in Xero that nobody has approved",
        columns=columns(
            ("Number", 14),
            ("Client", 24),
            ("Dated", 11),
            ("Currency", 8),
            ("Total", 12, True),
            (word, 12, True),
        ),
        rows=tuple(
            Row((item.number, item.client, item.day, item.currency, item.total, item.tax))
            for item in figures.drafts
        ),
        notes=(f"{more:,} more are not listed here.",) if more else (),
    )
    yield Section(
        sheet="Tax",
        title="Documents on both sides of the border",
        columns=columns(
            ("Number", 14),
            ("Client", 24),
            ("In Ignition", 11),
            ("In Xero", 11),
            ("Currency", 8),
            ("Total", 12, True),
            (word, 12, True),
        ),
        rows=tuple(
            Row((item.number, item.client, item.here, item.there, item.currency, item.total, item.tax))
            for item in figures.crossings
        ),
    )


def clearing_sections(pack: Pack) -> Iterator[Section]:
    problem = pack.figures.clearing_problem
    if problem or not pack.clearing:
        yield Section(
            sheet="Clearing",
            title="Clearing account",
            columns=FACTS,
            rows=(),
            empty=problem or "No money moved.",
        )
    for proof in pack.clearing:
        yield from _proof(pack, proof)


def equation(of: Proof | Ledger) -> list[tuple[str, Decimal]]:
    """The way from the opening to the closing balance, of the account or as the target's ledger has it."""
    return [
        ("At the start", of.opening),
        *((PART_NAMES[name], amount) for name, amount in of.parts.items()),
        ("At the end", of.closing),
    ]


def _steps(of: Proof | Ledger, title: str, note: str) -> Section:
    steps = equation(of)
    ends = {steps[0], steps[-1]}
    return Section(
        sheet="Clearing",
        title=title,
        columns=columns(("Step", 40), ("Amount", 14, True)),
        rows=tuple(Row(step, step in ends) for step in steps),
        notes=(note,),
    )


def _ledger(pack: Pack, ledger: Ledger, currency: str) -> Iterator[Section]:
    yield _steps(
        ledger,
        f"The account as Xero's ledger has it, in {currency}",
        "From what was read: without journals and transfers.",
    )
    yield Section(
        sheet="Clearing",
        title=f"Why that is not what should be there, in {currency}",
        columns=_ITEM_COLUMNS,
        rows=(
            *_item_rows(pack, ledger.items, LEDGER_CAUSES),
            Row(("Xero has more by", "", "", None, None, None, ledger.difference), True),
        ),
    )


_ITEM_COLUMNS = columns(
    ("Cause", 22),
    ("Client", 22),
    ("Document", 12),
    ("Since", 11),
    ("Days", 7, True),
    ("Count", 7, True),
    ("Amount", 13, True),
)


def _item_rows(pack: Pack, items: Iterable[Item], causes: dict[str, tuple[str, str]]) -> Iterator[Row]:
    for item in items:
        yield Row(
            (
                causes[item.cause][0] if item.cause in causes else item.cause,
                item.client,
                item.document,
                item.since,
                (pack.period.ends_on - item.since).days if item.since else None,
                item.count,
                item.amount,
            )
        )


def _proof(pack: Pack, proof: Proof) -> Iterator[Section]:
    yield _steps(
        proof,
        f"Clearing account in {proof.currency}",
        f"Beside the account, collected in the period: fees {proof.fees:,.2f}, which Ignition bills apart; "
        f"surcharges {proof.surcharges:,.2f}, which clients paid on top.",
    )
    yield Section(
        sheet="Clearing",
        title=f"What it is made of at the end, in {proof.currency}",
        columns=_ITEM_COLUMNS,
        rows=(
            *_item_rows(pack, proof.items, CAUSES),
            Row(("At the end", "", "", None, None, None, proof.closing), True),
        ),
    )
    if proof.ledger is not None:
        yield from _ledger(pack, proof.ledger, proof.currency)
    yield Section(
        sheet="Payouts",
        title=f"Payouts in {proof.currency}",
        columns=columns(
            ("Payout", 16),
            ("Arrived", 12),
            ("Parts", 8, True),
            ("Collected", 13, True),
            ("Taken back", 13, True),
            ("To the bank", 13, True),
        ),
        rows=tuple(
            Row((item.external_id, item.day, item.count, item.paid, -item.taken_back, item.amount))
            for item in proof.payouts
        ),
        notes=(() if proof.ledger is not None else ("Tick these off against the bank.",)),
    )
