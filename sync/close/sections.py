"""The pack as tables, the same ones for the Excel file and the PDF."""

from collections.abc import Iterator

from sync.close.money_sections import clearing_sections, tax_sections
from sync.close.pack import Line, Listed, Pack
from sync.close.signing import moved_since
from sync.close.tables import FACTS, Cell, Row, Section, columns
from sync.pages.words import kind_words
from sync.reconcile.kind import SEVERITIES

NOT_TIED = "not tied to a month"
BESIDE = "They have no date, stand beside every period, and are in the figures of none."
ONCE = "Money counted once"
ONCE_WORDS = "Of what hangs on one document only the largest counts under “Money counted once”."


def sections(pack: Pack) -> list[Section]:
    return [
        _summary(pack),
        _totals(pack),
        _open("Open differences dated in the period", pack.open),
        _open(f"Open differences {NOT_TIED}", pack.open_undated, BESIDE),
        _accepted("Accepted differences dated in the period", pack.accepted),
        _accepted(f"Accepted differences {NOT_TIED}", pack.accepted_undated, BESIDE),
        _approvals(pack),
        *tax_sections(pack),
        *clearing_sections(pack),
        *_coverage(pack),
        *_signed(pack),
    ]


def _summary(pack: Pack) -> Section:
    facts: list[tuple[str, Cell]] = [
        ("Practice", pack.practice.name),
        ("Period", pack.period.label),
        ("From", pack.period.starts_on),
        ("To", pack.period.ends_on),
        ("Figures as of", pack.figures.made_at or "Not worked out yet"),
        ("Put together", pack.made_at),
        (pack.tax.name, pack.tax.lamp),
        *((f"{pack.tax.name}: because", reason.text) for reason in pack.tax.reasons),
    ]
    if pack.period.due_on:
        facts.append((f"{pack.tax.name} due", pack.period.due_on))
        facts.append(("Rule", f"{pack.period.rule.says} ({pack.period.rule.source})"))
    facts += [
        *_counted("Open differences", pack.open),
        *_counted(f"Open differences {NOT_TIED}", pack.open_undated),
        ("Critical ones among all of these", pack.critical),
        *_counted("Accepted differences", pack.accepted),
        *_counted(f"Accepted differences {NOT_TIED}", pack.accepted_undated),
        ("Open differences without a day or money, not listed", str(pack.elsewhere).capitalize()),
        ("Documents and payments without a date, in no period", pack.figures.undated),
        ("Signed off", _by(pack)),
    ]
    return Section(sheet="Summary", title="Summary", columns=FACTS, rows=tuple(Row(fact) for fact in facts))


def _counted(label: str, listed: Listed) -> Iterator[tuple[str, Cell]]:
    """How many there are, and what is at stake, as the report's list of them has it."""
    yield label, listed.count
    for item in listed.sums.items:
        if item.currency:
            yield f"{label}: at stake in {item.currency}", item.at_stake


def _by(pack: Pack) -> str:
    return f"by {pack.signed.signed_by or 'somebody who left'}" if pack.signed else "Not yet"


def _totals(pack: Pack) -> Section:
    rows: list[Row] = []
    for item in pack.tie_outs:
        rows.append(Row((f"{item.label}: Ignition", item.left_count, item.currency, item.left), True))
        rows.extend(
            Row(
                (
                    f"{step.title}{'' if step.is_kept else ' (explained)'}",
                    step.count,
                    item.currency,
                    step.amount,
                )
            )
            for step in item.causes
        )
        rows.append(Row((f"{item.label}: Xero", item.right_count, item.currency, item.right), True))
    return Section(
        sheet="Totals",
        title="Totals, from Ignition to Xero",
        columns=columns(("Step", 40), ("Documents", 10, True), ("Currency", 8), ("Amount", 14, True)),
        rows=tuple(rows),
        empty="No documents or payments in this period.",
    )


def _open(title: str, listed: Listed, *notes: str) -> Section:
    return Section(
        sheet="Open",
        title=title,
        columns=columns(
            ("What", 20),
            ("Severity", 8),
            ("Client", 20),
            ("Document", 11),
            ("Dated", 10),
            ("Currency", 7),
            ("At stake", 11, True),
            ("Tax at stake", 11, True),
            ("Owner", 12),
            ("Since", 10),
        ),
        rows=(*(Row(_difference(item)) for item in listed.rows), *_sums(listed, before=5, after=2)),
        notes=(*notes, *_notes(listed)),
    )


def _difference(line: Line) -> tuple[Cell, ...]:
    item = line.item
    return (
        line.label,
        SEVERITIES[item.rank].capitalize() if item.rank < len(SEVERITIES) else "",
        item.client,
        item.document,
        item.dated_on,
        item.currency,
        item.at_stake if item.currency else None,
        item.tax_at_stake if item.currency else None,
        str(item.owner or ""),
        item.first_seen_at,
    )


