"""A mapping as a large practice may have it: forty fields with their own maps and steps, and 25 rules."""

from dataclasses import replace

from mappings.catalog import About
from mappings.conditions import Condition, Group, Row
from mappings.fieldmaps import FieldMap, Lookup, Step
from mappings.rules import Outcome, Rule
from mappings.spec import Choices

FIELDS, RULES = 40, 25
_TIDY = (Step("no_angles"), Step("tidy"), Step("cut", {"length": "250"}))
_TEXT = (Step("tidy"), Step("replace", {"find": " & ", "put": " and "}))
_WORD = (Step("look_up", {"table": "Words"}), Step("tidy"))
_PHONE = (Step("tidy"), Step("phone"))

_MAPS = (
    FieldMap(target="contact.name", sources=("client.name",), steps=_TIDY),
    FieldMap(
        target="contact.email", sources=("person.email", "client.email"), steps=(Step("tidy"), Step("email"))
    ),
    FieldMap(target="contact.phone", sources=("person.phone", "person.mobile", "client.phone"), steps=_PHONE),
    FieldMap(target="contact.direct_phone", sources=("person.phone",), steps=_PHONE),
    FieldMap(target="contact.mobile", sources=("person.mobile", "client.phone"), steps=_PHONE),
    FieldMap(target="contact.first_name", sources=("person.name",), steps=(Step("first_name"), Step("tidy"))),
    FieldMap(target="contact.last_name", sources=("person.name",), steps=(Step("last_name"), Step("tidy"))),
    FieldMap(target="contact.account_number", sources=("client.code",), steps=(Step("tidy"), Step("upper"))),
    FieldMap(target="contact.company_number", sources=("client.code",), steps=_TEXT),
    FieldMap(target="contact.postal_attention", sources=("person.name", "client.name"), steps=_TIDY),
    FieldMap(target="contact.postal_line_1", text="{client.name}", steps=_TEXT),
    FieldMap(target="contact.postal_line_2", text="c/o {client.partner}", steps=_TEXT),
    FieldMap(target="contact.postal_city", sources=("client.group",), steps=_WORD),
    FieldMap(target="contact.postal_region", text="NSW", steps=(Step("state"),)),
    FieldMap(target="contact.postal_postcode", text="2000"),
    FieldMap(target="contact.postal_country", text="AU", steps=(Step("country"),)),
    FieldMap(target="contact.street_attention", sources=("person.name",), steps=_TIDY),
    FieldMap(target="contact.street_line_1", text="{client.group} {client.code}", steps=_TEXT),
    FieldMap(target="contact.street_line_2", sources=("client.manager",), steps=_TEXT),
    FieldMap(target="contact.street_city", sources=("client.group",), steps=_WORD),
    FieldMap(target="contact.street_region", text="New South Wales", steps=(Step("state_code"),)),
    FieldMap(target="contact.street_postcode", text="2000"),
    FieldMap(target="contact.street_country", text="NZ", steps=(Step("country"),)),
    FieldMap(target="contact.other_first_name", sources=("client.manager",), steps=(Step("first_name"),)),
    FieldMap(target="contact.other_last_name", sources=("client.manager",), steps=(Step("last_name"),)),
    FieldMap(
        target="contact.other_email", sources=("client.manager", "client.partner"), steps=(Step("lower"),)
    ),
    FieldMap(target="contact.terms_days", text="14"),
    FieldMap(target="contact.terms_type", text="DAYSAFTERBILLDATE"),
    FieldMap(target="contact.default_currency", text="AUD"),
    FieldMap(target="invoice.reference", text="{invoice.reference} {invoice.number}", steps=_TIDY),
    FieldMap(target="invoice.date", sources=("invoice.date",), steps=(Step("add_days", {"days": "0"}),)),
    FieldMap(
        target="invoice.due_date",
        sources=("invoice.due_date", "invoice.date"),
        steps=(Step("add_days", {"days": "3"}), Step("end_of_month")),
    ),
    FieldMap(
        target="invoice.expected_payment_date",
        sources=("invoice.due_date", "invoice.date"),
        steps=(Step("add_months", {"months": "1"}),),
    ),
    FieldMap(target="invoice.url", sources=("invoice.link", "client.link"), steps=(Step("tidy"),)),
    FieldMap(target="invoice.status", text="authorised", steps=(Step("upper"),)),
    FieldMap(target="invoice.sent_to_contact", text="yes"),
    FieldMap(
        target="line.description",
        sources=("line.description", "service.name"),
        steps=(*_TIDY, Step("pattern_replace", {"pattern": r"\s+\(draft\)$"}), *_WORD),
    ),
    FieldMap(
        target="line.account", sources=("service.category",), steps=(Step("look_up", {"table": "Accounts"}),)
    ),
    FieldMap(
        target="line.tracking", sources=("client.group",), steps=(Step("look_up", {"table": "Offices"}),)
    ),
    FieldMap(
        target="payment.account", sources=("payment.method",), steps=(Step("look_up", {"table": "Accounts"}),)
    ),
)
_WORDS = {f"word {number}": f"Word {number}" for number in range(500)}


def rich(choices: Choices) -> Choices:
    """These choices with a full set of field maps and rules, none of which holds or skips anything."""
    tables = (
        Lookup(name="Words", rows=_WORDS),
        Lookup(name="Accounts", rows=_WORDS, otherwise=""),
        Lookup(name="Offices", rows=_WORDS, otherwise=""),
    )
    return replace(choices, fields=_MAPS, rules=tuple(_rules()), lookups=tables)


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
