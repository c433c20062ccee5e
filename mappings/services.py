"""Versions of a practice's mapping: which one is in force, publishing a new one, going back to an old one.

This package does not know how the two systems are read. Whoever reads them registers a function with
:func:`register_facts`; whoever has to act on a new version registers one with :func:`register_on_published`.
Both are called at start-up only.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mappings import suggest
from mappings.catalog import About
from mappings.models import MappingSet, SetState, Table, ValueMap
from mappings.sides import (
    BrandingTheme,
    CurrencyUse,
    Gaps,
    LabelUse,
    MethodUse,
    ServiceUse,
    SourceView,
    TargetView,
    find_gaps,
)
from mappings.spec import Choices, choices_from_json, choices_to_json
from mappings.subjects import Subject
from practices import audit
from practices.models import Practice, Provider, User

__all__ = [
    "BrandingTheme",
    "CurrencyUse",
    "Gaps",
    "LabelUse",
    "MethodUse",
    "Outdated",
    "RuleUse",
    "ServiceUse",
    "SourceView",
    "TargetView",
    "current",
    "gaps",
    "load_choices",
    "lock",
    "newest_version",
    "publish",
    "publish_suggested_once",
    "register_facts",
    "register_on_published",
    "register_rule_use",
    "register_samples",
    "roll_back",
    "rule_use",
    "samples_of",
    "view_of",
]

SUGGESTED_NOTE = "Suggested by the app"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleUse:
    """How many records a rule applied to when everything was last planned, and what became of them."""

    records: int
    skipped: int = 0
    held: int = 0
    counted_at: datetime | None = None


FactsProvider = Callable[[Practice], TargetView]
PublishedHook = Callable[[MappingSet], None]
SampleProvider = Callable[[Practice, About, int], list[Subject]]
RuleUseProvider = Callable[[Practice], Mapping[str, tuple[int, int, int, datetime | None]]]

_provider: FactsProvider | None = None
_samples: SampleProvider | None = None
_rule_use: RuleUseProvider | None = None
_hooks: list[PublishedHook] = []


class Outdated(Exception):
    """Someone else published a version after the one these choices were made from."""


def register_facts(provider: FactsProvider) -> None:
    """Name the function that reads a practice's two sides. The last one named is used."""
    global _provider
    _provider = provider


def register_samples(provider: SampleProvider) -> None:
    """Name the function that finds recent records (practice, what they are, how many) to show a mapping on."""
    global _samples
    _samples = provider


def register_rule_use(provider: RuleUseProvider) -> None:
    """Name the function that tells by rule key: records, skipped, held, when counted."""
    global _rule_use
    _rule_use = provider


def samples_of(practice: Practice, about: About, limit: int = 5) -> list[Subject]:
    """Recent records of the practice; none where nobody can tell."""
    return _samples(practice, about, limit) if _samples else []


def rule_use(practice: Practice) -> dict[str, RuleUse]:
    """How often the practice's rules applied, by key; rules that nobody counted yet are left out."""
    counted = _rule_use(practice) if _rule_use else {}
    return {
        key: RuleUse(records=records, skipped=skipped, held=held, counted_at=counted_at)
        for key, (records, skipped, held, counted_at) in counted.items()
    }


def register_on_published(hook: PublishedHook) -> None:
    """Name a function to call with each newly published set, after its transaction is committed."""
    if hook not in _hooks:
        _hooks.append(hook)


def view_of(practice: Practice) -> TargetView:
    """What both sides of the practice offer; an empty, unread view where nobody can tell."""
    return _provider(practice) if _provider else TargetView()


def current(
    practice: Practice, source: str = Provider.IGNITION, target: str = Provider.XERO
) -> MappingSet | None:
    """The version in force, or ``None`` before the first one is published."""
    found: MappingSet | None = _sets(practice, source, target).filter(state=SetState.PUBLISHED).first()
    return found


def load_choices(
    practice: Practice, source: str = Provider.IGNITION, target: str = Provider.XERO
) -> tuple[int, Choices]:
    """The version in force and its choices. Version 0 is what the app would suggest, not yet published."""
    published = current(practice, source, target)
    if published is not None:
        return published.version, choices_from_json(published.choices)
    view = view_of(practice)
    return 0, suggest.auto_choices(view) if view.both_read else Choices()


def gaps(practice: Practice) -> Gaps:
    """What is still unmapped in the version in force."""
    return find_gaps(view_of(practice), load_choices(practice)[1])


