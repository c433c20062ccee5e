"""Which account and tax type the target's own documents usually have for a service, where nobody chose one. Pure.

A mapping that nobody touched puts everything into one account. Held against that, every document that Ignition's own
link spread over several accounts would differ, and the one that really went astray would not be seen among them.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from connectors.records import Line
from mappings.normalise import tidy
from mappings.spec import Choices

ENOUGH = 2
"""One document alone shows no habit."""
MOST_PART = Fraction(2, 3)
"""So much of what is alike has to agree before it counts as the usual way."""
NEARLY_ALL = Fraction(9, 10)
"""So much of everything has to be in one account before a service of which nothing is known is held against it."""
_PERIOD = re.compile(
    r"\d+|\b(jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)(uary|ruary|ch|il|e|y|ust|tember|ober|ember)?\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """So many lines with this text are in this account with this tax type."""

    text: str
    account_code: str
    tax_type: str
    lines: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """``accounts`` and ``taxes`` are keyed as ``key_of`` says, ``everywhere`` is where nearly all lines are.

    ``account`` is what the mapping gives where nobody chose one (empty: all are chosen); ``is_tax_open``: nobody has
    looked at the tax types either. Once somebody has, ``unchosen`` are those that are still as the app suggested them:
    in their place a type with the same tax may be usual. ``rates`` are per cents by tax type.
    """

    account: str = ""
    is_tax_open: bool = False
    unchosen: frozenset[str] = frozenset()
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    taxes: Mapping[str, str] = field(default_factory=dict)
    everywhere: str = ""

    @property
    def is_needed(self) -> bool:
        """Whether there is anything that nobody chose."""
        return bool(self.account) or self.is_tax_open or bool(self.unchosen)

    def expected(self, line: Line, before: Mapping[str, Line]) -> Line:
        """A line as the mapping makes it, with what is usual in place of what nobody chose.

        ``before`` are the lines that this document had when both sides agreed, by ``key_of``. An account of which
        nothing can be said is empty, so that it is not compared.
        """
        account, tax_type, key = line.account_code, line.tax_type, key_of(line.description)
        was = before.get(key)
        if account and account == self.account:
            account = self.accounts.get(key) or (was.account_code if was else "") or self.everywhere
        if self._is_open(tax_type):
            habit = self.taxes.get(key, "")
            if habit and (self.is_tax_open or self.is_same_tax(tax_type, habit)):
                tax_type = habit
            elif not habit and was is not None and self.is_same_tax(tax_type, was.tax_type):
                tax_type = was.tax_type
        if (account, tax_type) == (line.account_code, line.tax_type):
            return line
        return replace(line, account_code=account, tax_type=tax_type)

    def is_silent(self, line: Line, there: str, before: Mapping[str, Line]) -> bool:
        """Whether nobody can say that ``there`` is the wrong tax type for a line, as no tax hangs on it.

        Nobody chose the line's own, nothing is known of its service, and both come to the same tax.
        """
        key = key_of(line.description)
        known = key in self.taxes or key in before
        return not known and self._is_open(line.tax_type) and self.is_same_tax(line.tax_type, there)

    def is_same_tax(self, one: str, other: str) -> bool:
        rates = self.rates.get(one), self.rates.get(other)
        return rates[0] is not None and rates[0] == rates[1]

    def _is_open(self, tax_type: str) -> bool:
        return self.is_tax_open or tax_type in self.unchosen


def unchosen_taxes(choices: Choices, suggested: Choices) -> frozenset[str]:
    """Tax types that are in force as the app suggested them, and for nothing else."""
    pairs = [(choices.default_tax, suggested.default_tax)]
    pairs += [(tax, suggested.tax_by_label.get(label, "")) for label, tax in choices.tax_by_label.items()]
    kept = {now for now, first in pairs if now and now == first}
    return frozenset(kept - {now for now, first in pairs if now != first})


def usual_of(
    booked: Iterable[Booked],
    *,
    account: str,
    is_tax_open: bool,
    unchosen: frozenset[str] = frozenset(),
    rates: Mapping[str, Decimal] | None = None,
) -> Usual:
    accounts: dict[str, Counter[str]] = defaultdict(Counter)
    taxes: dict[str, Counter[str]] = defaultdict(Counter)
    everywhere: Counter[str] = Counter()
    for item in booked:
        key = key_of(item.text)
        for code, counted in ((item.account_code, accounts[key]), (item.tax_type, taxes[key])):
            if code:
                counted[code] += item.lines
        if item.account_code:
            everywhere[item.account_code] += item.lines
    return Usual(
        account=account,
        is_tax_open=is_tax_open,
        unchosen=unchosen,
        rates=rates or {},
        accounts=_habits(accounts),
        taxes=_habits(taxes),
        everywhere=_most(everywhere, NEARLY_ALL),
    )


@lru_cache(maxsize=1 << 14)
def key_of(text: str) -> str:
    """What lines for one service have in common: their first line of text without numbers and months."""
    first = tidy(text.partition("\n")[0]).casefold()
    return " ".join(_PERIOD.sub(" ", first).split()) or first


def _habits(counted: Mapping[str, Counter[str]]) -> dict[str, str]:
    found = {key: _most(numbers, MOST_PART) for key, numbers in counted.items()}
    return {key: code for key, code in found.items() if code}


def _most(numbers: Counter[str], share: Fraction) -> str:
    """The code that most lines have; empty where there are too few, or too many with others."""
    total = numbers.total()
    code, most = max(numbers.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    return code if total >= ENOUGH and most >= share * total else ""
