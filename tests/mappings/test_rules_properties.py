"""What holds for every field map, rule and table, sensible or not: values or sentences, never a crash."""

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.catalog import SOURCES, About, Type
from mappings.checks import problems
from mappings.conditions import (
    OPERATORS,
    Group,
    Row,
    compile_condition,
    condition_from_json,
    condition_to_json,
    sentence,
)
from mappings.defaults import DEFAULT_FIELDS
from mappings.engine import Situation, map_contact, map_invoice
from mappings.fieldmaps import BadChoice, Conflict, Direction, FieldMap, Lookup, Mode, Step
from mappings.receipts import map_payment
from mappings.rules import OUTCOMES, Outcome, Rule, rule_sentence
from mappings.spec import Choices, Spec, choices_from_json, choices_to_json
from mappings.subjects import Subject
from mappings.targets import TARGETS
from mappings.templates import compile_template
from mappings.transforms import TRANSFORMS, Env, Refused, make_step
from tests.mappings import offers
from tests.mappings.test_engine_properties import CATALOGUE, amounts, contacts, days, invoices, people, words

FEW = settings(max_examples=150, deadline=None)


def levels(condition: Any) -> int:
    return (
        1 + max((levels(part) for part in condition.parts), default=0) if isinstance(condition, Group) else 1
    )


