"""A mapping as a large practice may have it: every field with its own map, forty steps in all, and 25 rules."""

from dataclasses import replace

from mappings.catalog import TARGETS, About
from mappings.conditions import Condition, Group, Row
from mappings.fieldmaps import FieldMap, Lookup, Step
from mappings.rules import Outcome, Rule
from mappings.spec import Choices

STEPS, RULES = 40, 25
_PLAIN = (
    Step("tidy"),
    Step("replace", {"find": "  ", "put": " "}),
    Step("no_angles"),
    Step("cut", {"length": "250"}),
)
_SOURCES = {
    "contact.name": ("client.name",),
    "contact.email": ("person.email", "client.email"),
    "contact.phone": ("person.phone", "person.mobile", "client.phone"),
    "contact.mobile": ("person.mobile", "client.phone"),
    "contact.first_name": ("person.name",),
    "contact.last_name": ("person.name",),
    "contact.account_number": ("client.code",),
    "contact.tax_number": ("client.code",),
    "invoice.reference": ("invoice.reference", "invoice.number"),
    "invoice.date": ("invoice.date",),
    "invoice.due_date": ("invoice.due_date", "invoice.date"),
    "line.description": ("line.description", "service.name"),
}
_OWN: dict[str, tuple[Step, ...]] = {
    "contact.email": (Step("tidy"), Step("email")),
    "contact.phone": (Step("tidy"), Step("phone")),
    "contact.mobile": (Step("tidy"), Step("phone")),
    "contact.first_name": (Step("first_name"), Step("tidy"), Step("cut", {"length": "100"})),
    "contact.last_name": (Step("last_name"), Step("tidy"), Step("cut", {"length": "100"})),
    "invoice.date": (Step("add_days", {"days": "0"}), Step("add_months", {"months": "0"})),
    "invoice.due_date": (
        Step("add_days", {"days": "3"}),
        Step("end_of_month"),
        Step("add_days", {"days": "0"}),
    ),
    "line.description": (
        *_PLAIN,
        Step("pattern_replace", {"pattern": r"\s+\(draft\)$"}),
        Step("look_up", {"table": "Words"}),
        Step("tidy"),
    ),
}


def rich(choices: Choices) -> Choices:
    """These choices with a full set of field maps and rules, none of which holds or skips anything."""
    fields = tuple(
        FieldMap(target=key, sources=_SOURCES[key], steps=_OWN.get(key, _PLAIN))
        for key in TARGETS
        if key in _SOURCES
    )
    words = Lookup(name="Words", rows={f"word {number}": f"Word {number}" for number in range(500)})
    return replace(choices, fields=fields, rules=tuple(_rules()), lookups=(words,))


def steps_of(choices: Choices) -> int:
    return sum(len(item.steps) for item in choices.fields)


def _rules() -> list[Rule]:
    abouts = (About.CONTACT, About.INVOICE, About.INVOICE, About.LINE, About.PAYMENT)
    return [_rule(number, abouts[number % len(abouts)]) for number in range(RULES)]


def _rule(number: int, about: About) -> Rule:
    then = (Outcome("notify", {"text": "Look at this."}),) if about is not About.LINE else (Outcome("stop"),)
    return Rule(key=f"r{number}", name=f"Rule {number}", about=about, when=_when(number, about), then=then)


def _when(number: int, about: About) -> Condition:
    client = Group(
        "any",
        (
            Row("client.name", "contains", f"nobody {number}"),
            Row("client.group", "is", f"group {number}"),
            Row("client.tags", "any_of", f"tag {number}\nother {number}"),
            Row("client.manager", "matches", rf"^manager{number}@.*\.example$"),
        ),
    )
    if about is About.CONTACT:
        return client
    amount = {About.INVOICE: "invoice.total", About.LINE: "line.amount", About.PAYMENT: "payment.amount"}[
        about
    ]
    return Group("all", (Row("client.code", "filled"), Row(amount, "more", str(100 * number)), client))