def _sums(listed: Listed, *, before: int, after: int) -> Iterator[Row]:
    """What all of them come to, those that are not listed too: under the columns of currency, money and tax.

    First as the columns add up; then, where that is another amount, with money counted once.
    """
    blank: tuple[Cell, ...] = ("",) * (before - 1)
    for item in listed.sums.items:
        if item.currency:
            title = f"All {item.count:,}"
            yield Row((title, *blank, item.currency, item.every, item.every_tax, *("",) * after), True)
            if item.overlaps:
                yield Row((ONCE, *blank, item.currency, item.at_stake, item.tax, *("",) * after), True)


def _notes(listed: Listed) -> Iterator[str]:
    if listed.sums.overlaps:
        yield ONCE_WORDS
    if listed.more:
        yield f"{listed.more:,} more are not listed here."


def _accepted(title: str, listed: Listed, *notes: str) -> Section:
    rows = [
        Row(
            (
                line.label,
                item.client,
                item.document,
                item.currency,
                item.at_stake if item.currency else None,
                item.tax_at_stake if item.currency else None,
                item.reason,
                str(item.accepted_by or "somebody who left"),
                item.accepted_at,
                item.ceiling,
                item.accepted_until,
            )
        )
        for line in listed.rows
        for item in [line.item]
    ]
    return Section(
        sheet="Accepted",
        title=title,
        columns=columns(
            ("What", 17),
            ("Client", 16),
            ("Document", 10),
            ("Currency", 7),
            ("At stake", 10, True),
            ("Tax at stake", 10, True),
            ("Reason", 20),
            ("Accepted by", 12),
            ("On", 10),
            ("Up to", 10, True),
            ("Until", 10),
        ),
        rows=(*rows, *_sums(listed, before=3, after=5)),
        notes=(*notes, *_notes(listed)),
    )


def _approvals(pack: Pack) -> Section:
    rows = [
        Row(
            (
                item.get_state_display(),
                item.change.title,
                item.change.get_verb_display(),
                item.change.currency,
                item.change.amount,
                str(item.asked_by or ""),
                str(item.decided_by or ""),
                item.decided_at,
                item.note,
            )
        )
        for item in pack.approvals
    ]
    more = pack.approval_count - len(rows)
    return Section(
        sheet="Approvals",
        title="Approvals decided in the period",
        columns=columns(
            ("Decision", 9),
            ("What", 20),
            ("Does", 9),
            ("Currency", 7),
            ("Amount", 11, True),
            ("Asked by", 13),
            ("Decided by", 13),
            ("On", 10),
            ("Note", 18),
        ),
        rows=tuple(rows),
        notes=(f"{more:,} more are not listed here.",) if more else (),
    )


def _coverage(pack: Pack) -> Iterator[Section]:
    yield Section(
        sheet="Looked at",
        title="What was looked at",
        columns=columns(
            ("List", 24), ("Records", 10, True), ("Could not be read", 12, True), ("Last read to its end", 18)
        ),
        rows=tuple(
            Row(
                (
                    f"{item.system}: {kind_words(item.kind)}",
                    item.records,
                    item.unreadable,
                    item.read_at or item.reason or "Not read, not checked",
                )
            )
            for item in pack.coverage
        ),
        empty="Nothing was compared yet.",
    )
    yield Section(
        sheet="Looked at",
        title="What was not checked",
        columns=columns(("What", 22), ("Why", 40)),
        rows=tuple(Row(item) for item in pack.not_checked),
    )


def _signed(pack: Pack) -> Iterator[Section]:
    signed = pack.signed
    facts: list[tuple[str, Cell]] = [("Signed off", _by(pack))]
    if signed is not None:
        facts += [("On", signed.signed_at), ("Note", signed.note or "None")]
    else:
        facts += [("Name", ""), ("Signature", ""), ("Date", "")]
    for item in pack.withdrawn:
        facts.append(("Signed off before", f"by {item.signed_by or 'somebody who left'}"))
        facts.append(("Taken back", f"by {item.withdrawn_by or 'somebody who left'}"))
        facts.append(("On", item.withdrawn_at))
        if item.withdrawn_reason:
            facts.append(("Because", item.withdrawn_reason))
    yield Section(sheet="Sign-off", title="Sign-off", columns=FACTS, rows=tuple(Row(fact) for fact in facts))
    if signed is not None:
        yield Section(
            sheet="Sign-off",
            title="Figures that moved since",
            columns=columns(("Figure", 36), ("When signed", 16, True), ("Now", 16, True)),
            rows=tuple(Row((item.label, item.then, item.now)) for item in moved_since(pack)),
        )
