"""The drawing between two totals: every step is there, each bar begins where the last one ended, nothing falls out."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sync.pages.waterfall import BAR, FLOOR, THIN, TOP, waterfall
from sync.report.header import CauseLine, TotalLine

MONEY = st.decimals(min_value=-10_000_000, max_value=10_000_000, places=2)


def total(left: Decimal, amounts: list[Decimal], *, kept: bool = True) -> TotalLine:
    return TotalLine(
        measure="invoices",
        label="Invoices",
        currency="AUD",
        left=left,
        right=left + sum(amounts, Decimal(0)),
        left_count=3,
        right_count=2,
        causes=tuple(
            CauseLine(code=f"kind_{number}", title="Total differs", count=1, amount=amount, is_kept=kept)
            for number, amount in enumerate(amounts)
        ),
    )


@given(MONEY, st.lists(MONEY, max_size=12))
def test_every_step_is_drawn_inside_and_leads_on(left: Decimal, amounts: list[Decimal]) -> None:
    fall = waterfall(total(left, amounts))
    steps = [amount for amount in amounts if amount]
    assert [bar.amount for bar in fall.bars] == [left, *steps, left + sum(amounts, Decimal(0))]
    for bar in fall.bars:
        assert TOP - THIN <= bar.y <= FLOOR
        assert THIN <= bar.height <= FLOOR - TOP + THIN
        assert 0 <= bar.x < bar.x + BAR <= fall.width
    for before, bar in zip(fall.bars, fall.bars[1:-1], strict=False):
        edges = {bar.y, bar.y + bar.height}
        assert any(abs(edge - before.link_y) <= THIN for edge in edges), "it begins where the last one ended"


def test_small_steps_between_large_totals_can_be_seen() -> None:
    fall = waterfall(total(Decimal(1_000_000), [Decimal(-500), Decimal(200)]))
    assert fall.is_cut
    assert fall.bars[1].height > 40
    whole = waterfall(total(Decimal(1_000), [Decimal(-900)]))
    assert not whole.is_cut
    assert whole.bars[-1].height * 8 < whole.bars[0].height


def test_only_what_is_in_the_list_is_a_link() -> None:
    listed = waterfall(total(Decimal(100), [Decimal(-10)])).bars
    explained = waterfall(total(Decimal(100), [Decimal(-10)], kept=False)).bars
    assert [bar.kind for bar in listed] == ["", "kind_0", ""]
    assert [bar.kind for bar in explained] == ["", "", ""]
    assert [bar.tone for bar in listed] == ["total", "down", "total"]


def test_long_names_are_broken_and_cut() -> None:
    long = total(Decimal(1), [Decimal(1)])
    cause = CauseLine(
        code="x",
        title="Collected in Ignition and neverthelessnotbooked anywhere in any account of Xero",
        count=1,
        amount=Decimal(1),
        is_kept=True,
    )
    lines = waterfall(replace(long, causes=(cause,))).bars[1].lines
    assert len(lines) == 3
    assert all(len(line) <= 18 for line in lines)
