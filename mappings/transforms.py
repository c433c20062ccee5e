"""What can be done to a value on its way into a field. Pure; a new transform is one function and one row.

A transform is made once per mapping from its settings (:class:`BadChoice` when they make no sense) and then called
with values that are not empty. It returns the new value, or raises :class:`Refused` with a sentence: the value is
left out, or the record waits when the field is required.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from mappings import business, dates, lookups, normalise, patterns, people
from mappings.catalog import Type
from mappings.fieldmaps import BadChoice, Lookup, Step
from mappings.fitting import Offers
from mappings.refusals import Refused
from mappings.templates import as_text

__all__ = ["TRANSFORMS", "Env", "Refused", "Transform", "make_step"]

Apply = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """What is known besides the value: the organisation's country, the practice's tables, what the target offers."""

    country: str = ""
    tables: Mapping[str, Lookup] = field(default_factory=dict)
    offers: Offers = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a transform. ``kind`` is text, number or table; ``needed`` may not stay empty."""

    name: str
    label: str
    kind: str = "text"
    needed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """``takes`` is the type of value it works on; any other is turned into it first or refused."""

    name: str
    label: str
    example: str
    takes: Type
    make: Callable[[Mapping[str, str], Env], Apply]
    settings: tuple[Setting, ...] = ()
    on_empty: bool = False


def make_step(step: Step, env: Env) -> Apply:
    """A step as a function. Raises :class:`BadChoice` for an unknown transform or wrong settings."""
    transform = TRANSFORMS.get(step.do)
    if transform is None:
        raise BadChoice(f"There is no transform “{step.do}”.")
    known = {item.name for item in transform.settings}
    if odd := sorted(set(step.settings) - known):
        raise BadChoice(f"“{transform.label}” has no setting “{odd[0]}”.")
    for item in transform.settings:
        if item.needed and not step.settings.get(item.name, ""):
            raise BadChoice(f"“{transform.label}” needs: {item.label.lower()}.")
    apply = transform.make(step.settings, env)
    return _converted(apply, _CONVERT[transform.takes], on_empty=transform.on_empty)


def _converted(apply: Apply, convert: Apply, *, on_empty: bool) -> Apply:
    """``apply`` on a value of the right type, and on none that is empty."""
    is_text = convert is as_text

    def run(value: Any) -> Any:
        if is_text and type(value) is str:
            return apply(value) if value or on_empty else value
        if not on_empty and (value is None or value == "" or value == ()):
            return value
        return apply(convert(value))

    return run


