"""A practice's field maps and rules, made ready to run on many records. Pure.

What can't be made ready (a field that is gone, a broken pattern) is never skipped silently: it becomes a problem,
and every record that it concerns waits with that sentence.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from mappings.catalog import SOURCES, About
from mappings.conditions import Test, compile_condition, rows_of
from mappings.defaults import DEFAULT_FIELDS
from mappings.fieldmaps import BadChoice, FieldMap, Lookup, Step
from mappings.fitting import Fit, Offers, as_date, fit_for
from mappings.refusals import Refused
from mappings.rules import OUTCOMES, Fired, Outcome, Rule, Ruling
from mappings.subjects import Subject
from mappings.targets import STATUSES, TARGETS, Target
from mappings.templates import compile_template
from mappings.transforms import TRANSFORMS, Env, make_step, whole

Action = Callable[[Subject, Ruling, Fired], None]
MOST_KNOWN = 1_000
"""Values of one field whose outcome is kept: most texts of a practice come again and again."""


class Settled(NamedTuple):
    """What a field makes of a value: ``refused`` is a sentence, then there is no value; ``is_cut``: it was too long."""

    value: str = ""
    refused: str = ""
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledField:
    """One field map ready to run; ``steps`` with their names, for explaining.

    ``fitted`` puts the value into the form the target takes and raises :class:`Refused` for one that it does not.
    """

    target: Target
    chosen: FieldMap
    take: Callable[[Subject], Any]
    fitted: Fit
    steps: tuple[tuple[str, Callable[[Any], Any]], ...] = ()
    known: dict[Any, Settled] = field(default_factory=dict, compare=False, repr=False)

    def settled(self, subject: Subject) -> Settled:
        """The value in the form the target takes it, or why there is none. The steps run once for each text."""
        taken = self.take(subject)
        if type(taken) is not str and type(taken) is not date:
            return self._settle(taken)
        found = self.known.get(taken)
        if found is None:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            found = self.known[taken] = self._settle(taken)
        return found

    def _settle(self, found: Any) -> Settled:
        try:
            for step in self.steps:
                found = step[1](found)
            value = self.fitted(found)
        except Refused as error:
            return Settled(refused=str(error))
        too_long = isinstance(found, str) and len(found) > self.target.longest
        return Settled(value, is_cut=too_long and self.target.can_be_cut)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """``stops``: no further rule is looked at."""

    rule: Rule
    fired: Fired
    test: Test
    actions: tuple[Action, ...]
    stops: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """``problems`` are sentences by what they concern; ``policies`` a contact's field maps by the value they fill."""

    fields: Mapping[About, tuple[CompiledField, ...]] = field(default_factory=dict)
    rules: Mapping[About, tuple[CompiledRule, ...]] = field(default_factory=dict)
    problems: Mapping[About, tuple[str, ...]] = field(default_factory=dict)
    maps: Mapping[str, FieldMap] = field(default_factory=dict)
    policies: Mapping[str, FieldMap] = field(default_factory=dict)

    def asks(self, field_key: str) -> bool:
        """Whether any rule asks about this field."""
        rows = (row for items in self.rules.values() for item in items for row in rows_of(item.rule.when))
        return any(row.field == field_key for row in rows)

    def rule(self, about: About, subject: Subject, ruling: Ruling) -> None:
        """Run the rules about these records on one; what they say is added to ``ruling``."""
        for item in self.rules.get(about, ()):
            if not item.test(subject):
                continue
            ruling.fired.append(item.fired)
            for act in item.actions:
                act(subject, ruling, item.fired)
            if ruling.skip is not None or item.stops:
                break


def build(
    fields: Iterable[FieldMap],
    rules: Iterable[Rule],
    tables: Iterable[Lookup],
    country: str,
    offers: Offers,
) -> Program:
    """Make choices ready to run."""
    env = Env(country=country, tables={item.name: item for item in tables}, offers=offers)
    problems: dict[About, list[str]] = {}
    maps = effective(fields)
    made: dict[About, list[CompiledField]] = {}
    for item in maps.values():
        try:
            compiled = compile_field(item, env)
        except BadChoice as error:
            about = TARGETS[item.target].about if item.target in TARGETS else About.CONTACT
            problems.setdefault(about, []).append(f"The mapping of “{_label(item.target)}”: {error}")
            continue
        if compiled is not None:
            made.setdefault(compiled.target.about, []).append(compiled)
    ruled: dict[About, list[CompiledRule]] = {}
    for rule in rules:
        if not rule.enabled:
            continue
        try:
            ruled.setdefault(rule.about, []).append(compile_rule(rule, env))
        except BadChoice as error:
            problems.setdefault(rule.about, []).append(f"The rule “{rule.name}”: {error}")
    return Program(
        fields={about: tuple(items) for about, items in made.items()},
        rules={about: tuple(items) for about, items in ruled.items()},
        problems={about: tuple(texts) for about, texts in problems.items()},
        maps=maps,
        policies={
            target.value: maps[target.key]
            for target in TARGETS.values()
            if target.about is About.CONTACT and target.key in maps
        },
    )