def publish(
    practice: Practice,
    choices: Choices,
    *,
    actor: User | None,
    note: str = "",
    expected_version: int | None = None,
    source: str = Provider.IGNITION,
    target: str = Provider.XERO,
) -> MappingSet:
    """Put the choices in force as a new version; the one before is retired and stays readable.

    Everything happens in one transaction that holds the practice's row, so two people publishing at once get
    two versions, one after the other. With ``expected_version`` (0 for none yet) :class:`Outdated` is raised
    when another version is in force by then. The hooks run after the commit.
    """
    with transaction.atomic():
        lock(practice)
        return _publish(
            practice, choices, actor=actor, note=note, expected=expected_version, source=source, target=target
        )


def publish_suggested_once(practice: Practice) -> MappingSet | None:
    """Publish the app's own suggestions as version 1, once both sides have been read.

    Returns the new set, or ``None`` when there is nothing to do: a side is unread, or any version exists.
    Safe to call at any time, from any number of workers.
    """
    if _sets(practice).exists():
        return None
    view = view_of(practice)
    if not view.both_read:
        return None
    choices = suggest.auto_choices(view)
    with transaction.atomic():
        lock(practice)
        if _sets(practice).exists():
            return None
        return _publish(practice, choices, actor=None, note=SUGGESTED_NOTE)


def roll_back(
    practice: Practice, version: int, actor: User, *, expected_version: int | None = None
) -> MappingSet:
    """Publish the choices of an earlier version again, as a new one.

    A draft stays as it is. Raises :class:`MappingSet.DoesNotExist` for a version that was never in force,
    :class:`Outdated` as :func:`publish` does.
    """
    with transaction.atomic():
        lock(practice)
        old: MappingSet = _sets(practice).exclude(state=SetState.DRAFT).get(version=version)
        return _publish(
            practice,
            choices_from_json(old.choices),
            actor=actor,
            note=f"Back to version {version}",
            expected=expected_version,
        )


def _publish(
    practice: Practice,
    choices: Choices,
    *,
    actor: User | None,
    note: str,
    expected: int | None = None,
    source: str = Provider.IGNITION,
    target: str = Provider.XERO,
) -> MappingSet:
    """The writing half of publishing. The caller holds the practice's row."""
    sets = _sets(practice, source, target)
    before = sets.filter(state=SetState.PUBLISHED).first()
    in_force = before.version if before else 0
    if expected is not None and expected != in_force:
        raise Outdated(f"version {in_force} is in force, not {expected}")
    sets.filter(state=SetState.PUBLISHED).update(state=SetState.RETIRED)
    now = timezone.now()
    new = MappingSet.objects.create(
        practice=practice,
        source=source,
        target=target,
        version=newest_version(practice, source, target) + 1,
        state=SetState.PUBLISHED,
        choices=choices_to_json(choices),
        note=note[:300],
        created_by=actor,
        created_at=now,
        published_at=now,
    )
    ValueMap.objects.bulk_create(_value_maps(new, choices))
    audit.record(
        practice,
        actor,
        "mapping.published",
        f"Published mapping version {new.version}" + (f": {note}" if note else ""),
        object=new,
        version=new.version,
        replaces=in_force,
    )
    transaction.on_commit(partial(_announce, new))
    return new


def _announce(published: MappingSet) -> None:
    for hook in _hooks:
        hook(published)


def _value_maps(mapping_set: MappingSet, choices: Choices) -> Iterator[ValueMap]:
    longest = ValueMap._meta.get_field("source_value").max_length
    for table, values in (
        (Table.ACCOUNT, choices.account_by_service),
        (Table.TAX, choices.tax_by_label),
        (Table.CLEARING, choices.clearing_by_method),
    ):
        # The rows are for searching: a source value too long for one is cut there and whole in `choices`.
        cut = {key[:longest]: value for key, value in values.items() if value}
        for key, value in cut.items():
            yield ValueMap(
                practice_id=mapping_set.practice_id,
                mapping_set=mapping_set,
                table=table,
                source_value=key,
                target_value=value,
            )


def newest_version(practice: Practice, source: str = Provider.IGNITION, target: str = Provider.XERO) -> int:
    """The highest version number that was ever given, drafts included; 0 before the first."""
    newest = _sets(practice, source, target).order_by("-version").values_list("version", flat=True).first()
    return newest or 0


def lock(practice: Practice) -> None:
    """Hold the practice's row until the transaction ends, so that one writes after the other."""
    Practice.objects.select_for_update().get(pk=practice.pk)


def _sets(
    practice: Practice, source: str = Provider.IGNITION, target: str = Provider.XERO
) -> QuerySet[MappingSet]:
    found: QuerySet[MappingSet] = MappingSet.objects.for_practice(practice).filter(
        source=source, target=target
    )
    return found