def _to_number(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    try:
        found = Decimal(as_text(value).replace(",", "").strip())
    except InvalidOperation:
        raise Refused(f"“{as_text(value)[:40]}” is not a number.") from None
    if not found.is_finite() or abs(found) > dates.LARGEST:
        raise Refused(f"“{as_text(value)[:40]}” is not an amount.")
    return found


def _to_date(value: Any) -> date:
    return value if isinstance(value, date) else dates.read(as_text(value))


_CONVERT: dict[Type, Apply] = {
    Type.TEXT: as_text,
    Type.NUMBER: _to_number,
    Type.DATE: _to_date,
    Type.WORDS: lambda value: value,
    Type.YES_NO: lambda value: value,
}


def _plain(function: Apply) -> Callable[[Mapping[str, str], Env], Apply]:
    """A transform without settings."""
    return lambda settings, env: function


def whole(settings: Mapping[str, str], name: str, *, least: int, most: int) -> int:
    """A setting as a whole number within limits."""
    given = settings.get(name, "").strip()
    try:
        value = int(given[:10])
    except ValueError:
        raise BadChoice(f"“{given[:40]}” is not a whole number.") from None
    if not least <= value <= most:
        raise BadChoice(f"{value} is not between {least} and {most}.")
    return value


def _cut(settings: Mapping[str, str], env: Env) -> Apply:
    length = whole(settings, "length", least=1, most=4000)
    return lambda value: value[:length].rstrip()


def _replace(settings: Mapping[str, str], env: Env) -> Apply:
    find, put = settings["find"], settings.get("put", "")
    return lambda value: value.replace(find, put)[: patterns.LONGEST_VALUE]


def _before(settings: Mapping[str, str], env: Env) -> Apply:
    text = settings["text"]
    return lambda value: f"{text}{value}"


def _after(settings: Mapping[str, str], env: Env) -> Apply:
    text = settings["text"]
    return lambda value: f"{value}{text}"


def _default(settings: Mapping[str, str], env: Env) -> Apply:
    text = settings["text"]
    return lambda value: value or text


def _phone(settings: Mapping[str, str], env: Env) -> Apply:
    def apply(value: str) -> str:
        found = normalise.phone(value, env.country)
        if not found:
            raise Refused(f"The phone number “{value[:40]}” is not a number of this country.")
        return found

    return apply


def _e164(settings: Mapping[str, str], env: Env) -> Apply:
    readable = _phone(settings, env)
    return lambda value: "".join(char for char in readable(value) if char.isdigit() or char == "+")


def _email(value: str) -> str:
    if not normalise.is_email(value.strip()):
        raise Refused(f"The e-mail address “{value[:80]}” can't be used in Xero.")
    return value.strip()


def _business(settings: Mapping[str, str], env: Env) -> Apply:
    return lambda value: business.tax_number(value, env.country)


def _state(settings: Mapping[str, str], env: Env) -> Apply:
    return lambda value: business.state_name(value, env.country)


def _state_code(settings: Mapping[str, str], env: Env) -> Apply:
    return lambda value: business.state_code(value, env.country)


def _days(settings: Mapping[str, str], env: Env) -> Apply:
    days = whole(settings, "days", least=-3650, most=3650)
    return lambda value: dates.add_days(value, days)


def _months(settings: Mapping[str, str], env: Env) -> Apply:
    months = whole(settings, "months", least=-120, most=120)
    return lambda value: dates.add_months(value, months)


def _next_month(settings: Mapping[str, str], env: Env) -> Apply:
    day = whole(settings, "day", least=1, most=31)
    return lambda value: dates.day_of_next_month(value, day)


def _round(settings: Mapping[str, str], env: Env) -> Apply:
    places = whole(settings, "places", least=0, most=4)
    return lambda value: dates.rounded(value, places)


def _rate(settings: Mapping[str, str]) -> Decimal:
    try:
        rate = Decimal(settings["rate"].strip().rstrip("%"))
    except InvalidOperation:
        raise BadChoice(f"“{settings['rate'][:40]}” is not a rate in per cent.") from None
    if not rate.is_finite() or not 0 <= rate <= 100:
        raise BadChoice("A rate is between 0 and 100 per cent.")
    return rate


def _without_tax(settings: Mapping[str, str], env: Env) -> Apply:
    rate = _rate(settings)
    return lambda value: dates.without_tax(value, rate)


def _with_tax(settings: Mapping[str, str], env: Env) -> Apply:
    rate = _rate(settings)
    return lambda value: dates.with_tax(value, rate)


def _look_up(settings: Mapping[str, str], env: Env) -> Apply:
    return lookups.compile_lookup(settings["table"], env.tables)


def _pattern(settings: Mapping[str, str], env: Env) -> Apply:
    return patterns.compile_replace(settings["pattern"], settings.get("put", ""))


def _part_of(settings: Mapping[str, str], env: Env) -> Apply:
    return patterns.compile_extract(settings["pattern"])


_LENGTH = Setting(name="length", label="Number of characters", kind="number")
_TEXT = Setting(name="text", label="Text")
_RATE = Setting(name="rate", label="Rate in per cent", kind="number")
_PATTERN = Setting(name="pattern", label="Pattern (regular expression)")
_T, _N, _D = Type.TEXT, Type.NUMBER, Type.DATE


def _row(
    name: str,
    label: str,
    example: str,
    takes: Type,
    make: Callable[[Mapping[str, str], Env], Apply],
    *settings: Setting,
    on_empty: bool = False,
) -> Transform:
    return Transform(
        name=name, label=label, example=example, takes=takes, make=make, settings=settings, on_empty=on_empty
    )


_ROWS = (
    _row("tidy", "Tidy spaces", "“ Blue  Bell ” → “Blue Bell”", _T, _plain(normalise.tidy)),
    _row("upper", "Capital letters", "“abc” → “ABC”", _T, _plain(str.upper)),
    _row("lower", "Small letters", "“ABC” → “abc”", _T, _plain(str.lower)),
    _row(
        "name_case",
        "Capitalise a name",
        "“SHIRLEY MACLAINE” → “Shirley MacLaine”",
        _T,
        _plain(people.name_case),
    ),
    _row("first_name", "First name", "“Lee, Anna” → “Anna”", _T, _plain(people.first_name)),
    _row("last_name", "Last name", "“Anna Lee” → “Lee”", _T, _plain(people.last_name)),
    _row("last_first", "Last name, first name", "“Anna Lee” → “Lee, Anna”", _T, _plain(people.last_first)),
    _row("first_last", "First name last name", "“Lee, Anna” → “Anna Lee”", _T, _plain(people.first_last)),
    _row(
        "strip_code",
        "Leave out a leading code",
        "“1478 Blue Bell” → “Blue Bell”",
        _T,
        _plain(people.strip_code),
    ),
    _row("no_angles", "Leave out < and >", "Xero refuses names with them", _T, _plain(people.no_angles)),
    _row("cut", "Cut to a length", "“Blue Bell” → “Blue”", _T, _cut, _LENGTH),
    _row(
        "replace",
        "Replace a text",
        "“&” → “and”",
        _T,
        _replace,
        Setting(name="find", label="Text to find"),
        Setting(name="put", label="Text to put there", needed=False),
    ),
    _row("before", "Put a text before it", "“7” → “No. 7”", _T, _before, _TEXT),
    _row("after", "Put a text after it", "“Blue Bell” → “Blue Bell (AU)”", _T, _after, _TEXT),
    _row("default", "Use this when empty", "“” → “Services”", _T, _default, _TEXT, on_empty=True),
    _row("email", "Check the e-mail address", "leaves out what Xero refuses", _T, _plain(_email)),
    _row("phone", "Phone number, readable", "“02 9000 0000” → “+61 2 9000 0000”", _T, _phone),
    _row("phone_e164", "Phone number, digits only", "“02 9000 0000” → “+61290000000”", _T, _e164),
    _row("tax_number", "Check and format a tax number", "ABN, NZBN, IRD or VAT number", _T, _business),
    _row("abn", "Check and format an ABN", "“83914571673” → “83 914 571 673”", _T, _plain(business.abn)),
    _row("nzbn", "Check and format an NZBN", "13 digits", _T, _plain(business.nzbn)),
    _row(
        "ird", "Check and format an IRD (GST) number", "“49091850” → “49-091-850”", _T, _plain(business.ird)
    ),
    _row(
        "vat", "Check and format a UK VAT number", "“GB 980780684” → “980 7806 84”", _T, _plain(business.vat)
    ),
    _row("country", "Country's name", "“AU” → “Australia”", _T, _plain(business.country_name)),
    _row("country_code", "Country's code", "“Australia” → “AU”", _T, _plain(business.country_code)),
    _row("state", "State's name", "“NSW” → “New South Wales”", _T, _state),
    _row("state_code", "State's abbreviation", "“New South Wales” → “NSW”", _T, _state_code),
    _row(
        "add_days", "Add days", "payment terms", _D, _days, Setting(name="days", label="Days", kind="number")
    ),
    _row(
        "add_months",
        "Add months",
        "31 Jan + 1 → 28 Feb",
        _D,
        _months,
        Setting(name="months", label="Months", kind="number"),
    ),
    _row("end_of_month", "End of the month", "5 Nov → 30 Nov", _D, _plain(dates.end_of_month)),
    _row(
        "next_month",
        "Day of the next month",
        "20 → 20 Dec",
        _D,
        _next_month,
        Setting(name="day", label="Day", kind="number"),
    ),
    _row(
        "round",
        "Round",
        "half up: 2.345 → 2.35",
        _N,
        _round,
        Setting(name="places", label="Decimals", kind="number"),
    ),
    _row("without_tax", "Take tax out", "110.00 at 10 % → 100.00", _N, _without_tax, _RATE),
    _row("with_tax", "Put tax on top", "100.00 at 10 % → 110.00", _N, _with_tax, _RATE),
    _row(
        "look_up",
        "Look it up",
        "in one of your tables",
        _T,
        _look_up,
        Setting(name="table", label="Table", kind="table"),
    ),
    _row("pattern_part", "Take what a pattern finds", "“INV-77” and “\\d+” → “77”", _T, _part_of, _PATTERN),
    _row(
        "pattern_replace",
        "Replace what a pattern finds",
        "“a--b” and “-+” → “a-b”",
        _T,
        _pattern,
        _PATTERN,
        Setting(name="put", label="Text to put there", needed=False),
    ),
)

TRANSFORMS: dict[str, Transform] = {item.name: item for item in _ROWS}
