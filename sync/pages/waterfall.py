"""A waterfall from one total to the other as boxes on a drawing area; the page only draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sync.report.header import TotalLine

SLOT = 96
"""Width of one step; the bar takes the middle of it."""
BAR = 64
TOP, FLOOR = 24, 190
LINE = 13
"""Height of a line of text."""
THIN = 3
"""A step too small to see still gets a bar of this height."""
SHORT = 15
"""Letters of one line under a bar."""
CUT_AT = Decimal("0.5")
"""When all that happens fits into less than this share of the height, the axis does not begin at zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar. ``tone`` is total, up or down; ``kind`` leads to its differences, where there are any in the list."""

    label: str
    lines: tuple[str, ...]
    amount: Decimal
    count: int
    kind: str
    tone: str
    x: int
    y: int
    height: int
    link_y: int

    @property
    def middle(self) -> int:
        return self.x + BAR // 2

    @property
    def right(self) -> int:
        return self.x + BAR

    @property
    def next_x(self) -> int:
        return self.x + SLOT

    @property
    def label_y(self) -> int:
        return self.y - 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """``is_cut``: the axis does not begin at zero, so that small steps between large totals can be seen."""

    total: TotalLine
    bars: Sequence[Bar]
    width: int
    is_cut: bool
    floor: int = FLOOR
    bar: int = BAR

    @property
    def height(self) -> int:
        return FLOOR + 10 + LINE * max(len(bar.lines) for bar in self.bars)


def waterfall(total: TotalLine) -> Waterfall:
    """The bars from the left total over every step that moves money to the right total."""
    steps = [step for step in total.causes if step.amount]
    levels = [total.left]
    for step in steps:
        levels.append(levels[-1] + step.amount)
    low, high, is_cut = _span([*levels, total.right])
    scale = (FLOOR - TOP) / (high - low)

    def at(amount: Decimal) -> int:
        return FLOOR - round((amount - low) * scale)

    ground = at(max(low, min(Decimal(0), high)))
    bars = [
        _bar("Ignition", total.left, total.left_count, "", "total", 0, at(total.left), ground, at(total.left))
    ]
    for place, step in enumerate(steps, start=1):
        before, after = at(levels[place - 1]), at(levels[place])
        kind = step.code if step.is_kept else ""
        tone = "up" if step.amount > 0 else "down"
        bars.append(_bar(step.title, step.amount, step.count, kind, tone, place, before, after, after))
    end = at(total.right)
    bars.append(_bar("Xero", total.right, total.right_count, "", "total", len(steps) + 1, end, ground, end))
    return Waterfall(total=total, bars=bars, width=SLOT * len(bars), is_cut=is_cut)


def _span(levels: Sequence[Decimal]) -> tuple[Decimal, Decimal, bool]:
    """The lowest and highest amount that is drawn."""
    low, high = min(levels), max(levels)
    if low == high == 0:
        return Decimal(0), Decimal(1), False
    room = high - low
    if low > 0 and room < high * CUT_AT:
        return max(Decimal(0), low - (room or high / 10)), high, low > (room or high / 10)
    if high < 0 and room < -low * CUT_AT:
        return low, min(Decimal(0), high + (room or -low / 10)), high < -(room or -low / 10)
    return min(low, Decimal(0)), max(high, Decimal(0)), False


def _bar(
    label: str,
    amount: Decimal,
    count: int,
    kind: str,
    tone: str,
    place: int,
    first: int,
    second: int,
    link_y: int,
) -> Bar:
    top, bottom = min(first, second), max(first, second)
    height = max(THIN, bottom - top)
    return Bar(
        label=label,
        lines=_lines(label),
        amount=amount,
        count=count,
        kind=kind,
        tone=tone,
        x=SLOT * place + (SLOT - BAR) // 2,
        y=min(top, FLOOR - height),
        height=height,
        link_y=link_y,
    )


def _lines(label: str, most: int = 3) -> tuple[str, ...]:
    """A label broken over lines; what does not fit ends in three dots and is read in the table."""
    lines = [""]
    for word in label.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > SHORT:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1][: SHORT - 1]}…"]
    return tuple(line if len(line) <= SHORT + 3 else f"{line[: SHORT + 2]}…" for line in lines)
