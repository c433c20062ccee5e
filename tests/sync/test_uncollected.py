"""Garbage is looked for again afterwards, whatever happened."""

import gc

import pytest

from sync.uncollected import without_collecting


def test_it_is_off_within_and_on_afterwards() -> None:
    with without_collecting():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_on_again_after_an_error() -> None:
    with pytest.raises(ValueError, match="broken"), without_collecting():
        raise ValueError("broken")
    assert gc.isenabled()


def test_one_inside_another_leaves_it_to_the_outer_one() -> None:
    with without_collecting():
        with without_collecting():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
