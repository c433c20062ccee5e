"""Lines of two documents side by side."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.records import Line, Tracking
from sync.reconcile.aligning import FIELDS, Pair, align


def line(text: str = "", amount: int = 0, **values: Any) -> Line:
    unit = values.pop("unit_amount", Decimal(amount))
    return Line(description=text, amount=Decimal(amount), unit_amount=unit, **values)


def places(pairs: list[Pair], left: list[Line], right: list[Line]) -> list[tuple[int | None, int | None]]:
    """Which place is beside which, by identity."""

    def at(lines: list[Line], item: Line | None) -> int | None:
        return next((n for n, other in enumerate(lines) if other is item), None)

    return [(at(left, pair.left), at(right, pair.right)) for pair in pairs]


def test_equal_lines_have_no_differences() -> None:
    lines = [line("BAS", 100, account_code="200"), line("Payroll", 50, account_code="200")]
    assert align(lines, list(lines)) == [Pair(left=item, right=item) for item in lines]


def test_a_line_taken_out_of_the_middle_shifts_nothing() -> None:
    left = [line("BAS", 100), line("Payroll", 50), line("Tax return", 900)]
    right = [left[0], left[2]]
    assert places(align(left, right), left, right) == [(0, 0), (1, None), (2, 1)]
    assert not any(pair.differing or pair.moved for pair in align(left, right))


def test_a_line_too_many_comes_last() -> None:
    left, right = [line("BAS", 100)], [line("Card surcharge", 2), line("BAS", 100)]
    assert places(align(left, right), left, right) == [(0, 1), (None, 0)]


def test_another_amount_is_a_difference_of_the_same_service() -> None:
    (pair,) = align([line("Monthly bookkeeping", 450)], [line("monthly  bookkeeping", 500)])
    assert pair.differing == {"amount", "unit_amount", "description"}


def test_another_text_is_a_difference_of_the_same_amount() -> None:
    (pair,) = align([line("Tax return", 900)], [line("As agreed", 900)])
    assert pair.differing == {"description"}


def test_a_text_nearly_the_same_is_found_under_another_amount() -> None:
    (pair,) = align([line("Monthly bookkeeping July", 450)], [line("Monthly bookkeeping - July", 500)])
    assert "amount" in pair.differing
    assert len(align([line("Bookkeeping", 450)], [line("Audit", 500)])) == 2


def test_the_fewest_lines_are_called_moved() -> None:
    left = [line(text, 10) for text in "abcd"]
    right = [left[3], left[0], left[1], left[2]]
    assert [pair.left.description for pair in align(left, right) if pair.left and pair.moved] == ["d"]


def test_of_equal_lines_those_with_the_same_codes_belong_together() -> None:
    left = [line("BAS", 100, account_code="200"), line("BAS", 100, account_code="210")]
    right = [left[1], left[0]]
    assert [pair.differing for pair in align(left, right)] == [frozenset(), frozenset()]


def test_codes_that_one_side_does_not_tell_are_not_compared_and_tracking_is_asked_by_the_left() -> None:
    here = line("BAS", 100, tracking=(Tracking(category="Team", option="North"),))
    there = line("BAS", 100, account_code="200", tax_type="OUTPUT")
    assert align([here], [there])[0].differing == {"tracking"}
    assert align([there], [here])[0].differing == frozenset()


def test_a_discount_on_one_side_only_differs() -> None:
    (pair,) = align(
        [line("BAS", 90, unit_amount=Decimal(100), discount=Decimal(10))],
        [line("BAS", 100, unit_amount=Decimal(100))],
    )
    assert pair.differing == {"amount", "discount"}


LINES = st.lists(
    st.builds(
        line,
        st.sampled_from(["", "BAS", "BAS ", "Payroll", "Payroll July", "Tax"]),
        st.sampled_from([0, 10, 20]),
        account_code=st.sampled_from(["", "200", "210"]),
    ),
    max_size=7,
)


@given(left=LINES, right=LINES)
def test_every_line_is_there_exactly_once_and_always_alike(left: list[Line], right: list[Line]) -> None:
    pairs = align(left, right)
    assert [pair.left for pair in pairs if pair.left is not None] == left
    there = [pair.right for pair in pairs if pair.right is not None]
    assert sorted(map(repr, there)) == sorted(map(repr, right))
    assert align(left, right) == pairs
    assert all(pair.differing <= set(FIELDS) for pair in pairs)
    assert all(pair.left is not None or pair.right is not None for pair in pairs)


@given(lines=LINES)
def test_a_document_beside_itself_differs_in_nothing(lines: list[Line]) -> None:
    assert all(not pair.differing and not pair.moved for pair in align(lines, lines))
