"""A rule holds invoices against a whole ledger: asked once, written once, and never without a second person."""

import pytest

from practices.models import Role, User
from sync.approvals import deciding
from sync.decisions import NotAllowed
from sync.models import (
    Approval,
    ApprovalState,
    Change,
    ChangeState,
    Kind,
    Notice,
    RuleUse,
)
from tests.make import make_member
from tests.sync.approving import hold_rule, publish_rules
from tests.sync.conftest import Office, books


@pytest.fixture
def ruled(small_office: Office) -> Office:
    """Contacts, invoices and payments are written; invoices of more than 500 only with a second person."""
    small_office.sync()
    publish_rules(small_office.practice, hold_rule("500"), actor=small_office.owner)
    small_office.take_over()
    return small_office


@pytest.fixture
def approver(ruled: Office) -> User:
    return make_member(ruled.practice, Role.STAFF)


def waiting() -> list[Approval]:
    return list(Approval.objects.filter(state=ApprovalState.WAITING).select_related("change").order_by("pk"))


def numbers(office: Office) -> list[str]:
    return [row[0] for row in books(office)["invoices"]]


def edit(office: Office, change: Change, **values: object) -> None:
    rows = {row["slug"]: row for row in office.ignition.rows("invoices")}
    office.world.clock.advance(60)
    office.ignition.upsert("invoices", {**rows[change.source_external_id], **values})


def test_it_is_asked_once_and_written_once(ruled: Office, approver: User) -> None:
    asked = waiting()
    assert asked
    assert {item.asked_by for item in asked} == {ruled.owner}
    held = {item.change.natural_key for item in asked}
    assert all(item.change.amount is not None and item.change.amount > 500 for item in asked)
    assert not held & set(numbers(ruled))
    assert RuleUse.objects.get().held >= len(asked)
    marker = ruled.marker
    ruled.sync()
    assert [item.pk for item in waiting()] == [item.pk for item in asked]
    assert ruled.writes(marker) == []
    ids = [item.pk for item in asked]
    with pytest.raises(NotAllowed):
        deciding.approve(ids, ruled.practice, ruled.owner)
    assert deciding.approve(ids, ruled.practice, approver) == len(asked)
    ruled.finish_all()
    assert {numbers(ruled).count(number) for number in held} == {1}
    done = Change.objects.filter(pk__in=[item.change_id for item in asked])
    assert set(done.values_list("state", "released_by")) == {(ChangeState.DONE, approver.pk)}
    marker = ruled.marker
    ruled.sync()
    assert not [call for call in ruled.writes(marker) if "/Invoices" in call.path]
    assert waiting() == []


def test_other_facts_are_asked_about_anew(ruled: Office, approver: User) -> None:
    first, second = waiting()[:2]
    deciding.approve([first.pk], ruled.practice, approver)
    edit(ruled, first.change, due_date="2026-12-31")
    deciding.reject([second.pk], ruled.practice, approver, "Not ours")
    ruled.sync()
    assert first.change.natural_key not in numbers(ruled)
    new = Approval.objects.get(
        state=ApprovalState.WAITING, change__source_external_id=first.change.source_external_id
    )
    assert new.change_id != first.change_id
    assert new.change.values["due_date"] == "2026-12-31"
    again = Change.objects.filter(kind=Kind.INVOICE, source_external_id=second.change.source_external_id)
    assert [change.state for change in again] == [ChangeState.CANCELLED]
    edit(ruled, second.change, due_date="2026-12-30")
    ruled.sync()
    assert Approval.objects.filter(state=ApprovalState.WAITING, change__in=again.all()).count() == 1
    assert second.change.natural_key not in numbers(ruled)


def test_without_the_rule_nobody_is_asked(ruled: Office) -> None:
    asked = waiting()
    publish_rules(ruled.practice, hold_rule("500", outcome="notify"), actor=ruled.owner)
    ruled.sync()
    assert set(Approval.objects.values_list("state", flat=True)) == {ApprovalState.WITHDRAWN}
    assert {item.change.natural_key for item in asked} <= set(numbers(ruled))
    assert Notice.objects.count() == 0  # their Changes were made before
