"""Fields, rules and look-up tables of two sets of choices side by side: (section, what, old, new). Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from mappings.catalog import ABOUT_WORDS, About
from mappings.fieldmaps import FieldMap, Lookup
from mappings.program import effective
from mappings.rules import Rule
from mappings.sides import TargetView
from mappings.targets import TARGETS
from mappings.words import field_words, otherwise_words, rule_steps, sentence_of, target_label

NOT_THERE = "not there"
DELETED = "deleted"
MOST_ROWS = 5
"""Rows of a changed look-up table that are named; more are counted."""

Row = tuple[str, str, str, str]


def field_differences(old: Iterable[FieldMap], new: Iterable[FieldMap]) -> Iterator[Row]:
    """Target fields that are filled differently, in the catalogue's order."""
    before, after = effective(old), effective(new)
    known = [*TARGETS, *sorted((before.keys() | after.keys()) - TARGETS.keys())]
    for key in known:
        was, becomes = before.get(key), after.get(key)
        if was == becomes:
            continue
        about = f" of {ABOUT_WORDS[TARGETS[key].about]}" if key in TARGETS else ""
        words = [field_words(item) if item else "not filled" for item in (was, becomes)]
        yield ("Fields", f"{target_label(key)}{about}", words[0], words[1])


def rule_differences(old: Sequence[Rule], new: Sequence[Rule], view: TargetView) -> Iterator[Row]:
    """Rules that were added, changed, moved or deleted, in their new order."""
    before, after = {rule.key: rule for rule in old}, {rule.key: rule for rule in new}
    places = {about: _places(old, new, about) for about in About}
    for rule in after.values():
        was = before.get(rule.key)
        if was is None:
            yield ("Rules", _title(rule), NOT_THERE, _sentence(rule, view))
            continue
        if was != rule:
            words = [_sentence(was, view), _sentence(rule, view)]
            if words[0] == words[1] and rule_steps(was) != rule_steps(rule):
                words = [f"{words[0]} ({rule_steps(was)})", f"{words[1]} ({rule_steps(rule)})"]
            if was.name != rule.name:
                words = [f"“{was.name}”: {words[0]}", f"“{rule.name}”: {words[1]}"]
            yield ("Rules", _title(rule), words[0], words[1])
        if rule.key in places[rule.about]:
            first, then = places[rule.about][rule.key]
            yield ("Rules", f"{_title(rule)}, its place", f"place {first}", f"place {then}")
    for rule in before.values():
        if rule.key not in after:
            yield ("Rules", _title(rule), _sentence(rule, view), DELETED)


def lookup_differences(old: Iterable[Lookup], new: Iterable[Lookup]) -> Iterator[Row]:
    before, after = {item.name: item for item in old}, {item.name: item for item in new}
    for name in sorted(before.keys() | after.keys(), key=str.casefold):
        was, becomes = before.get(name), after.get(name)
        label = f"Table “{name}”"
        if was is None and becomes is not None:
            yield ("Look-ups", label, NOT_THERE, _lookup_words(becomes))
        elif becomes is None and was is not None:
            yield ("Look-ups", label, _lookup_words(was), DELETED)
        elif was is not None and becomes is not None and was != becomes:
            yield from _one_lookup(label, was, becomes)


def _one_lookup(label: str, was: Lookup, becomes: Lookup) -> Iterator[Row]:
    keys = sorted(
        key for key in was.rows.keys() | becomes.rows.keys() if was.rows.get(key) != becomes.rows.get(key)
    )
    for key in keys[:MOST_ROWS]:
        yield (
            "Look-ups",
            f"{label}: “{key}”",
            was.rows.get(key, NOT_THERE),
            becomes.rows.get(key, DELETED),
        )
    if len(keys) > MOST_ROWS:
        yield ("Look-ups", label, f"{len(was.rows):,} rows", f"{len(keys) - MOST_ROWS:,} more rows differ")
    if was.otherwise != becomes.otherwise:
        yield ("Look-ups", f"{label}: anything else", otherwise_words(was), otherwise_words(becomes))
    if was.then != becomes.then:
        yield ("Look-ups", f"{label}: then looked up in", was.then or "nothing", becomes.then or "nothing")


def _lookup_words(item: Lookup) -> str:
    rows = f"{len(item.rows):,} row{'' if len(item.rows) == 1 else 's'}"
    then = f"; then looked up in “{item.then}”" if item.then else ""
    return f"{rows}; anything else {otherwise_words(item)}{then}"


def _title(rule: Rule) -> str:
    return f"Rule “{rule.name}” for {ABOUT_WORDS[rule.about]}"


def _sentence(rule: Rule, view: TargetView) -> str:
    return sentence_of(rule, view) if rule.enabled else f"Off. {sentence_of(rule, view)}"


def _places(old: Sequence[Rule], new: Sequence[Rule], about: About) -> dict[str, tuple[int, int]]:
    """The fewest rules that were moved, with their places before and after among the rules about the same."""
    first = {rule.key: place for place, rule in enumerate((r for r in old if r.about is about), start=1)}
    then = {rule.key: place for place, rule in enumerate((r for r in new if r.about is about), start=1)}
    kept = [key for key in then if key in first]
    stay = _longest_rising([first[key] for key in kept])
    return {key: (first[key], then[key]) for key in kept if first[key] not in stay}


def _longest_rising(places: Sequence[int]) -> set[int]:
    """The longest run of places that are still in order."""
    ends: list[int] = []
    last_at: list[int] = []
    before: dict[int, int | None] = {}
    for place in places:
        at = bisect_left(ends, place)
        before[place] = last_at[at - 1] if at else None
        if at == len(ends):
            ends.append(place)
            last_at.append(place)
        else:
            ends[at] = place
            last_at[at] = place
    out: set[int] = set()
    found = last_at[-1] if last_at else None
    while found is not None:
        out.add(found)
        found = before[found]
    return out
