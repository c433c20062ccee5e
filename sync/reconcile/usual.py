"""Which account and tax type the target's own documents usually have for a service, where nobody chose one. Pure.

A mapping that nobody touched puts everything into one account. Held against that, every document that Ignition's own
link spread over several accounts would differ, and the one that really went astray would not be seen among them.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache

from connectors.records import Line
from mappings.normalise import tidy

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
    looked at the tax types either.
    """

    account: str = ""
    is_tax_open: bool = False
    accounts: Mapping[str, str] = field(default_factory=dict)
    taxes: Mapping[str, str] = field(default_factory=dict)
    everywhere: str = ""

    @property
    def is_needed(self) -> bool:
        """Whether there is anything that nobody chose."""
        return bool(self.account) or self.is_tax_open

    def expected(self, line: Line, before: Mapping[str, str]) -> Line:
        """A line as the mapping makes it, with what is usual in place of what nobody chose.

        ``before`` are the accounts that the lines of this document had when both sides agreed, by ``key_of``. An
        account of which nothing can be said is empty, so that it is not compared.
        """
        account, tax_type, key = line.account_code, line.tax_type, key_of(line.description)
        if account and account == self.account:
            account = self.accounts.get(key) or before.get(key) or self.everywhere
        if self.is_tax_open:
            tax_type = self.taxes.get(key) or tax_type
        if (account, tax_type) == (line.account_code, line.tax_type):
            return line
        return replace(line, account_code=account, tax_type=tax_type)


def usual_of(booked: Iterable[Booked], *, account: str, is_tax_open: bool) -> Usual:
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
