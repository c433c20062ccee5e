"""The page about the mapping names every field, step, question and outcome there is."""

from pathlib import Path

import pytest

from mappings.catalog import SOURCES
from mappings.conditions import OPERATORS
from mappings.rules import OUTCOMES
from mappings.targets import TARGETS
from mappings.transforms import TRANSFORMS

PAGE = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text()
NAMES = [
    *(item.label for item in TRANSFORMS.values()),
    *(item.label for item in SOURCES.values()),
    *(item.label for item in TARGETS.values()),
    *(item.label for item in OUTCOMES.values()),
    *(operator.words for table in OPERATORS.values() for operator in table.values()),
]


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_it_is_described(name: str) -> None:
    assert name in PAGE
