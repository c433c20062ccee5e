from pathlib import Path

import pytest

from launcher.paths import BASE_DIR
from tests.slow_files import SLOW_FIRST, slow_first


@pytest.mark.parametrize("name", SLOW_FIRST)
def test_what_is_named_is_there(name: str) -> None:
    found = Path(BASE_DIR, name)
    assert found.is_dir() if name.endswith("/") else found.is_file()


def test_slow_files_come_first_and_the_others_keep_their_order() -> None:
    tests = ["tests/b.py::one", f"{SLOW_FIRST[1]}::two", "tests/a.py::three", f"{SLOW_FIRST[0]}::four"]
    assert [tests[place] for place in slow_first(tests)] == [tests[3], tests[1], tests[0], tests[2]]


def test_a_folder_names_the_files_below_it_and_a_file_named_before_it_keeps_its_place() -> None:
    tests = [
        "tests/a.py::one",
        "tests/deploy/test_units.py::two",
        "tests/deploy/test_after_restore.py::three",
    ]
    assert slow_first(tests) == [2, 1, 0]
