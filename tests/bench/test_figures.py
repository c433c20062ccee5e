"""What is made of measured numbers: the figure that is told, whether it keeps to its bar, and how it is printed."""

import json
import math
from typing import Any

import pytest

from bench.figures import AT_LEAST, EXACTLY, Row, file_text, number, percentile, rows_of, table


def row(measured: float, **facts: Any) -> Row:
    return Row(**{"part": "pages", "what": "home", "measured": measured, **facts})


class TestPercentile:
    @pytest.mark.parametrize(
        ("part", "expected"), [(0.0, 1), (0.5, 50), (0.95, 95), (0.951, 96), (0.99, 99), (1.0, 100)]
    )
    def test_it_is_the_value_that_so_many_of_a_hundred_do_not_exceed(
        self, part: float, expected: float
    ) -> None:
        assert percentile([float(n) for n in range(100, 0, -1)], part) == expected

    def test_of_a_single_value_it_is_that_value(self) -> None:
        assert percentile([7.5], 0.95) == 7.5

    def test_of_few_values_the_late_ones_are_not_averaged_away(self) -> None:
        assert percentile([1.0] * 9 + [30.0], 0.95) == 30.0

    def test_of_nothing_there_is_no_figure(self) -> None:
        assert math.isnan(percentile([], 0.5))


class TestBar:
    @pytest.mark.parametrize(
        ("measured", "facts", "ok"),
        [
            (200.0, {"bar": 200}, True),
            (200.1, {"bar": 200}, False),
            (5000.0, {"bar": 5000, "rule": AT_LEAST}, True),
            (4999.0, {"bar": 5000, "rule": AT_LEAST}, False),
            (0.0, {"bar": 0, "rule": EXACTLY}, True),
            (1.0, {"bar": 0, "rule": EXACTLY}, False),
            (1e9, {}, True),
            (math.nan, {"bar": 200}, False),
            (math.nan, {"bar": 0, "rule": AT_LEAST}, False),
            (math.inf, {"bar": 3}, False),
        ],
    )
    def test_it_is_kept_or_missed(self, measured: float, facts: dict[str, Any], ok: bool) -> None:
        assert row(measured, **facts).ok is ok


class TestNumber:
    @pytest.mark.parametrize(
        ("value", "unit", "text"),
        [
            (178.4, "ms", "178 ms"),
            (46.54, "ms", "46.5 ms"),
            (3.217, "s", "3.22 s"),
            (2.0, "s", "2 s"),
            (16629.0, "/s", "16,629 /s"),
            (1.0, "x", "1.00x"),
            (0.0, "", "0"),
            (math.nan, "s", "nothing"),
            (math.inf, "s", "never"),
        ],
    )
    def test_it_is_short(self, value: float, unit: str, text: str) -> None:
        assert number(value, unit) == text


class TestTable:
    def test_each_part_has_a_heading_and_each_row_a_verdict(self) -> None:
        lines = table(
            [
                row(178.0, unit="ms", bar=200, note="30 queries"),
                row(213.0, unit="ms", bar=200, what="plan"),
                row(55.9, unit="s", part="engine", what="only told"),
            ]
        ).splitlines()
        assert lines[0].split() == ["what", "measured", "bar", "ok"]
        assert [line for line in lines if line.startswith("[")] == ["[pages]", "[engine]"]
        found = {line.strip().partition("  ")[0]: line.split() for line in lines[2:]}
        assert found["home"][-3:] == ["yes", "30", "queries"]
        assert found["plan"][-1] == "NO"
        assert found["only told"][-2:] == ["55.9", "s"]

    def test_columns_stand_below_each_other(self) -> None:
        lines = table([row(1.0, unit="ms", bar=200), row(12345.0, unit="ms", bar=200)]).splitlines()
        assert len({line.index("<=") for line in lines if "<=" in line}) == 1


class TestFile:
    def test_rows_come_back_as_they_were(self) -> None:
        rows = [row(1.5, unit="s", bar=3, more={"p50": 1.1}), row(2.0)]
        assert rows_of(file_text(rows, {"cores": 2}, {"size": 1000})) == rows

    def test_it_says_whether_every_bar_was_kept(self) -> None:
        good, bad = row(1.0, bar=3), row(4.0, bar=3)
        assert json.loads(file_text([good], {}, {}))["ok"] is True
        assert json.loads(file_text([good, bad], {}, {}))["ok"] is False
