"""Builders for the tests of approvals: Changes that wait for one, and a rule that holds large invoices."""

import dataclasses
from datetime import timedelta
from typing import Any

from django.utils import timezone

from mappings.catalog import About
from mappings.conditions import Row
from mappings.rules import Outcome, Rule
from mappings.services import load_choices, publish
from practices.models import Practice, User
from sync.models import Approval, Change, Kind
from sync.ruled import APPROVAL
from tests.sync import rows
from tests.sync.rows import Books

REASON = {"key": "r1", "name": "Large", "text": "More than 5,000."}


def make_waiting(books: Books, kind: Kind = Kind.INVOICE, **extra: Any) -> Change:
    """A Change that a rule holds for approval."""
    values = {
        "reason": APPROVAL,
        "approval_asked": [REASON],
        "rules": ["r1"],
        "message": "Waits for approval.",
    }
    return rows.make_change(books, kind, **{**values, **extra})


def make_request(
    books: Books, by: User | None = None, change: Change | None = None, **extra: Any
) -> Approval:
    """A waiting request, of a new Change unless one is given."""
    change = change or make_waiting(books, **extra.pop("of", {}))
    values = {"reasons": change.approval_asked, "expires_at": timezone.now() + timedelta(days=14), **extra}
    return Approval.objects.create(practice=books.practice, change=change, asked_by=by, **values)


def hold_rule(more_than: str = "500", *, key: str = "r1", name: str = "Large", outcome: str = "hold") -> Rule:
    then = Outcome(outcome, {"text": "Look at it."} if outcome == "notify" else {})
    return Rule(
        key=key,
        name=name,
        about=About.INVOICE,
        when=Row("invoice.total", "more", more_than),
        then=(then,),
    )


def publish_rules(practice: Practice, *rules: Rule, actor: User, **extra: Any) -> None:
    """The practice's choices with these rules instead of its own."""
    _, choices = load_choices(practice)
    publish(practice, dataclasses.replace(choices, rules=rules, **extra), actor=actor)
