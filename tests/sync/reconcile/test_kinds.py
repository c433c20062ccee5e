"""The table of kinds: complete, and every kind that is checked is found by some test."""

import ast
from pathlib import Path

import pytest

from sync.reconcile.kind import SEVERITIES, UNATTENDED
from sync.reconcile.kinds import KINDS
from sync.reconcile.unseen import UNSEEN
from tests.sync.reconcile import (
    test_bank,
    test_contacts,
    test_credits,
    test_engagements,
    test_invoices,
    test_lines,
    test_ours,
    test_payments,
    test_payouts,
    test_unbilled,
)

GROUPS = {"K": 13, "I": 24, "V": 20, "L": 19, "P": 15, "O": 15, "R": 9, "J": 19, "W": 21, "S": 12}
"""The full list of differences a practice cares about: letters of the groups and how many each has."""
ALL = {f"{group}{number:02}" for group, count in GROUPS.items() for number in range(1, count + 1)}
MODULES = (
    test_bank,
    test_contacts,
    test_credits,
    test_engagements,
    test_invoices,
    test_lines,
    test_ours,
    test_payments,
    test_payouts,
    test_unbilled,
)
BY_THEMSELVES = {
    "contact_to_merge",
    "credit_amount",
    "credit_tax",
    "credit_period",
    "credit_refund_late",
    "invoice_past_approval",
    "invoice_locked",
    "payout_taken_back",
    "payout_not_posted",
    "payout_other_amount",
    "payout_not_divided",
    "sync_outgrown",
}
"""Kinds that have a test of their own instead of a row among the cases."""


def test_every_difference_of_the_full_list_is_checked_or_says_why_not() -> None:
    assert len(ALL) == 167
    assert {ref for item in KINDS.values() for ref in item.refs} == ALL


@pytest.mark.parametrize("code", KINDS)
def test_a_kind_is_complete(code: str) -> None:
    item = KINDS[code]
    assert item.code == code
    assert len(code) <= 40
    assert len(item.about) <= 20
    assert code.startswith(f"{item.about}_")
    assert item.severity in SEVERITIES
    assert item.unattended in UNATTENDED
    assert item.title
    assert item.is_checked == bool(item.cause and item.fix)
    assert item.refs or not item.kept, "what is kept stands for something on the list"
    assert item.is_checked or item.not_checked.endswith(".")


def test_no_code_is_there_twice() -> None:
    assert len({item.code for item in UNSEEN}) == len(UNSEEN)
    assert len(KINDS) == len({*KINDS})


def test_every_kind_that_is_checked_has_a_case_that_finds_it() -> None:
    cases = {code for module in MODULES for code in module.CASES}
    checked = {code for code, item in KINDS.items() if item.is_checked}
    assert cases | BY_THEMSELVES == checked
    texts = "".join(Path(str(module.__file__)).read_text() for module in MODULES)
    strings = {
        node.value
        for node in ast.walk(ast.parse(texts))
        if isinstance(node, ast.Constant) and node.value in checked
    }
    assert strings >= BY_THEMSELVES


def test_money_is_never_put_right_unattended_where_it_is_critical() -> None:
    risky = {"critical"}
    allowed = {"sync_unclear", "sync_list_unread"}
    assert {
        code for code, item in KINDS.items() if item.severity in risky and item.unattended == "may"
    } <= allowed, "these only read"
