"""When a rule applies: rows of field, operator and value, joined by all, any and not. Pure.

In JSON a row is ``{"field": "invoice.total", "op": "more", "value": "5000"}``, a group ``{"all": [...]}``,
``{"any": [...]}`` or ``{"not": {...}}``. There are no expressions: what can be asked is chosen from lists, costs a
known time, and reads as a sentence.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from operator import contains, eq, ge, gt, le, lt, ne
from typing import Any

from connectors.amounts import LARGEST
from connectors.records import Contact
from mappings.catalog import ABOUT_WORDS, SOURCES, About, Source, Type
from mappings.fieldmaps import BadChoice
from mappings.patterns import compile_search
from mappings.subjects import Subject

DEEPEST = 10
"""Levels of JSON; a group of none takes two."""
MOST_ROWS = 50
MOST_VALUES = 200
LONGEST_VALUE = 1000
MOST_CLIENTS = 5_000
"""Clients for whom a rule's answer is kept."""

Test = Callable[[Subject], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """One question. ``value`` is text as a person wrote it; several values stand in lines of their own."""

    field: str
    op: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """``join`` is all, any or none; an empty group of all is always true."""

    join: str
    parts: "tuple[Row | Group, ...]" = field(default_factory=tuple)


Condition = Row | Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """``make`` turns the value that was written into a test of the field's value. ``needs``: none, one, two, many."""

    name: str
    words: str
    type: Type
    make: Callable[[str], Callable[[Any], bool]]
    needs: str = "one"


def condition_to_json(item: Condition) -> dict[str, Any]:
    if isinstance(item, Row):
        return {"field": item.field, "op": item.op, "value": item.value}
    parts = [condition_to_json(part) for part in item.parts]
    return {"not": {"any": parts}} if item.join == "none" else {item.join: parts}


def condition_from_json(data: Any, *, depth: int = 1) -> Condition:
    """Raises :class:`BadChoice` for anything that is no condition, or one that is nested too deeply."""
    if depth > DEEPEST:
        raise BadChoice(f"The conditions are nested too deeply: {DEEPEST} levels are the most.")
    if not isinstance(data, Mapping):
        raise BadChoice("A condition can't be read.")
    if "field" in data:
        given = [data.get(name, "") for name in ("field", "op", "value")]
        if not all(isinstance(item, str) for item in given):
            raise BadChoice("A condition's field, operator and value are texts.")
        return Row(*given)
    if "not" in data:
        inner = condition_from_json(data["not"], depth=depth + 1)
        if isinstance(inner, Group) and inner.join == "any":
            return Group("none", inner.parts)
        return Group("none", (inner,))
    for join in ("all", "any"):
        if isinstance(data.get(join), list | tuple):
            return Group(join, tuple(condition_from_json(part, depth=depth + 1) for part in data[join]))
    raise BadChoice("A condition is a row, or a group of all, any or not.")


def rows_of(item: Condition) -> list[Row]:
    """Every row inside, in order."""
    return [item] if isinstance(item, Row) else [row for part in item.parts for row in rows_of(part)]


def compile_condition(item: Condition, about: About) -> Test:
    """The condition as a function. Raises :class:`BadChoice` with a sentence for the first row that makes no sense."""
    if len(rows_of(item)) > MOST_ROWS:
        raise BadChoice(f"A rule may ask {MOST_ROWS} questions.")
    return _compile(item, about)


def _compile(item: Condition, about: About) -> Test:
    if isinstance(item, Row):
        return _compile_row(item, about)
    tests = tuple(_compile(part, about) for part in item.parts)
    if item.join not in _JOINS:
        raise BadChoice(f"“{item.join[:20]}” joins nothing.")
    is_met, otherwise = _JOINS[item.join]
    joined = tests[0] if item.join == "all" and len(tests) == 1 else _unless_one(tests, is_met, otherwise)
    return _once_a_client(joined) if about is not About.CONTACT and _asks_the_client(item) else joined


_JOINS = {"all": (False, True), "any": (True, False), "none": (True, True)}
"""What a test has to come out as to decide, and what holds when none does."""


def _asks_the_client(item: Group) -> bool:
    """Whether nothing but the client decides, so that all documents of one have the same answer."""
    rows = rows_of(item)
    return bool(rows) and all(SOURCES[row.field].part == "client" for row in rows)


def _once_a_client(test: Test) -> Test:
    """The test asked once for each client and not for every document and line of it."""
    known: dict[str, tuple[Contact, bool]] = {}

    def remembered(subject: Subject) -> bool:
        client = subject.client
        if client is None:
            return test(subject)
        found = known.get(client.external_id)
        if found is None or found[0] is not client:
            if len(known) >= MOST_CLIENTS:
                known.clear()
            found = known[client.external_id] = client, test(subject)
        return found[1]

    return remembered


def _unless_one(tests: tuple[Test, ...], is_met: bool, otherwise: bool) -> Test:
    """``otherwise`` unless a test comes out as ``is_met``. A plain loop: this is where planning spends its time."""

    def joined(subject: Subject) -> bool:
        for test in tests:
            if test(subject) is is_met:
                return not otherwise
        return otherwise

    return joined


def _compile_row(row: Row, about: About) -> Test:
    source = SOURCES.get(row.field)
    if source is None or about not in source.about:
        raise BadChoice(
            f"There is no field “{row.field[:60]}” to ask about in a rule for {ABOUT_WORDS[about]}."
        )
    operator = OPERATORS[source.type].get(row.op)
    if operator is None:
        raise BadChoice(f"“{source.label}” can't be asked “{row.op[:20]}”.")
    if len(row.value) > LONGEST_VALUE:
        raise BadChoice(f"A value may have {LONGEST_VALUE} characters.")
    if operator.needs != "none" and not row.value.strip():
        raise BadChoice(f"“{source.label} {operator.words} …” needs a value.")
    try:
        test = operator.make(row.value)
    except BadChoice as error:
        raise BadChoice(f"{source.label}: {error}") from error
    get = source.get
    return lambda subject: test(get(subject))


def sentence(item: Condition, *, inner: bool = False) -> str:
    """The condition as a person says it."""
    if isinstance(item, Row):
        return _row_words(item)
    if not item.parts:
        return "always"
    words = [sentence(part, inner=True) for part in item.parts]
    if item.join == "none":
        return f"none of these: {'; '.join(words)}" if len(words) > 1 else f"not ({words[0]})"
    joined = (" and " if item.join == "all" else " or ").join(words)
    return f"({joined})" if inner and len(words) > 1 else joined


def _row_words(row: Row) -> str:
    source = SOURCES.get(row.field)
    if source is None:
        return f"“{row.field}” (no such field)"
    operator = OPERATORS[source.type].get(row.op)
    words = operator.words if operator else f"“{row.op}” (no such question)"
    label = source.label[0].lower() + source.label[1:] if source.label[1:2].islower() else source.label
    if operator is not None and operator.needs == "none":
        return f"{label} {words}"
    values = _many(row.value)
    if operator is not None and operator.needs == "two" and len(values) == 2:
        return f"{label} {words} {_shown(source, values[0])} and {_shown(source, values[1])}"
    return f"{label} {words} {' or '.join(_shown(source, value) for value in values)}".rstrip()


def _shown(source: Source, value: str) -> str:
    if source.type is Type.NUMBER:
        try:
            number = Decimal(value.replace(",", "").strip())
        except InvalidOperation:
            return f"“{value}”"
        return f"{number:,f}"
    return value if source.type is Type.DATE else f"“{value}”"


# Texts are compared without regard to case and outer spaces, as people do.


def _fold(value: Any) -> str:
    if type(value) is str:
        return value.strip().casefold()
    return "" if value is None else str(value).strip().casefold()


@lru_cache(maxsize=10_000)
def _fold_all(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_fold(item) for item in words)


def _many(value: str) -> list[str]:
    """Values in lines of their own."""
    found = [line.strip() for line in value.splitlines() if line.strip()]
    if len(found) > MOST_VALUES:
        raise BadChoice(f"A question may have {MOST_VALUES} values.")
    return found


def _text_test(compare: Callable[[str, str], bool]) -> Callable[[str], Callable[[Any], bool]]:
    def make(value: str) -> Callable[[Any], bool]:
        wanted = _fold(value)
        return lambda given: compare(_fold(given), wanted)

    return make


def _one_of(value: str) -> Callable[[Any], bool]:
    wanted = frozenset(_fold(item) for item in _many(value))
    return lambda given: _fold(given) in wanted


def _not_one_of(value: str) -> Callable[[Any], bool]:
    inside = _one_of(value)
    return lambda given: not inside(given)


def _matches(value: str) -> Callable[[Any], bool]:
    search = compile_search(value)
    return lambda given: search("" if given is None else str(given))


def _empty(value: str) -> Callable[[Any], bool]:
    return lambda given: given is None or given == "" or given == ()


def _filled(value: str) -> Callable[[Any], bool]:
    return lambda given: not (given is None or given == "" or given == ())


def _number(value: str) -> Decimal:
    try:
        found = Decimal(value.replace(",", "").replace("$", "").strip())
    except InvalidOperation:
        raise BadChoice(f"“{value[:40]}” is not a number.") from None
    if not found.is_finite() or abs(found) > LARGEST:
        raise BadChoice(f"“{value[:40]}” is not an amount.")
    return found


def _number_test(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[str], Callable[[Any], bool]]:
    def make(value: str) -> Callable[[Any], bool]:
        wanted = _number(value)
        return lambda given: given is not None and compare(given, wanted)

    return make


def _two(value: str) -> tuple[str, str]:
    found = _many(value)
    if len(found) != 2:
        raise BadChoice("needs two values, each in a line of its own.")
    return found[0], found[1]


def _number_between(value: str) -> Callable[[Any], bool]:
    low, high = (_number(item) for item in _two(value))
    return lambda given: given is not None and low <= given <= high


def _date(value: str) -> date:
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        raise BadChoice(f"“{value[:40]}” is not a date such as 2026-07-01.") from None


def _date_test(compare: Callable[[date, date], bool]) -> Callable[[str], Callable[[Any], bool]]:
    def make(value: str) -> Callable[[Any], bool]:
        wanted = _date(value)
        return lambda given: given is not None and compare(given, wanted)

    return make


def _date_between(value: str) -> Callable[[Any], bool]:
    low, high = (_date(item) for item in _two(value))
    return lambda given: given is not None and low <= given <= high


def _words_test(
    compare: Callable[[frozenset[str], frozenset[str]], bool],
) -> Callable[[str], Callable[[Any], bool]]:
    def make(value: str) -> Callable[[Any], bool]:
        wanted = frozenset(_fold(item) for item in _many(value))
        return lambda given: compare(_fold_all(tuple(given or ())), wanted)

    return make


def _yes(value: str) -> Callable[[Any], bool]:
    return lambda given: given is True


def _no(value: str) -> Callable[[Any], bool]:
    return lambda given: given is not True


def _op(
    name: str, words: str, type_: Type, make: Callable[[str], Callable[[Any], bool]], needs: str = "one"
) -> Operator:
    return Operator(name=name, words=words, type=type_, make=make, needs=needs)


_T, _N, _D, _W, _Y = Type.TEXT, Type.NUMBER, Type.DATE, Type.WORDS, Type.YES_NO

_OPERATORS: Sequence[Operator] = (
    _op("is", "is", _T, _text_test(eq)),
    _op("is_not", "is not", _T, _text_test(ne)),
    _op("contains", "contains", _T, _text_test(contains)),
    _op("lacks", "doesn't contain", _T, _text_test(lambda given, wanted: wanted not in given)),
    _op("starts", "starts with", _T, _text_test(str.startswith)),
    _op("ends", "ends with", _T, _text_test(str.endswith)),
    _op("one_of", "is one of", _T, _one_of, "many"),
    _op("not_one_of", "is none of", _T, _not_one_of, "many"),
    _op("matches", "matches the pattern", _T, _matches),
    _op("empty", "is empty", _T, _empty, "none"),
    _op("filled", "is not empty", _T, _filled, "none"),
    _op("more", "is more than", _N, _number_test(gt)),
    _op("least", "is at least", _N, _number_test(ge)),
    _op("less", "is less than", _N, _number_test(lt)),
    _op("most", "is at most", _N, _number_test(le)),
    _op("equals", "is exactly", _N, _number_test(eq)),
    _op("differs", "is not", _N, _number_test(ne)),
    _op("between", "is between", _N, _number_between, "two"),
    _op("empty", "is not known", _N, _empty, "none"),
    _op("after", "is after", _D, _date_test(gt)),
    _op("before", "is before", _D, _date_test(lt)),
    _op("on", "is on", _D, _date_test(eq)),
    _op("between", "is between", _D, _date_between, "two"),
    _op("empty", "is empty", _D, _empty, "none"),
    _op("filled", "is not empty", _D, _filled, "none"),
    _op("any_of", "include any of", _W, _words_test(lambda given, wanted: bool(given & wanted)), "many"),
    _op("all_of", "include all of", _W, _words_test(lambda given, wanted: given >= wanted), "many"),
    _op("none_of", "include none of", _W, _words_test(lambda given, wanted: not given & wanted), "many"),
    _op("empty", "are empty", _W, _empty, "none"),
    _op("filled", "are not empty", _W, _filled, "none"),
    _op("yes", "is true", _Y, _yes, "none"),
    _op("no", "is not true", _Y, _no, "none"),
)

OPERATORS: dict[Type, dict[str, Operator]] = {
    type_: {item.name: item for item in _OPERATORS if item.type is type_} for type_ in Type
}
