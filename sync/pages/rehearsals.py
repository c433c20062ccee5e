"""A rehearsal as a page: what would change, by outcome, field, rule and record."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from mappings.models import MappingSet
from mappings.rules import Rule, rule_sentence
from mappings.spec import choices_from_json
from practices.models import Practice
from sync.models import Rehearsal, RehearsalRow, Snapshot
from sync.pages.paging import Sheet, sheet
from sync.rehearsal.comparing import OUTCOME_WORDS

SORTS = {"order": "pk", "amount": "amount", "title": "title", "date": "date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that would change, with the records and the money it concerns; ``query`` leads to them."""

    label: str
    kind: str
    records: int
    money: tuple[tuple[Decimal, str], ...]
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    name: str
    sentence: str
    before: int
    after: int
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """``snapshot_pk`` leads to the record; ``differences`` as the rehearsal found them."""

    row: RehearsalRow
    before: str
    after: str
    snapshot_pk: int | None

    @property
    def moves(self) -> bool:
        """Whether it is treated otherwise, and not only written with other values."""
        return self.row.before != self.row.after or self.row.before_text != self.row.after_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    rehearsal: Rehearsal
    looked_at: int
    differing: int
    differing_money: tuple[tuple[Decimal, str], ...]
    written: int
    outcomes: tuple[Line, ...]
    fields: tuple[Line, ...]
    rules: tuple[RuleLine, ...]
    sheet: Sheet
    shown: str


def page(practice: Practice, rehearsal: Rehearsal, params: QueryDict) -> Page:
    """Everything about one rehearsal; ``params`` narrow the records: kind, field, rule, before, after, written."""
    summary = rehearsal.summary
    rows, shown = _narrowed(rehearsal, params)
    found = sheet(rows, params, count=rows.count(), sorts=SORTS, default="order")
    return Page(
        rehearsal=rehearsal,
        looked_at=sum(summary.get("looked_at", {}).values()),
        differing=summary.get("differing", {}).get("records", 0),
        differing_money=_money(summary.get("differing", {})),
        written=summary.get("written", {}).get("records", 0),
        outcomes=tuple(_outcome(item) for item in summary.get("outcomes", ())),
        fields=tuple(_field(item) for item in summary.get("fields", ())),
        rules=tuple(_rules(practice, rehearsal)),
        sheet=_with_records(practice, found),
        shown=shown,
    )


def _narrowed(rehearsal: Rehearsal, params: QueryDict) -> tuple[QuerySet[RehearsalRow], str]:
    rows: QuerySet[RehearsalRow] = RehearsalRow.objects.filter(rehearsal=rehearsal)
    words = []
    for name in ("kind", "before", "after"):
        if value := params.get(name, ""):
            rows = rows.filter(**{name: value[:20]})
    if field := params.get("field", ""):
        rows = rows.filter(fields__contains=[field])
        words.append("records with this field changed")
    if rule := params.get("rule", ""):
        rows = rows.filter(rules__contains=[rule])
        words.append("records that this rule applies to")
    if params.get("before"):
        words.append("records with this outcome")
    if params.get("written") in {"yes", "no"}:
        rows = rows.filter(is_written=params["written"] == "yes")
    return rows, " and ".join(words)


def _money(tally: Mapping[str, Any]) -> tuple[tuple[Decimal, str], ...]:
    return tuple((Decimal(value), currency) for currency, value in tally.get("money", {}).items())


def _outcome(item: Mapping[str, Any]) -> Line:
    before, after = item["before"], item["after"]
    return Line(
        label=f"{OUTCOME_WORDS[before]} → {OUTCOME_WORDS[after]}",
        kind=item["kind"],
        records=item["records"],
        money=_money(item),
        query=f"kind={item['kind']}&before={before}&after={after}&written=no",
    )


def _field(item: Mapping[str, Any]) -> Line:
    return Line(
        label=item["label"],
        kind=item["kind"],
        records=item["records"],
        money=_money(item) if item["kind"] != "contact" else (),
        query=f"kind={item['kind']}&field={item['field']}&written=no",
    )


def _rules(practice: Practice, rehearsal: Rehearsal) -> list[RuleLine]:
    known: dict[str, Rule] = {}
    old = MappingSet.objects.for_practice(practice).filter(version=rehearsal.against).first()
    for choices in ([old.choices] if old else []) + [rehearsal.choices]:
        known.update({rule.key: rule for rule in choices_from_json(choices).rules})
    return [
        RuleLine(
            name=known[item["key"]].name if item["key"] in known else item["key"],
            sentence=rule_sentence(known[item["key"]]) if item["key"] in known else "",
            before=item["before"],
            after=item["after"],
            query=f"rule={item['key']}",
        )
        for item in rehearsal.summary.get("rules", ())
    ]


def _with_records(practice: Practice, found: Sheet) -> Sheet:
    ids = {(row.kind, row.source_external_id.partition("/")[0]) for row in found.rows}
    snapshots = Snapshot.objects.filter(
        practice=practice, kind__in={kind for kind, _ in ids}, external_id__in={key for _, key in ids}
    ).values_list("kind", "external_id", "pk")
    known = {(kind, key): pk for kind, key, pk in snapshots}
    lines = [
        RecordLine(
            row=row,
            before=OUTCOME_WORDS.get(row.before, row.before),
            after=OUTCOME_WORDS.get(row.after, row.after),
            snapshot_pk=known.get((row.kind, row.source_external_id.partition("/")[0])),
        )
        for row in found.rows
    ]
    return Sheet(
        rows=lines,
        count=found.count,
        number=found.number,
        size=found.size,
        sort=found.sort,
        refused=found.refused,
        counted=found.counted,
        goes_on=found.goes_on,
    )
