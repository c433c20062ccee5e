"""Recent records of the practice as examples beside an editor: what a field becomes, whether a rule applies."""

from dataclasses import dataclass

from mappings import services
from mappings.catalog import About
from mappings.conditions import compile_condition
from mappings.fieldmaps import BadChoice, FieldMap
from mappings.program import compile_field
from mappings.rules import Rule
from mappings.subjects import Subject
from mappings.templates import as_text
from mappings.transforms import Env
from practices.models import Practice

MOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSample:
    """``refused`` says why the value can't be used."""

    title: str
    before: str
    after: str
    refused: str = ""
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSample:
    title: str
    applies: bool


def field_samples(practice: Practice, about: About, item: FieldMap, env: Env) -> list[FieldSample]:
    """Nothing where the field can't be filled this way, or nobody knows any records."""
    try:
        compiled = compile_field(item, env)
    except BadChoice:
        return []
    if compiled is None:
        return []
    out = []
    for subject in services.samples_of(practice, about, MOST):
        before = as_text(compiled.take(subject))
        after, refused, cut = compiled.settled(subject)
        title = title_of(subject, about)
        out.append(FieldSample(title=title, before=before, after=after, refused=refused, is_cut=cut))
    return out


def rule_samples(practice: Practice, rule: Rule) -> list[RuleSample]:
    """Nothing where the condition makes no sense yet, or nobody knows any records."""
    try:
        test = compile_condition(rule.when, rule.about)
    except BadChoice:
        return []
    return [
        RuleSample(title=title_of(subject, rule.about), applies=test(subject))
        for subject in services.samples_of(practice, rule.about, MOST)
    ]


def title_of(subject: Subject, about: About) -> str:
    """A record by the names people know it by."""
    client = subject.client.name if subject.client else ""
    if about is About.CONTACT:
        return client or "A client without a name"
    number = subject.invoice.reference or subject.invoice.number if subject.invoice else ""
    parts = [f"Invoice {number}"] if number else []
    if about is About.LINE and subject.line:
        parts.append(subject.line.description or (subject.service.name if subject.service else ""))
    if about is About.PAYMENT and subject.paid_on:
        parts.append(f"paid {subject.paid_on.isoformat()}")
    if client:
        parts.append(client)
    return ", ".join(part for part in parts if part) or "A record without a name"
