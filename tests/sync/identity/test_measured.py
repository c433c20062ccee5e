"""Precision and recall on labelled records, as ``python -m bench.matching`` measures them, at a smaller size."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from bench import matching, matching_hard, matching_made, matching_two
from bench.matching import PRECISION, RECALL

SAFE = 0.995
"""What is aimed at beyond the promise of PRECISION."""


def test_febrl_records_are_linked_as_promised() -> None:
    folder = matching.febrl_folder()
    if folder is None:
        pytest.skip("The labelled records come with requirements-bench.txt.")
    left, right = (matching.febrl(folder / f"dataset4{side}.csv", tax=True)[:1500] for side in "ab")
    truth = matching.same_entity(left, right)
    score = matching.link(left, right, truth, country="AU")[0]
    assert score.true > 300
    assert score.precision >= SAFE
    assert score.recall >= 0.93


@pytest.mark.parametrize(("number", "made"), [(1, 0.82), (2, 0.78)])
def test_name_and_address_alone_make_no_wrong_link(number: int, made: float) -> None:
    """All but those whose first name is another word, which in a real list is another member of the family."""
    folder = matching.febrl_folder()
    if folder is None:
        pytest.skip("The labelled records come with requirements-bench.txt.")
    score, rest = matching.febrl_score(folder, number, tax=False)
    assert score.precision >= SAFE
    assert score.recall >= made
    assert rest.recall >= RECALL


def test_name_with_email_or_telephone_links_as_promised() -> None:
    folder = matching.febrl_folder()
    if folder is None:
        pytest.skip("The labelled records come with requirements-bench.txt.")
    people = matching.febrl(folder / "dataset4a.csv", tax=False)[:1200]
    made = matching_two.two_systems(people, seed=11)
    score, found = matching.link(made.left, made.right, made.truth, country=made.country)
    assert score.true > 1000
    assert score.precision >= SAFE
    assert score.recall >= RECALL
    assert all(match.reasons for match in found.values() if match.external_id)


@pytest.mark.parametrize("country", ["AU", "NZ", "GB"])
def test_families_funds_and_franchises_are_told_apart(country: str) -> None:
    made = matching_made.make(700, seed=7, country=country)
    score, found = matching.link(made.left, made.right, made.truth, country=country)
    assert score.precision >= PRECISION
    assert score.recall >= 0.92
    assert all(match.reasons for match in found.values() if match.external_id)


@pytest.mark.parametrize("half", [0, 1])
def test_two_that_look_alike_are_never_linked(half: int) -> None:
    scenes = matching_hard.scenes(half=half, seed=5, every=15)
    assert len({scene.kind for scene in scenes}) == 15
    assert not matching.wrong_links(scenes)


def test_a_wrong_link_would_be_counted() -> None:
    (scene,) = [
        scene for scene in matching_hard.scenes(half=0, seed=5, every=1) if "nothing else" in scene.kind
    ]
    (one,) = scene.left
    twin = replace(scene.right[0], addresses=one.addresses)
    assert matching.wrong_links([replace(scene, right=(twin,))]).total() == 2


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