def effective(fields: Iterable[FieldMap]) -> dict[str, FieldMap]:
    """The field maps in force by target: the practice's own over the app's."""
    return {**{item.target: item for item in DEFAULT_FIELDS}, **{item.target: item for item in fields}}


def compile_field(item: FieldMap, env: Env) -> CompiledField | None:
    """``None`` for a field that is not written at all. Raises :class:`BadChoice`."""
    target = TARGETS.get(item.target)
    if target is None:
        raise BadChoice(f"There is no field “{item.target[:60]}” in Xero.")
    steps = tuple((_step_label(step), make_step(step, env)) for step in item.steps)
    if item.direction == "none":
        if target.required:
            raise BadChoice(f"Xero needs a value for “{target.label}”.")
        if target.instead:
            raise BadChoice(f"“{target.label}” is always written. Leave it to the app, or say from where.")
        return None
    if item.sources:
        take = _first_of(item.sources, target.about)
    elif item.text:
        take = compile_template(item.text, target.about)
    else:
        raise BadChoice(f"“{target.label}” has no source.")
    return CompiledField(
        target=target, chosen=item, take=take, fitted=fit_for(target, env.offers), steps=steps
    )


def _first_of(keys: Sequence[str], about: About) -> Callable[[Subject], Any]:
    getters = []
    for key in keys:
        source = SOURCES.get(key)
        if source is None or about not in source.about or source.mapped:
            raise BadChoice(f"There is no field “{key[:60]}” in Ignition to take it from.")
        getters.append(source.get)
    if len(getters) == 1:
        return getters[0]

    def take(subject: Subject) -> Any:
        for get in getters:
            found = get(subject)
            if found is not None and found != "" and found != ():
                return found
        return ""

    return take


def compile_rule(rule: Rule, env: Env) -> CompiledRule:
    """Raises :class:`BadChoice` with a sentence for the first thing that makes no sense."""
    if not rule.then:
        raise BadChoice("It does nothing. Choose what happens.")
    test = compile_condition(rule.when, rule.about)
    actions = tuple(_compile_outcome(item, rule, env) for item in rule.then)
    return CompiledRule(
        rule=rule,
        fired=Fired(rule.key, rule.name),
        test=test,
        actions=tuple(action for action in actions if action is not None),
        stops=any(item.do == "stop" for item in rule.then),
    )


def _compile_outcome(item: Outcome, rule: Rule, env: Env) -> Action | None:
    kind = OUTCOMES.get(item.do)
    if kind is None or rule.about not in kind.about:
        raise BadChoice(f"“{item.do[:20]}” is nothing that a rule like this can do.")
    if odd := sorted(set(item.settings) - set(kind.settings)):
        raise BadChoice(f"“{kind.label}” has no setting “{odd[0][:40]}”.")
    for name in kind.needed:
        if not item.settings.get(name, "").strip():
            raise BadChoice(f"“{kind.label}” needs: {name}.")
    return _MAKE[item.do](item, rule, env)


def _skip(item: Outcome, rule: Rule, env: Env) -> Action:
    fired = Fired(rule.key, rule.name, item.settings.get("text", "").strip())

    def act(subject: Subject, ruling: Ruling, _: Fired) -> None:
        ruling.skip = fired

    return act


def _hold(item: Outcome, rule: Rule, env: Env) -> Action:
    fired = Fired(rule.key, rule.name, item.settings.get("text", "").strip())
    return lambda subject, ruling, _: ruling.holds.append(fired)


def _notify(item: Outcome, rule: Rule, env: Env) -> Action:
    fired = Fired(rule.key, rule.name, item.settings["text"].strip())
    return lambda subject, ruling, _: ruling.notices.append(fired)


def _field(item: Outcome, rule: Rule) -> Target:
    target = TARGETS.get(f"{rule.about.value}.{item.settings['field']}")
    if target is None:
        raise BadChoice(f"There is no field “{item.settings['field'][:40]}” to set on {rule.about.value}s.")
    if target.outcome:
        raise BadChoice(f"Set “{target.label}” with “{OUTCOMES[target.outcome].label}”.")
    return target


def _put(subject: Subject, ruling: Ruling, fired: Fired, name: str, value: Any) -> None:
    subject.values[name] = value
    ruling.set_by[name] = fired


