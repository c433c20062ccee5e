"""Precision and recall on labelled records, as ``python -m bench.matching`` measures them, at a smaller size."""

import csv
from pathlib import Path

import pytest

from bench import matching, matching_made
from bench.matching import PRECISION, RECALL


def test_febrl_records_are_linked_as_promised() -> None:
    folder = matching.febrl_folder()
    if folder is None:
        pytest.skip("The labelled records come with requirements-bench.txt.")
    left, right = (matching.febrl(folder / f"dataset4{side}.csv", tax=True)[:1500] for side in "ab")
    truth = matching.same_entity(left, right)
    score = matching.link(left, right, truth, country="AU")[0]
    assert score.true > 300
    assert score.precision >= PRECISION
    assert score.recall >= RECALL


@pytest.mark.parametrize("country", ["AU", "NZ", "GB"])
def test_families_funds_and_franchises_are_told_apart(country: str) -> None:
    made = matching_made.make(700, seed=7, country=country)
    score, found = matching.link(made.left, made.right, made.truth, country=country)
    assert score.precision >= PRECISION
    assert score.recall > 0.8
    assert all(match.reasons for match in found.values() if match.external_id)


def test_few_are_called_twins_where_nobody_is_there_twice() -> None:
    made = matching_made.make(700, seed=7)
    assert len(matching.dedupe(made.left, (), country="AU")[1]) < 0.01 * len(made.left)


def test_any_two_files_can_be_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = matching_made.make(200, seed=3)
    files = {"left": made.left, "right": made.right}
    for name, records in files.items():
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            rows = [matching_made.columns(item) for item in records]
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    truth = tmp_path / "truth.csv"
    truth.write_text("\n".join(["left,right", *(f"{one},{other}" for one, other in made.truth.items())]))
    out = tmp_path / "out.csv"
    arguments = [
        str(tmp_path / "left.csv"),
        str(tmp_path / "right.csv"),
        "--truth",
        str(truth),
        "--out",
        str(out),
    ]
    matching.main(arguments)
    said = capsys.readouterr().out
    assert said.startswith("precision ")
    again = matching.link(made.left, made.right, made.truth, country="AU")[0]
    assert f"recall {again.recall:.4f}" in said
    assert out.read_text().startswith("left,right,confidence,reasons")
