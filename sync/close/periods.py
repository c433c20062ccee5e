"""Periods that a practice closes and files tax for, made of whole months. Pure.

The rules are those of the Australian Taxation Office, Inland Revenue (New Zealand) and HM Revenue & Customs. Which of
them a practice is under is on its own registration and told by no system that is read here.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
ATO = (
    "Australian Taxation Office, “Due dates for lodging and paying your BAS”",
    "https://www.ato.gov.au/business/business-activity-statements-(bas)/due-dates-for-lodging-and-paying-your-bas",
)
IRD = (
    "Inland Revenue, Goods and Services Tax Act 1985, sections 15C and 16",
    "https://www.legislation.govt.nz/act/public/1985/0141/latest/DLM83422.html",
)
HMRC = (
    "HM Revenue & Customs, guidance on sending a VAT Return",
    "https://www.gov.uk/submit-vat-return",
)
BUSINESS_DAY = "On a weekend or public holiday it is the next business day."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How periods of one sort follow each other: of how many months, and in which months they end.

    ``due`` gives the day on which a period that ended on a day is due, if it is filed at all.
    """

    code: str
    label: str
    months: int
    ends_in: frozenset[int]
    says: str = ""
    source: str = ""
    url: str = ""
    due: Callable[[date], date] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    rule: Rule
    starts_on: date
    ends_on: date

    @property
    def label(self) -> str:
        """``October 2026``, ``July to September 2026``."""
        first, last = self.starts_on, self.ends_on
        if (first.year, first.month) == (last.year, last.month):
            return f"{last:%B %Y}"
        return f"{first:%B}{'' if first.year == last.year else f' {first.year}'} to {last:%B %Y}"

    @property
    def due_on(self) -> date | None:
        return self.rule.due(self.ends_on) if self.rule.due else None

    @property
    def months(self) -> tuple[date, ...]:
        """The first day of each month."""
        return tuple(add_months(self.starts_on, number) for number in range(self.rule.months))

    def holds(self, day: date | None) -> bool:
        return day is not None and self.starts_on <= day <= self.ends_on

    def is_over(self, today: date) -> bool:
        return self.ends_on < today


def add_months(day: date, number: int) -> date:
    """The first day of the month that is so many months on (or back)."""
    index = day.year * 12 + day.month - 1 + number
    return date(index // 12, index % 12 + 1, 1)


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def in_month_after(ended: date, day: int) -> date:
    return add_months(ended, 1).replace(day=day)


def _bas_quarter(ended: date) -> date:
    """The 28th of the month after; of February for October to December."""
    return add_months(ended, 2 if ended.month == 12 else 1).replace(day=28)


def _gst_return(ended: date) -> date:
    """The 28th of the month after, but 15 January instead of 28 December and 7 May instead of 28 April."""
    if ended.month == 11:
        return date(ended.year + 1, 1, 15)
    if ended.month == 3:
        return date(ended.year, 5, 7)
    return in_month_after(ended, 28)


def _vat_return(ended: date) -> date:
    """One calendar month and seven days after the end."""
    return month_end(add_months(ended, 1)) + timedelta(days=7)


def _every(months: int, last: int) -> frozenset[int]:
    return frozenset((last - 1 + step) % 12 + 1 for step in range(0, 12, months))


MONTH = Rule(code="month", label="Calendar month", months=1, ends_in=frozenset(range(1, 13)))
_BAS_QUARTER = Rule(
    code="bas-quarter",
    label="BAS each quarter",
    months=3,
    ends_in=_every(3, 3),
    says=f"Due on the 28th of the month after; for October to December on 28 February. {BUSINESS_DAY}",
    source=ATO[0],
    url=ATO[1],
    due=_bas_quarter,
)
_BAS_MONTH = Rule(
    code="bas-month",
    label="BAS each month",
    months=1,
    ends_in=MONTH.ends_in,
    says=f"Usually due on the 21st of the month after. {BUSINESS_DAY}",
    source=ATO[0],
    url=ATO[1],
    due=lambda ended: in_month_after(ended, 21),
)
_GST_SAYS = (
    "Due on the 28th of the month after; on 15 January for a period that ends in November, "
    f"and on 7 May for one that ends in March. {BUSINESS_DAY}"
)


def _gst(code: str, label: str, months: int, last: int) -> Rule:
    return Rule(
        code=code,
        label=label,
        months=months,
        ends_in=_every(months, last),
        says=_GST_SAYS,
        source=IRD[0],
        url=IRD[1],
        due=_gst_return,
    )


def _vat(group: int, label: str, last: int) -> Rule:
    return Rule(
        code=f"vat-{group}",
        label=label,
        months=3,
        ends_in=_every(3, last),
        says="Due one calendar month and seven days after the end.",
        source=HMRC[0],
        url=HMRC[1],
        due=_vat_return,
    )


BY_COUNTRY: dict[str, tuple[Rule, ...]] = {
    "AU": (_BAS_QUARTER, _BAS_MONTH),
    "NZ": (
        _gst("gst-2a", "GST every two months, ending in January, March …", 2, 1),
        _gst("gst-2b", "GST every two months, ending in February, April …", 2, 2),
        _gst("gst-1", "GST each month", 1, 1),
        _gst("gst-6", "GST every six months, ending in March and September", 6, 3),
    ),
    "GB": (
        _vat(1, "VAT quarters ending in March, June …", 3),
        _vat(2, "VAT quarters ending in January, April …", 1),
        _vat(3, "VAT quarters ending in February, May …", 2),
    ),
}
"""What a practice may be under in its country; the first is the usual one."""
RETURN_NAME = {"AU": "BAS", "NZ": "GST return", "GB": "VAT return"}


def tax_rules(country: str) -> tuple[Rule, ...]:
    return BY_COUNTRY.get(country) or (MONTH,)


def rules_of(country: str) -> tuple[Rule, ...]:
    """Everything that a practice may close by: calendar months first."""
    return (MONTH, *(rule for rule in tax_rules(country) if rule is not MONTH))


def rule_called(rules: tuple[Rule, ...], code: str) -> Rule:
    """The rule of this code, or the first one."""
    return next((rule for rule in rules if rule.code == code), rules[0])


def period_of(rule: Rule, day: date) -> Period:
    """The period that a day is in."""
    day = min(max(day, EARLIEST), LATEST)
    last = next(number for number in range(12) if add_months(day, number).month in rule.ends_in)
    ends = month_end(add_months(day, last))
    return Period(rule=rule, starts_on=add_months(ends, 1 - rule.months), ends_on=ends)


def last_over(rule: Rule, today: date) -> Period:
    """The newest period that is over."""
    return before(period_of(rule, today))


def before(period: Period) -> Period:
    return period_of(period.rule, period.starts_on - timedelta(days=1))


def after(period: Period) -> Period:
    return period_of(period.rule, period.ends_on + timedelta(days=1))


def newest(rule: Rule, today: date, count: int) -> tuple[Period, ...]:
    """The period that runs and those before it, newest first."""
    found = [period_of(rule, today)]
    while len(found) < count:
        found.append(before(found[-1]))
    return tuple(found)


def whole_months(starts_on: date, ends_on: date) -> tuple[date, ...]:
    """The months between two days; ``ValueError`` unless they begin and end with a month."""
    if starts_on.day != 1 or ends_on < starts_on or ends_on != month_end(ends_on):
        raise ValueError(f"{starts_on} to {ends_on} is not made of whole months.")
    count = (ends_on.year - starts_on.year) * 12 + ends_on.month - starts_on.month + 1
    return tuple(add_months(starts_on, number) for number in range(count))