def _set(item: Outcome, rule: Rule, env: Env) -> Action:
    target = _field(item, rule)
    if not item.settings.get("text") and target.required:
        raise BadChoice(f"Xero needs a value for “{target.label}”.")
    fill = compile_template(item.settings.get("text", ""), rule.about)
    compiled = CompiledField(
        target=target, chosen=FieldMap(target=target.key), take=fill, fitted=fit_for(target, env.offers)
    )
    return _put_or_leave(compiled)


def _transform(item: Outcome, rule: Rule, env: Env) -> Action:
    target = _field(item, rule)
    if not item.steps:
        raise BadChoice("A transform needs a step.")
    steps = tuple((_step_label(step), make_step(step, env)) for step in item.steps)
    compiled = CompiledField(
        target=target,
        chosen=FieldMap(target=target.key),
        take=lambda subject: subject.values.get(target.value, ""),
        fitted=fit_for(target, env.offers),
        steps=steps,
    )
    return _put_or_leave(compiled)


def _put_or_leave(item: CompiledField) -> Action:
    """A value that can't be used, or an empty one for a field that Xero needs, leaves what is there."""
    target = item.target

    def act(subject: Subject, ruling: Ruling, fired: Fired) -> None:
        found, refused, _ = item.settled(subject)
        if refused:
            ruling.notices.append(Fired(fired.key, fired.name, refused))
        elif found or not target.required:
            _put(subject, ruling, fired, target.value, found)

    return act


def _account(item: Outcome, rule: Rule, env: Env) -> Action:
    value = item.settings["value"].strip()
    if rule.about is About.INVOICE:
        return lambda subject, ruling, fired: _on_lines(subject, ruling, fired, "account_code", value)
    return lambda subject, ruling, fired: _put(subject, ruling, fired, "account_code", value)


def _item(item: Outcome, rule: Rule, env: Env) -> Action:
    value = item.settings["value"].strip()
    return lambda subject, ruling, fired: _put(subject, ruling, fired, "item_code", value)


def _tracking(item: Outcome, rule: Rule, env: Env) -> Action:
    category, option = item.settings["category"].strip(), item.settings["option"].strip()

    def tracked(values: dict[str, Any]) -> list[dict[str, str]]:
        others = [found for found in values.get("tracking") or [] if found["category"] != category]
        return [*others, {"category": category, "option": option}]

    def act(subject: Subject, ruling: Ruling, fired: Fired) -> None:
        if rule.about is About.LINE:
            _put(subject, ruling, fired, "tracking", tracked(subject.values))
            return
        for line in subject.values.get("lines") or []:
            line["tracking"] = tracked(line)
        ruling.set_by["lines.tracking"] = fired

    return act


def _on_lines(subject: Subject, ruling: Ruling, fired: Fired, name: str, value: Any) -> None:
    for line in subject.values.get("lines") or []:
        line[name] = value
    ruling.set_by[f"lines.{name}"] = fired


def _status(item: Outcome, rule: Rule, env: Env) -> Action:
    value = item.settings["value"]
    if value not in STATUSES:
        raise BadChoice(f"“{value[:20]}” is no status an invoice can be written with.")
    return lambda subject, ruling, fired: _put(subject, ruling, fired, "status", value)


def _branding(item: Outcome, rule: Rule, env: Env) -> Action:
    value = item.settings["value"].strip()
    return lambda subject, ruling, fired: _put(subject, ruling, fired, "branding_theme_external_id", value)


def _terms(item: Outcome, rule: Rule, env: Env) -> Action:
    days = whole(item.settings, "days", least=0, most=366)
    later = make_step(Step("add_days", {"days": str(days)}), env)

    def act(subject: Subject, ruling: Ruling, fired: Fired) -> None:
        try:
            _put(subject, ruling, fired, "due_date", as_date(later(subject.values.get("date", ""))))
        except Refused as error:
            ruling.notices.append(Fired(fired.key, fired.name, str(error)))

    return act


def _stop(item: Outcome, rule: Rule, env: Env) -> None:
    return None


_MAKE: dict[str, Callable[[Outcome, Rule, Env], Action | None]] = {
    "skip": _skip,
    "hold": _hold,
    "notify": _notify,
    "set": _set,
    "transform": _transform,
    "account": _account,
    "item": _item,
    "tracking": _tracking,
    "status": _status,
    "branding": _branding,
    "terms": _terms,
    "stop": _stop,
}


def _label(key: str) -> str:
    return TARGETS[key].label if key in TARGETS else key


def _step_label(step: Step) -> str:
    found = TRANSFORMS.get(step.do)
    return found.label if found else step.do
