"""The large mapping that planning is measured with is one that a practice could publish."""

from bench.rich import FIELDS, RULES, rich, steps_of
from mappings.checks import problems
from mappings.spec import Choices
from mappings.targets import TARGETS
from tests.mappings import offers


def test_it_is_as_large_as_promised_and_has_no_problem() -> None:
    choices = rich(Choices(sales_account="200", default_tax="OUTPUT", clearing_account="608"))
    assert len({item.target for item in choices.fields} & set(TARGETS)) == FIELDS == 40
    assert len(choices.rules) == RULES == 25
    assert steps_of(choices) >= 40
    assert problems(choices, offers.view()) == []
