"""One record under two mappings, and many such records added up. Pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from mappings.catalog import About
from mappings.mapped import Mapped
from mappings.rules import Fired
from mappings.targets import TARGETS
from mappings.templates import as_text
from sync.plan import Decision

WRITTEN, SKIPPED, APPROVAL, WAITS, LEFT = "written", "skipped", "approval", "waits", "left"
OUTCOME_WORDS = {
    WRITTEN: "is written",
    SKIPPED: "is skipped by a rule",
    APPROVAL: "waits for approval",
    WAITS: "waits: something is missing",
    LEFT: "is not written",
}
FIELD_LABELS = {
    **{item.value: item.label for item in TARGETS.values() if item.about in {About.CONTACT, About.INVOICE}},
    "name": "Name",
    "email": "E-mail",
    "phone": "Phone",
    "mobile": "Mobile",
    "first_name": "First name",
    "last_name": "Last name",
    "number": "Number",
    "account_number": "Client code",
    "tax_number": "Tax number",
    "reference": "Reference",
    "date": "Date",
    "due_date": "Due date",
    "status": "Status",
    "currency": "Currency",
    "branding_theme_external_id": "Branding theme",
    "line_amounts": "Prices",
    "subtotal": "Before tax",
    "tax": "Tax",
    "total": "Total",
    "amount": "Amount",
    "account_code": "Account",
    "line_account_code": "Account of lines",
    "line_item_code": "Item of lines",
    "line_tax_type": "Tax type of lines",
    "line_tracking": "Tracking of lines",
    "line_description": "Description of lines",
}
_LINE_FIELDS = ("account_code", "item_code", "tax_type", "tracking", "description")
_NOT_SHOWN = frozenset({"type", "url", "lines", "account_external_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one mapping makes of a record."""

    outcome: str
    text: str
    values: Mapping[str, Any]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldChange:
    field: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A record that comes out differently."""

    before: Seen
    after: Seen
    changes: tuple[FieldChange, ...]

    @property
    def rules(self) -> list[str]:
        return sorted({*self.before.rules, *self.after.rules})


def seen(mapped: Mapped, barred: Decision | None) -> Seen:
    """The outcome of mapping a record. ``barred`` is why it is not written whatever the mapping says."""
    rules = mapped.ruling.keys()
    if barred is not None:
        return Seen(outcome=LEFT, text=barred.text, values={}, rules=rules)
    if mapped.ruling.skip is not None:
        return Seen(outcome=SKIPPED, text=_named([mapped.ruling.skip]), values={}, rules=rules)
    if mapped.issues:
        text = " ".join(issue.text for issue in mapped.issues)
        return Seen(outcome=WAITS, text=text, values=mapped.values, rules=rules)
    if mapped.ruling.holds:
        return Seen(outcome=APPROVAL, text=_named(mapped.ruling.holds), values=mapped.values, rules=rules)
    return Seen(outcome=WRITTEN, text="", values=mapped.values, rules=rules)


def compare(before: Seen, after: Seen) -> Compared | None:
    """``None`` when the two come to the same."""
    changes = tuple(_changes(before, after)) if before.values and after.values else ()
    if before.outcome == after.outcome and before.text == after.text and not changes:
        return None
    return Compared(before=before, after=after, changes=changes)


def _named(rules: Sequence[Fired]) -> str:
    return ", ".join(dict.fromkeys(rule.name for rule in rules))


def _changes(before: Seen, after: Seen) -> list[FieldChange]:
    old, new = _flat(before.values), _flat(after.values)
    return [
        FieldChange(name, FIELD_LABELS.get(name, name), old.get(name, ""), new.get(name, ""))
        for name in [*old, *(name for name in new if name not in old)]
        if old.get(name, "") != new.get(name, "")
    ]


def _flat(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as text by field; those of lines are joined in their order."""
    out = {name: as_text(value) for name, value in values.items() if name not in _NOT_SHOWN}
    lines = values.get("lines") or []
    for name in _LINE_FIELDS if lines else ():
        out[f"line_{name}"] = " · ".join(_line_text(line.get(name)) for line in lines)
    return out


def _line_text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(f"{item['category']}: {item['option']}" for item in value)
    return as_text(value) or "none"


@dataclass(slots=True, kw_only=True)
class Tally:
    """Records and their money by currency."""

    records: int = 0
    money: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def add(self, amount: Decimal | None, currency: str) -> None:
        self.records += 1
        if amount is not None:
            self.money[currency] += amount

    def to_json(self) -> dict[str, Any]:
        return {"records": self.records, "money": {key: str(value) for key, value in self.money.items()}}


class Summary:
    """Differences added up by field, by rule and by outcome."""

    def __init__(self) -> None:
        self.looked_at: Counter[str] = Counter()
        self.all: Tally = Tally()
        self.written: Tally = Tally()
        self.fields: dict[tuple[str, str], Tally] = defaultdict(Tally)
        self.outcomes: dict[tuple[str, str, str], Tally] = defaultdict(Tally)
        self.rules_before: Counter[str] = Counter()
        self.rules_after: Counter[str] = Counter()
        self.rule_money: dict[str, Tally] = defaultdict(Tally)

    def look(self, kind: str, before: Seen, after: Seen) -> None:
        """Every record, whether it differs or not."""
        self.looked_at[kind] += 1
        self.rules_before.update(before.rules)
        self.rules_after.update(after.rules)

    def add(
        self, kind: str, found: Compared, amount: Decimal | None, currency: str, *, is_written: bool
    ) -> None:
        """One that differs. What is in the target already is counted apart: it stays as it is there."""
        (self.written if is_written else self.all).add(amount, currency)
        if is_written:
            return
        for change in found.changes:
            self.fields[kind, change.field].add(amount, currency)
        if found.before.outcome != found.after.outcome:
            self.outcomes[kind, found.before.outcome, found.after.outcome].add(amount, currency)
        for key in found.rules:
            self.rule_money[key].add(amount, currency)

    def to_json(self) -> dict[str, Any]:
        return {
            "looked_at": dict(self.looked_at),
            "differing": self.all.to_json(),
            "written": self.written.to_json(),
            "fields": [
                {"kind": kind, "field": name, "label": FIELD_LABELS.get(name, name), **tally.to_json()}
                for (kind, name), tally in sorted(self.fields.items(), key=lambda item: -item[1].records)
            ],
            "outcomes": [
                {"kind": kind, "before": before, "after": after, **tally.to_json()}
                for (kind, before, after), tally in sorted(
                    self.outcomes.items(), key=lambda item: -item[1].records
                )
            ],
            "rules": [
                {
                    "key": key,
                    "before": self.rules_before[key],
                    "after": self.rules_after[key],
                    **self.rule_money[key].to_json(),
                }
                for key in sorted({*self.rules_before, *self.rules_after})
            ],
        }


def changes_to_json(changes: Sequence[FieldChange]) -> list[dict[str, str]]:
    return [asdict(change) for change in changes]
