"""What is wrong with a practice's choices as a whole, before they are put in force. Pure.

A value that the target stopped offering is no obstacle: records that need it wait and say so. What can't be run is.
"""

from collections import Counter
from collections.abc import Iterator

from mappings import lookups
from mappings.catalog import ABOUT_WORDS
from mappings.fieldmaps import BadChoice, FieldMap
from mappings.program import compile_field, compile_rule
from mappings.rules import LONGEST_NAME, MOST_RULES, Rule
from mappings.sides import TargetView
from mappings.spec import Choices, offers_of
from mappings.targets import TARGETS
from mappings.transforms import Env

MOST_LOOKUPS = 50


def problems(choices: Choices, view: TargetView) -> list[str]:
    """Sentences, each with what to mend; empty when the choices can be put in force."""
    env = environment(choices, view)
    return [
        *_counts(choices),
        *lookups.problems(choices.lookups),
        *(text for item in choices.fields for text in field_problems(item, env)),
        *(
            f"The rule “{rule.name}”: {text}"
            for rule in choices.rules
            for text in rule_problems(rule, env, view)
        ),
        *_approvals(choices),
    ]


def environment(choices: Choices, view: TargetView) -> Env:
    """What transforms of these choices may use."""
    return Env(
        country=view.facts.country,
        tables={item.name: item for item in choices.lookups},
        offers=offers_of(view.facts),
    )


def field_problems(item: FieldMap, env: Env) -> list[str]:
    try:
        compile_field(item, env)
    except BadChoice as error:
        label = TARGETS[item.target].label if item.target in TARGETS else item.target
        return [f"The field “{label}”: {error}"]
    return []


def rule_problems(rule: Rule, env: Env, view: TargetView) -> list[str]:
    """What is wrong with one rule: it can't be run, or names what the target does not offer."""
    if not rule.name.strip() or len(rule.name) > LONGEST_NAME:
        return [f"Give it a name of at most {LONGEST_NAME} characters."]
    try:
        compile_rule(rule, env)
    except BadChoice as error:
        return [str(error)]
    return list(_not_offered(rule, view)) if view.is_read else []


def _not_offered(rule: Rule, view: TargetView) -> Iterator[str]:
    sales = {account.code for account in view.sales_accounts}
    clearing = {account.code or account.external_id for account in view.clearing_accounts}
    themes = {theme.external_id for theme in view.branding_themes}
    for item in rule.then:
        value = item.settings.get("value", "")
        if item.do == "account" and rule.about == "payment" and value not in clearing:
            yield f"The account “{value}” does not accept payments in Xero."
        elif item.do == "account" and rule.about != "payment" and value not in sales:
            yield f"The account “{value}” is no active income account in Xero."
        elif item.do == "branding" and value not in themes:
            yield "The branding theme is not in Xero any more."
        elif item.do == "item" and view.facts.items is not None and value not in view.facts.items:
            yield f"The item “{value}” is not in Xero."
        elif item.do == "tracking":
            category, option = item.settings.get("category", ""), item.settings.get("option", "")
            if option not in view.facts.tracking.get(category, frozenset()):
                yield f"The tracking option “{category}: {option}” is not active in Xero."


def _counts(choices: Choices) -> Iterator[str]:
    if len(choices.rules) > MOST_RULES:
        yield f"A mapping may have {MOST_RULES} rules."
    if len(choices.lookups) > MOST_LOOKUPS:
        yield f"A mapping may have {MOST_LOOKUPS} look-up tables."
    for label, keys in (
        ("rule key", [rule.key for rule in choices.rules]),
        ("look-up table", [item.name for item in choices.lookups]),
        ("field", [item.target for item in choices.fields]),
    ):
        for key, number in Counter(keys).items():
            if number > 1:
                yield f"The {label} “{key}” is there {number} times."
    names = Counter((rule.about, rule.name.casefold()) for rule in choices.rules)
    for (about, name), number in names.items():
        if number > 1:
            yield f"{number} rules for {ABOUT_WORDS[about]} are called “{name}”. Give each its own name."


def _approvals(choices: Choices) -> Iterator[str]:
    if not 1 <= choices.approval_days <= 365:
        yield "A request for approval can wait between 1 and 365 days."
