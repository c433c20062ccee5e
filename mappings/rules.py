"""When … then …: a practice's own rules, what they may do, and how they read. Pure.

Rules run in their order on a record after its fields are mapped, so that a rule can ask what the record becomes and
a later rule sees what an earlier one set. Line rules run on every line before the document is added up; none of them
can change an amount or a tax type.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.catalog import ABOUT_WORDS, About
from mappings.conditions import Condition, Group, condition_from_json, condition_to_json, sentence
from mappings.fieldmaps import BadChoice, Step, step_from_json, step_to_json

MOST_RULES = 200
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing a rule does, as ``{"do": "account", "value": "210"}`` in JSON; ``steps`` belong to a transform."""

    do: str
    settings: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``key`` names the rule through all versions; ``enabled`` off keeps it for later."""

    key: str
    name: str
    about: About
    when: Condition = field(default_factory=lambda: Group("all"))
    then: tuple[Outcome, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeKind:
    """What an outcome needs: names of its settings, in the order of the form. ``words`` has places for them."""

    do: str
    label: str
    about: frozenset[About]
    settings: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    words: str = ""


_C, _I, _L, _P = About.CONTACT, About.INVOICE, About.LINE, About.PAYMENT
_RECORDS = frozenset({_C, _I, _P})

_KINDS = (
    OutcomeKind(
        do="skip", label="Don't write it", about=_RECORDS, settings=("text",), words="don't write it"
    ),
    OutcomeKind(
        do="hold", label="Wait for approval", about=_RECORDS, settings=("text",), words="wait for approval"
    ),
    OutcomeKind(
        do="set",
        label="Set a field",
        about=frozenset({_C, _I, _L}),
        settings=("field", "text"),
        needed=("field",),
        words="set the {field} to “{text}”",
    ),
    OutcomeKind(
        do="transform",
        label="Transform a field",
        about=frozenset({_C, _I, _L}),
        settings=("field",),
        needed=("field",),
        words="change the {field}: {steps}",
    ),
    OutcomeKind(
        do="account",
        label="Choose the account",
        about=frozenset({_I, _L, _P}),
        settings=("value",),
        needed=("value",),
        words="use account {value}",
    ),
    OutcomeKind(
        do="item",
        label="Choose the item",
        about=frozenset({_L}),
        settings=("value",),
        needed=("value",),
        words="use item {value}",
    ),
    OutcomeKind(
        do="tracking",
        label="Set tracking",
        about=frozenset({_I, _L}),
        settings=("category", "option"),
        needed=("category", "option"),
        words="track {category}: {option}",
    ),
    OutcomeKind(
        do="status",
        label="Choose the status",
        about=frozenset({_I}),
        settings=("value",),
        needed=("value",),
        words="write it as {value}",
    ),
    OutcomeKind(
        do="branding",
        label="Choose the branding theme",
        about=frozenset({_I}),
        settings=("value",),
        needed=("value",),
        words="use the branding theme {value}",
    ),
    OutcomeKind(
        do="terms",
        label="Choose the payment terms",
        about=frozenset({_I}),
        settings=("days",),
        needed=("days",),
        words="due {days} days after its date",
    ),
    OutcomeKind(
        do="notify",
        label="Tell the approvers",
        about=_RECORDS,
        settings=("text",),
        needed=("text",),
        words="tell the approvers “{text}”",
    ),
    OutcomeKind(
        do="stop", label="Look at no further rule", about=_RECORDS | {_L}, words="look at no further rule"
    ),
)

OUTCOMES: dict[str, OutcomeKind] = {item.do: item for item in _KINDS}


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that applied to a record, with what it says about it."""

    key: str
    name: str
    text: str = ""


@dataclass(slots=True)
class Ruling:
    """What the rules made of one record. ``set_by`` names the rule that gave a value its last form."""

    fired: list[Fired] = field(default_factory=list)
    skip: Fired | None = None
    holds: list[Fired] = field(default_factory=list)
    notices: list[Fired] = field(default_factory=list)
    set_by: dict[str, Fired] = field(default_factory=dict)

    def keys(self) -> tuple[str, ...]:
        """The rules that applied, each once, in their order."""
        return tuple(dict.fromkeys(item.key for item in self.fired))


def rule_to_json(rule: Rule) -> dict[str, Any]:
    return {
        "key": rule.key,
        "name": rule.name,
        "about": rule.about.value,
        "when": condition_to_json(rule.when),
        "then": [outcome_to_json(item) for item in rule.then],
        "enabled": rule.enabled,
    }


def outcome_to_json(item: Outcome) -> dict[str, Any]:
    out: dict[str, Any] = {"do": item.do, **item.settings}
    if item.steps:
        out["steps"] = [step_to_json(step) for step in item.steps]
    return out


def rule_from_json(data: Any) -> Rule:
    """Raises :class:`BadChoice` for anything that no rule can be; whether it makes sense is asked when compiling."""
    if not isinstance(data, Mapping):
        raise BadChoice("A rule can't be read.")
    key, name, then = data.get("key"), data.get("name"), data.get("then")
    if not isinstance(key, str) or not isinstance(name, str) or not isinstance(then, list | tuple):
        raise BadChoice("A rule has a key, a name and a list of what it does.")
    try:
        about = About(str(data.get("about")))
    except ValueError:
        raise BadChoice(f"The rule “{name[:60]}” is about nothing known.") from None
    return Rule(
        key=key,
        name=name,
        about=about,
        when=condition_from_json(data.get("when", {"all": []})),
        then=tuple(_outcome_from_json(item) for item in then),
        enabled=data.get("enabled", True) is True,
    )


def _outcome_from_json(data: Any) -> Outcome:
    if not isinstance(data, Mapping) or not isinstance(data.get("do"), str):
        raise BadChoice("What a rule does can't be read.")
    settings = {str(name): value for name, value in data.items() if name not in {"do", "steps"}}
    if not all(isinstance(value, str) for value in settings.values()):
        raise BadChoice("The settings of what a rule does are texts.")
    steps = data.get("steps", ())
    if not isinstance(steps, list | tuple):
        raise BadChoice("The steps of a transform are a list.")
    return Outcome(data["do"], settings, tuple(step_from_json(item) for item in steps))


def rule_sentence(rule: Rule) -> str:
    """The whole rule as a person says it: “When … : wait for approval.”"""
    does = "; ".join(outcome_words(item) for item in rule.then) or "nothing"
    about = ABOUT_WORDS[rule.about]
    if isinstance(rule.when, Group) and not rule.when.parts:
        return f"For all {about}: {does}."
    return f"For {about}, when {sentence(rule.when)}: {does}."


def outcome_words(item: Outcome) -> str:
    kind = OUTCOMES.get(item.do)
    if kind is None:
        return f"“{item.do}” (not known)"
    places = {name: item.settings.get(name, "") for name in kind.settings}
    places["steps"] = ", ".join(step.do.replace("_", " ") for step in item.steps)
    if "field" in places:
        places["field"] = places["field"].replace("_", " ")
    if kind.do in {"skip", "hold"} and places["text"]:
        return f"{kind.words} (“{places['text']}”)"
    return kind.words.format(**places)
