"""The editors take whatever is sent: shown again, refused with a sentence, or made into choices that can be stored."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings import checks
from mappings.catalog import SOURCES, About
from mappings.conditions import OPERATORS
from mappings.differences import differences
from mappings.fieldmaps import Direction, Lookup
from mappings.pages import field_form, inputs, lookup_form, rule_form, rule_view
from mappings.rules import OUTCOMES
from mappings.sections import State
from mappings.sides import Gaps
from mappings.spec import Choices, choices_from_json, choices_to_json
from mappings.suggest import suggest
from mappings.targets import TARGETS
from mappings.transforms import TRANSFORMS
from tests.mappings import offers

VIEW = offers.view(facts=offers.facts(items=frozenset({"BK"})))
CHOICES = Choices(lookups=(Lookup(name="Offices", rows={"a": "b"}),))
STATE = State(
    version=1,
    published=None,
    draft=None,
    choices=CHOICES,
    in_force=CHOICES,
    view=VIEW,
    gaps=Gaps(sales_account=True, default_tax=True, clearing=True, labels=(), services=(), broken=()),
    suggested=suggest(VIEW),
)
WORDS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "1", "-1", "200", "5,000", "2026-07-01", "a\nb", "{client.name}", "\x00", "9" * 50]),
    st.sampled_from(
        ["Offices", "reference", "description", "name", "DRAFT", '["Office", "Perth"]', "[1", "[]"]
    ),
)
OPS = sorted({name for table in OPERATORS.values() for name in table})


def some(options: Any) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(sorted(options)), WORDS)


@st.composite
def steps(draw: st.DrawFn, start: str) -> dict[str, str]:
    out = {}
    for number in range(draw(st.integers(0, 3))):
        out[f"{start}{number}-do"] = draw(some(TRANSFORMS))
        for name in ("length", "find", "put", "text", "days", "rate", "table", "pattern", "places"):
            out[f"{start}{number}-{name}"] = draw(WORDS)
    return out


@st.composite
def rules(draw: st.DrawFn) -> dict[str, str]:
    out = {"name": draw(WORDS), "join-0": draw(some(rule_form.JOINS)), "action": draw(actions("row-0"))}
    if draw(st.booleans()):
        out["join-1"] = draw(some(rule_form.JOINS))
    for group in range(2):
        for number in range(draw(st.integers(0, 3))):
            start = f"row-{group}-{number}"
            out |= {f"{start}-field": draw(some(SOURCES)), f"{start}-op": draw(some(OPS))}
            out[f"{start}-value"] = draw(WORDS)
    for number in range(draw(st.integers(0, 3))):
        start = f"then-{number}-"
        out[f"{start}do"] = draw(some(OUTCOMES))
        for name in ("text", "field", "value", "tracking", "days"):
            out[f"{start}{name}"] = draw(WORDS)
        out |= draw(steps(f"{start}step-"))
    return out


def actions(of: str) -> st.SearchStrategy[str]:
    known = [
        f"{of}:add",
        f"{of}:remove:0",
        f"{of}:up:1",
        f"{of}:down:0",
        "group:add",
        "group:remove",
        "then:add",
    ]
    return st.one_of(st.sampled_from(known), WORDS)


def stored(choices: Choices) -> Choices:
    """What comes back from the database; differences to it can be told in words."""
    kept = choices_from_json(json.loads(json.dumps(choices_to_json(choices))))
    assert kept == choices
    assert "\x00" not in str(choices)
    differences(CHOICES, choices, VIEW)
    return kept


@pytest.mark.parametrize("about", list(About))
@settings(deadline=None, max_examples=60)
@given(data=rules())
def test_rules(about: About, data: dict[str, str]) -> None:
    form = rule_form.of_post(data, about)
    rule_form.act(form, data)
    rule_view.view_of(form, VIEW, CHOICES)
    stored(dataclasses.replace(CHOICES, rules=(rule_form.made(form, "k"),)))
    form = rule_form.of_post(data, about)
    rule = rule_form.check(form, "k", STATE)
    rule_view.view_of(form, VIEW, CHOICES)
    if not form.is_right:
        return
    kept = stored(dataclasses.replace(CHOICES, rules=(rule,)))
    assert checks.problems(kept, VIEW) == []
    again = rule_form.of_rule(rule)
    assert again is not None
    assert rule_form.made(again, "k") == rule


@pytest.mark.parametrize("key", sorted(TARGETS))
@settings(deadline=None, max_examples=25)
@given(
    data=steps("step-"),
    uses=some(["text", "sources"]),
    sources=st.lists(some(SOURCES), max_size=4),
    text=WORDS,
    direction=some([item.value for item in Direction]),
    action=actions("step"),
)
def test_fields(
    key: str, data: dict[str, str], uses: str, sources: list[str], text: str, direction: str, action: str
) -> None:
    sent = {**data, "uses": uses, "text": text, "direction": direction, "action": action}
    sent |= {f"source-{number}": source for number, source in enumerate(sources)}
    form = field_form.of_post(sent, TARGETS[key], None)
    field_form.act(form, sent)
    field_form.choices_for(form)
    inputs.name_steps(form.steps, "step-", ["Offices"])
    item = field_form.check(field_form.of_post(sent, TARGETS[key], None), STATE)
    form = field_form.of_post(sent, TARGETS[key], None)
    field_form.check(form, STATE)
    if not form.is_right:
        return
    kept = stored(dataclasses.replace(CHOICES, fields=field_form.put((), item)))
    assert checks.problems(kept, VIEW) == []
    assert field_form.made(field_form.of_map(item, TARGETS[key])).steps == item.steps


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.tuples(WORDS, WORDS), max_size=5),
    name=WORDS,
    otherwise=WORDS,
    then=WORDS,
    kind=some(["keep", "text"]),
)
def test_tables(rows: list[tuple[str, str]], name: str, otherwise: str, then: str, kind: str) -> None:
    sent = {"name": name, "otherwise": otherwise, "then": then, "otherwise-kind": kind, "action": "rows:add"}
    for number, (key, value) in enumerate(rows):
        sent |= {f"key-{number}": key, f"value-{number}": value}
    form = lookup_form.of_post(sent, None)
    lookup_form.act(form, sent)
    form = lookup_form.of_post(sent, None)
    tables = lookup_form.check(form, None, STATE)
    if form.is_right:
        kept = stored(dataclasses.replace(CHOICES, lookups=tables))
        assert checks.problems(kept, VIEW) == []
        item = tables[-1]
        same = {key: " ".join(value.split("\n")) for key, value in item.rows.items() if "\n" not in key}
        plain = dataclasses.replace(item, rows=same)
        if same and all(same) and not any(value != value.strip() for value in same.values()):
            assert lookup_form.read_csv(lookup_form.write_csv(plain).encode(), plain)[1] == []