values = st.sampled_from(
    [
        "",
        "5000",
        "1,000.50",
        "-3",
        "2026-07-01",
        "10\n20",
        "2026-01-01\n2026-12-31",
        "Bookkeeping",
        "(a+)+$",
        "{",
    ]
) | st.text(max_size=12)
rows = st.builds(
    Row,
    st.sampled_from([*SOURCES, "invoice.colour", ""]),
    st.sampled_from(sorted({name for table in OPERATORS.values() for name in table} | {"resembles"})),
    values,
)
conditions = st.recursive(
    rows,
    lambda inner: st.builds(
        Group, st.sampled_from(["all", "any", "none"]), st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=6,
).filter(lambda condition: levels(condition) <= 4)
step_settings = st.dictionaries(
    st.sampled_from(
        sorted({item.name for transform in TRANSFORMS.values() for item in transform.settings} | {"odd"})
    ),
    values | st.sampled_from(["7", "\\d+", "Staff", "Circle"]),
    max_size=2,
)


def right_settings(do: str) -> st.SearchStrategy[Step]:
    needed = {
        item.name: values | st.sampled_from(["7", "2", "10", "\\d+", "Staff"])
        for item in TRANSFORMS[do].settings
    }
    return st.fixed_dictionaries(needed).map(lambda chosen: Step(do, chosen))


steps = st.one_of(
    st.sampled_from(sorted(TRANSFORMS)).flatmap(right_settings),
    st.builds(Step, st.sampled_from([*TRANSFORMS, "explode"]), step_settings),
)
outcomes = st.builds(
    Outcome,
    st.sampled_from([*OUTCOMES, "explode"]),
    st.dictionaries(
        st.sampled_from(["text", "field", "value", "category", "option", "days"]),
        st.sampled_from(
            [
                *("200", "Office", "Sydney", "reference", "date", "name", "description", "DRAFT", "30"),
                *("street_city", "terms_days", "terms_type", "other_email", "sent_to_contact", "status"),
            ]
        )
        | values,
        max_size=3,
    ),
    st.lists(steps, max_size=2).map(tuple),
)
rules = st.builds(
    Rule,
    key=st.text("abcdef", min_size=1, max_size=8),
    name=words,
    about=st.sampled_from(list(About)),
    when=conditions,
    then=st.lists(outcomes, max_size=3).map(tuple),
    enabled=st.booleans(),
)
field_maps = st.builds(
    FieldMap,
    target=st.sampled_from([*TARGETS, "contact.shoe_size"]),
    sources=st.lists(st.sampled_from([*SOURCES, "client.colour"]), max_size=3).map(tuple),
    text=st.sampled_from(["", "{client.name} {invoice.reference}", "{", "{nothing}", "plain"])
    | st.sampled_from(["200", "Office: Sydney", "14", "yes", "draft", "OFCURRENTMONTH", "AUD", "a@b.example"])
    | words,
    steps=st.lists(steps, max_size=3).map(tuple),
    direction=st.sampled_from(list(Direction)),
    mode=st.sampled_from(list(Mode)),
    conflict=st.sampled_from(list(Conflict)),
)
tables = st.builds(
    Lookup,
    name=st.sampled_from(["Staff", "Circle", "Other"]),
    rows=st.dictionaries(words, words, max_size=3),
    otherwise=st.none() | words,
    then=st.sampled_from(["", "Staff", "Circle", "Nowhere"]),
)
choices = st.builds(
    Choices,
    sales_account=st.just("200"),
    default_tax=st.just("OUTPUT"),
    tax_by_label=st.just(
        {"GST on Income": "OUTPUT", "GST Free": "EXEMPTOUTPUT", "Disbursement": "BASEXCLUDED"}
    ),
    clearing_account=st.just("608"),
    fields=st.lists(field_maps, max_size=12).map(tuple),
    rules=st.lists(rules, max_size=4).map(tuple),
    lookups=st.lists(tables, max_size=2).map(tuple),
)
specs = st.builds(
    lambda chosen, lock: Spec(version=1, choices=chosen, facts=offers.facts(lock_date=lock)), choices, days
)
situations = st.builds(Situation, today=days, is_first=st.booleans(), approved_before=st.booleans())


@FEW
@given(invoices, specs, situations, st.none() | contacts)
def test_any_invoice_under_any_rules(invoice: Any, spec: Spec, situation: Situation, client: Any) -> None:
    mapped = map_invoice(invoice, CATALOGUE, spec, situation, client)
    assert map_invoice(invoice, CATALOGUE, spec, situation, client) == mapped
    json.dumps(mapped.values)
    assert all(issue.text.strip() and issue.code for issue in mapped.issues)


@FEW
@given(contacts, st.lists(people, max_size=3), specs, situations)
def test_any_contact_under_any_rules(client: Any, persons: Any, spec: Spec, situation: Situation) -> None:
    mapped = map_contact(client, persons, spec, situation)
    assert map_contact(client, persons, spec, situation) == mapped
    json.dumps(mapped.values)
    assert mapped.values["name"] or mapped.issues
    for item in TARGETS.values():
        assert len(mapped.values.get(item.value, "")) <= item.longest


@FEW
@given(specs, amounts, days, st.none() | contacts)
def test_any_payment_under_any_rules(spec: Spec, amount: Decimal, day: Any, client: Any) -> None:
    def mapped() -> Any:
        return map_payment(
            payment_external_id="pay_1",
            amount=amount,
            currency="AUD",
            paid_on=day,
            method="card",
            invoice_currency="AUD",
            invoice_type="ACCREC",
            spec=spec,
            subject=Subject(client=client, amount=amount, paid_on=day),
        )

    assert mapped() == mapped()


@FEW
@given(choices)
def test_choices_are_stored_and_read_without_loss(chosen: Choices) -> None:
    data = json.loads(json.dumps(choices_to_json(chosen)))
    again = choices_from_json(data)
    assert choices_to_json(again) == choices_to_json(chosen)
    assert Spec(version=1, choices=again, facts=offers.facts()).program.problems == (
        Spec(version=1, choices=chosen, facts=offers.facts()).program.problems
    )


@FEW
@given(choices)
def test_what_is_wrong_with_choices_is_said_before_they_are_in_force(chosen: Choices) -> None:
    """Nothing that passes the checks is found broken by the engine."""
    if problems(chosen, offers.view()):
        return
    assert not Spec(version=1, choices=chosen, facts=offers.facts()).program.problems


@FEW
@given(rules)
def test_every_rule_reads_as_a_sentence(rule: Rule) -> None:
    assert rule_sentence(rule).startswith("For ")
    assert sentence(rule.when)


@FEW
@given(conditions)
def test_conditions_are_read_as_they_were_written(condition: Any) -> None:
    again = condition_from_json(json.loads(json.dumps(condition_to_json(condition))))
    assert condition_to_json(again) == condition_to_json(condition)


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "field", "op", "value", "do", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@FEW
@given(json_values)
def test_no_stored_nonsense_is_more_than_refused(data: Any) -> None:
    for name in ("rules", "fields", "lookups"):
        with suppress(BadChoice):
            choices_from_json({name: [data]})


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_transform_gives_a_value_or_a_sentence(name: str, data: st.DataObject) -> None:
    given_settings = {
        "length": "5", "find": "a", "put": "b", "text": "x", "days": "30", "months": "1", "day": "31",
        "places": "2", "rate": "10", "table": "Staff", "pattern": "[a-c]+",
    }  # fmt: skip
    step = Step(name, {item.name: given_settings[item.name] for item in TRANSFORMS[name].settings})
    apply = make_step(step, Env(country="AU", tables={"Staff": Lookup(name="Staff", rows={"a": "b"})}))
    value = data.draw(words | amounts | days | st.booleans() | st.lists(words, max_size=2).map(tuple))
    with suppress(Refused):
        assert apply(value) == apply(value)


ONCE_IS_ENOUGH = ["tidy", "upper", "lower", "email", "phone", "abn", "end_of_month", "strip_code_twice"]


@pytest.mark.parametrize("name", [name for name in ONCE_IS_ENOUGH if name in TRANSFORMS])
@FEW
@given(value=words | days)
def test_once_is_enough(name: str, value: Any) -> None:
    apply = make_step(Step(name), Env(country="AU"))
    with suppress(Refused):
        first = apply(value)
        assert apply(first) == first


def test_the_apps_own_field_maps_have_no_problem() -> None:
    assert not problems(Choices(fields=DEFAULT_FIELDS), offers.view())


def test_every_operator_of_every_field_can_be_asked() -> None:
    sample = {Type.TEXT: "a", Type.NUMBER: "5", Type.DATE: "2026-07-01", Type.WORDS: "a", Type.YES_NO: ""}
    for source in SOURCES.values():
        for operator in OPERATORS[source.type].values():
            value = sample[source.type]
            row = Row(source.key, operator.name, f"{value}\n{value}" if operator.needs == "two" else value)
            for about in source.about:
                test = compile_condition(row, about)
                assert test(Subject()) in {True, False}


@pytest.mark.parametrize("text", ["{", "}", "{client.colour}", "{xero.total}", "x" * 501, "{client.name"])
def test_a_text_with_a_wrong_place_is_refused(text: str) -> None:
    with pytest.raises(BadChoice):
        compile_template(text, About.INVOICE)
