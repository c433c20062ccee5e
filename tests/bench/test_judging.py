"""What was found beside what was planted."""

from typing import Any

from bench.judging import judge

INVOICE, DOCUMENT, CLIENT = "inv_1", "doc-1", "cli_1"


def planted(ref: str = "L01", **facts: Any) -> dict[str, Any]:
    told = {"ref": ref, "ignition_ids": [INVOICE], "xero_ids": [DOCUMENT], "client": CLIENT, "also": []}
    return {**told, **facts}


def found(*refs: str, source: str = INVOICE, target: str = "") -> dict[str, Any]:
    return {
        "refs": list(refs),
        "source_ids": [source] if source else [],
        "target_ids": [target] if target else [],
    }


def test_a_row_of_the_same_record_and_ref_recalls() -> None:
    result = judge([planted()], [found("L01", "L02")])
    assert (result.recall, result.missed, result.wrong, result.false) == (1, [], [], [])


def test_either_side_s_id_will_do_and_so_will_the_share_of_a_payment() -> None:
    by_target = judge([planted()], [found("L01", source="", target=DOCUMENT)])
    by_share = judge([planted("P01")], [found("P01", source=f"pypay_1/{INVOICE}")])
    assert by_target.recall == by_share.recall == 1


def test_another_ref_on_the_record_is_a_wrong_name_and_recalls_nothing() -> None:
    row = found("L03")
    result = judge([planted()], [row])
    assert (result.recall, result.wrong, result.false) == (0, [row], [])
    assert result.missed == [planted()]


def test_what_comes_with_it_is_right_but_does_not_recall() -> None:
    result = judge([planted(also=["L03"])], [found("L03")])
    assert (result.recall, result.wrong) == (0, [])


def test_the_same_ref_on_another_record_of_the_client_does_not_recall() -> None:
    result = judge([planted()], [found("L01", source=CLIENT)])
    assert (result.recall, result.wrong, result.false) == (0, [], [])


def test_a_row_about_nothing_that_was_planted_is_false() -> None:
    row = found("L01", source="inv_2")
    result = judge([planted()], [row])
    assert (result.wrong, result.false) == ([], [row])


def test_a_row_about_no_record_goes_by_its_ref() -> None:
    setting = planted("K07", ignition_ids=[], xero_ids=["account"], client="")
    right, other = found("K07", source=""), found("K08", source="")
    result = judge([setting], [right, other])
    assert (result.recall, result.false) == (1, [other])


def test_each_of_several_is_counted() -> None:
    second = planted(ignition_ids=["inv_2"], xero_ids=[])
    result = judge([planted(), second], [found("L01")])
    assert (result.planted["L01"], result.recalled["L01"], result.recall) == (2, 1, 0.5)


def test_where_nothing_was_planted_nothing_is_missed() -> None:
    assert judge([], []).recall == 1
