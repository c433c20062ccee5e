"""The deciding pieces of the parts: options, what an edit's way took, and the fewest calls a quiet sync can make."""

import math

import pytest

from bench import sandbox_speed
from bench.__main__ import LIMITED, parse
from bench.big_size import FULL
from bench.bulk import choose
from bench.engine import _floor_of_polling
from bench.lag import Edit, report
from bench.part import MODULES
from sync.models import Run


class TestOptions:
    def test_without_any_everything_is_measured_at_full_size(self) -> None:
        options = parse([])
        assert options.size == FULL
        assert options.parts == tuple(MODULES)
        assert not options.keep

    def test_parts_are_measured_in_the_order_named(self) -> None:
        options = parse(["--only", "lag,pages", "--size", "5000", "--keep"])
        assert options.parts == ("lag", "pages")
        assert (options.size, options.keep) == (5000, True)

    def test_an_unknown_part_is_refused_with_those_there_are(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit):
            parse(["--only", "pages,weather"])
        said = capsys.readouterr().err
        assert "There is no weather." in said
        assert "engine" in said

    def test_a_size_that_says_nothing_is_refused(self) -> None:
        with pytest.raises(SystemExit):
            parse(["--size", "10"])

    def test_the_providers_limits_hold_where_time_on_the_way_is_measured(self) -> None:
        assert set(MODULES) >= LIMITED
        assert "lag" in LIMITED


class TestLag:
    def test_it_tells_within_how_many_seconds_so_many_were_there(self) -> None:
        made = [edit(took=n / 10) for n in range(100, 0, -1)]
        figures = report(made)
        assert (figures["edits"], figures["seen"]) == (100, 100)
        assert (figures["p50"], figures["p95"], figures["most"]) == (5.0, 9.5, 10.0)
        assert figures["each"][0] == 10.0

    def test_an_edit_that_never_showed_is_the_slowest(self) -> None:
        figures = report([edit(took=1.0), edit(took=None)])
        assert (figures["edits"], figures["seen"]) == (2, 1)
        assert figures["p50"] == 1.0
        assert math.isinf(figures["p95"])


class TestQuietSync:
    def test_one_call_for_each_list_that_tells_what_changed(self) -> None:
        calls, lists = _floor_of_polling(Run(counts={"reading": {"ignition": {}, "xero": {}}}))
        assert calls == lists
        assert lists > 10

    def test_rows_read_again_do_not_raise_the_floor_but_a_stretch_of_days_has_pages(self) -> None:
        lists = _floor_of_polling(Run(counts={"reading": {"ignition": {}, "xero": {}}}))[1]
        read = {"ignition": {"collection": {"read": 600}}, "xero": {"invoice": {"read": 6_286}}}
        assert _floor_of_polling(Run(counts={"reading": read})) == (lists + 2, lists)


def test_calls_counted_at_the_sandbox_say_who_is_asking() -> None:
    assert sandbox_speed.PLAIN["User-Agent"]
    assert "json" in sandbox_speed.PLAIN["Accept"]


def test_texts_are_chosen_by_number_with_their_quotes() -> None:
    assert choose(("it's", "so"), "n / 2") == "(ARRAY['it''s', 'so'])[1 + (n / 2)::int % 2]"


def edit(*, took: float | None) -> Edit:
    return Edit(contact_id="c", name="n", made=100.0, seen=None if took is None else 100.0 + took)
