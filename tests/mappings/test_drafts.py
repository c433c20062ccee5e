"""Drafts: edits gather in one, two people notice each other, and publishing is an act of its own."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from mappings import drafts, services
from mappings.catalog import About
from mappings.conditions import Row
from mappings.drafts import Unfit
from mappings.merging import merge
from mappings.models import MappingSet, SetState
from mappings.rules import Outcome, Rule
from mappings.services import Outdated
from mappings.spec import Choices, choices_from_json, choices_to_json
from practices.models import AuditEntry, Practice, User
from tests import make

pytestmark = pytest.mark.django_db

LARGE = Rule(
    key="large",
    name="Large",
    about=About.INVOICE,
    when=Row("invoice.total", "more", "5000"),
    then=(Outcome("hold"),),
)


@pytest.fixture
def practice() -> Practice:
    return make.make_practice()


@pytest.fixture
def admin(practice: Practice) -> User:
    return make.make_user()


def choices(**values: Any) -> Choices:
    return Choices(**{"sales_account": "200", **values})


def test_a_draft_is_not_in_force(practice: Practice, admin: User) -> None:
    services.publish(practice, choices(), actor=admin)
    drafts.save(practice, choices(sales_account="210"), actor=admin, what="invoices")
    assert services.load_choices(practice) == (1, choices())
    made = drafts.publish(practice, actor=admin, note="new account")
    assert services.load_choices(practice) == (made.version, choices(sales_account="210"))
    assert drafts.draft_of(practice) is None


def test_a_draft_that_says_what_is_in_force_is_none(practice: Practice, admin: User) -> None:
    services.publish(practice, choices(), actor=admin)
    assert drafts.save(practice, choices(sales_account="210"), actor=admin, what="invoices") is not None
    assert drafts.save(practice, choices(), actor=admin, what="invoices") is None
    assert drafts.draft_of(practice) is None


def test_two_who_edit_one_draft_notice_each_other(practice: Practice, admin: User) -> None:
    drafts.save(practice, choices(), actor=admin, what="invoices", expected=0)
    with pytest.raises(Outdated):
        drafts.save(practice, choices(sales_account="210"), actor=admin, what="invoices", expected=0)
    second = drafts.save(practice, choices(sales_account="210"), actor=admin, what="invoices", expected=1)
    assert second is not None
    with pytest.raises(Outdated):
        drafts.publish(practice, actor=admin, expected=1)
    with pytest.raises(Outdated):
        drafts.discard(practice, actor=admin, expected=1)
    drafts.discard(practice, actor=admin, expected=2)
    with pytest.raises(Outdated):
        drafts.publish(practice, actor=admin)


def test_a_rollback_meanwhile_is_not_undone_by_the_draft(practice: Practice, admin: User) -> None:
    services.publish(practice, choices(), actor=admin)
    services.publish(practice, choices(clearing_account="612", number_prefix="X-"), actor=admin)
    drafts.save(
        practice,
        choices(clearing_account="612", number_prefix="X-", rules=(LARGE,)),
        actor=admin,
        what="rules",
    )
    services.roll_back(practice, 1, admin)
    with pytest.raises(Outdated):
        drafts.publish(practice, actor=admin)
    drafts.bring_up_to_date(practice, actor=admin)
    drafts.publish(practice, actor=admin)
    assert services.load_choices(practice)[1] == choices(rules=(LARGE,))


def test_what_can_not_run_is_not_published(practice: Practice, admin: User) -> None:
    broken = replace(LARGE, when=Row("invoice.colour", "is", "red"))
    drafts.save(practice, choices(rules=(broken,)), actor=admin, what="rules")
    with pytest.raises(Unfit) as refused:
        drafts.publish(practice, actor=admin)
    assert refused.value.problems == [
        "The rule “Large”: There is no field “invoice.colour” to ask about in a rule for invoices."
    ]
    assert drafts.draft_of(practice) is not None


def test_every_act_is_on_the_audit_trail(practice: Practice, admin: User) -> None:
    drafts.save(practice, choices(), actor=admin, what="invoices")
    drafts.discard(practice, actor=admin)
    drafts.save(practice, choices(), actor=admin, what="invoices")
    drafts.publish(practice, actor=admin)
    acts = AuditEntry.objects.filter(practice=practice).order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["mapping.drafted", "mapping.discarded", "mapping.drafted", "mapping.published"]


def test_the_database_keeps_published_versions_and_one_draft(practice: Practice, admin: User) -> None:
    services.publish(practice, choices(), actor=admin)
    published = MappingSet.objects.filter(practice=practice)
    changes: tuple[dict[str, Any], ...] = ({"choices": {}}, {"version": 9}, {"state": SetState.DRAFT})
    for change in changes:
        with pytest.raises(ProgrammingError), transaction.atomic():
            published.update(**change)
    drafts.save(practice, choices(sales_account="210"), actor=admin, what="invoices")
    with pytest.raises(IntegrityError), transaction.atomic():
        MappingSet.objects.create(practice=practice, version=99)


def test_choices_survive_being_stored() -> None:
    given = choices(rules=(LARGE,))
    assert choices_from_json(choices_to_json(given)) == given


def test_a_merge_keeps_both_sides_changes_and_the_drafts_where_they_meet() -> None:
    base = choices(account_by_service={"a": "1", "b": "1", "c": "1"}, terms_days=7)
    draft = choices(account_by_service={"a": "2", "b": "1"}, terms_days=14)
    in_force = choices(account_by_service={"a": "3", "b": "4", "c": "1", "d": "5"}, terms_days=7, notes="all")
    merged = merge(base, draft, in_force)
    assert merged.account_by_service == {"a": "2", "b": "4", "d": "5"}
    assert (merged.terms_days, merged.notes) == (14, "all")
