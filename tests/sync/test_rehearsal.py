"""Rehearsing a draft: what it would change is shown, and nothing but the rehearsal itself is written."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone
from psycopg import sql

from mappings import drafts, services
from mappings.catalog import About
from mappings.conditions import Row
from mappings.fieldmaps import FieldMap, Step
from mappings.rules import Outcome, Rule
from mappings.spec import Choices, choices_from_json
from practices.models import User
from sync.models import Rehearsal, RehearsalRow, RehearsalState, Snapshot
from sync.rehearsal import running
from tests import make
from tests.sync.conftest import Office

pytestmark = pytest.mark.django_db

LARGE = Rule(
    key="large",
    name="Large",
    about=About.INVOICE,
    when=Row("invoice.total", "more", "500"),
    then=(Outcome("hold", {"text": "Ask a partner."}),),
)


@pytest.fixture
def read(small_office: Office) -> Office:
    small_office.sync()
    return small_office


@pytest.fixture
def admin() -> User:
    return make.make_user()


def draft(office: Office, admin: User, **values: Any) -> Choices:
    chosen = replace(services.load_choices(office.practice)[1], **values)
    drafts.save(office.practice, chosen, actor=admin, what="a test")
    return chosen


def rehearse(office: Office, admin: User, **options: Any) -> Rehearsal:
    asked = running.ask(office.practice, actor=admin, **{"days": 90, **options})
    assert running.open_ones() == [asked.pk]
    running.work(asked.pk)
    asked.refresh_from_db()
    assert asked.state == RehearsalState.DONE, asked.message
    return asked


def everything_but(*models: Any) -> dict[str, Any]:
    """The rows of every table of ours, to see that nothing was written."""
    out = {}
    for model in apps.get_models():
        if model in models or model._meta.app_label not in {"sync", "mappings", "practices"}:
            continue
        with connection.cursor() as cursor:
            table = sql.Identifier(model._meta.db_table)
            cursor.execute(
                sql.SQL("SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t").format(table)
            )
            out[model._meta.db_table] = cursor.fetchone()[0]
    return out


def test_a_draft_that_changes_nothing_differs_nowhere(read: Office, admin: User) -> None:
    draft(read, admin, approval_days=3)
    found = rehearse(read, admin)
    assert found.summary["differing"]["records"] == 0
    assert set(found.summary["looked_at"]) == {"contact", "invoice", "payment"}
    assert not RehearsalRow.objects.exists()


def test_it_writes_nothing_else(read: Office, admin: User) -> None:
    draft(read, admin, rules=(LARGE,), invoice_status="DRAFT")
    asked = running.ask(read.practice, actor=admin, days=90)
    before = everything_but(Rehearsal, RehearsalRow)
    marker = read.marker
    running.work(asked.pk)
    assert everything_but(Rehearsal, RehearsalRow) == before
    assert read.marker == marker
    asked.refresh_from_db()
    assert asked.summary["differing"]["records"] > 0


def test_it_says_what_would_wait_for_approval_and_how_much_money(read: Office, admin: User) -> None:
    draft(read, admin, rules=(LARGE,))
    found = rehearse(read, admin)
    rows = RehearsalRow.objects.filter(rehearsal=found, kind="invoice", is_written=False)
    large = [row for row in rows if row.after == "approval"]
    assert large
    assert all(row.amount is not None and row.amount > 500 and row.rules == ["large"] for row in large)
    (moved,) = [
        item
        for item in found.summary["outcomes"]
        if (item["before"], item["after"]) == ("written", "approval")
    ]
    assert moved["records"] == len(large)
    assert moved["money"]["AUD"] == str(sum(row.amount for row in large if row.amount is not None))
    (rule,) = found.summary["rules"]
    assert (rule["before"], rule["after"] >= len(large)) == (0, True)


def test_it_says_which_fields_would_change_and_from_what_to_what(read: Office, admin: User) -> None:
    upper = FieldMap(target="contact.name", sources=("client.name",), steps=(Step("upper"),))
    draft(read, admin, fields=(upper,), invoice_status="DRAFT")
    found = rehearse(read, admin)
    fields = {(item["kind"], item["field"]): item["records"] for item in found.summary["fields"]}
    assert fields["contact", "name"] > 0
    assert fields["invoice", "status"] > 0
    row = RehearsalRow.objects.filter(rehearsal=found, kind="contact", fields__contains=["name"]).first()
    assert row is not None
    (change,) = [item for item in row.differences if item["field"] == "name"]
    assert change["new"] == change["old"].upper()


def test_what_is_in_xero_already_is_counted_apart(small_office: Office, admin: User) -> None:
    small_office.sync()
    small_office.take_over()
    draft(small_office, admin, invoice_status="DRAFT")
    found = rehearse(small_office, admin)
    assert found.summary["written"]["records"] > 0
    rows = RehearsalRow.objects.filter(rehearsal=found, kind="invoice")
    assert rows.filter(is_written=True).count() == found.summary["written"]["records"]


def test_one_record_can_be_rehearsed(read: Office, admin: User) -> None:
    draft(read, admin, invoice_status="DRAFT")
    invoice = Snapshot.objects.filter(
        practice=read.practice, connection__provider="ignition", kind="invoice", status="issued"
    ).first()
    assert invoice is not None
    found = rehearse(read, admin, record=invoice)
    assert found.summary["looked_at"].get("invoice") == 1
    assert set(RehearsalRow.objects.values_list("source_external_id", flat=True)) <= {
        invoice.external_id,
        invoice.party_external_id,
    }


def test_one_whose_worker_died_is_taken_again_and_one_at_work_is_not(read: Office, admin: User) -> None:
    draft(read, admin, invoice_status="DRAFT")
    asked = running.ask(read.practice, actor=admin, days=30)
    Rehearsal.objects.filter(pk=asked.pk).update(state=RehearsalState.RUNNING, claimed_at=timezone.now())
    assert running.open_ones() == []
    running.work(asked.pk)
    asked.refresh_from_db()
    assert asked.state == RehearsalState.RUNNING
    Rehearsal.objects.filter(pk=asked.pk).update(claimed_at=timezone.now() - timedelta(hours=1))
    assert running.open_ones() == [asked.pk]
    running.work(asked.pk)
    asked.refresh_from_db()
    assert asked.state == RehearsalState.DONE


def test_without_a_draft_there_is_nothing_to_rehearse(read: Office, admin: User) -> None:
    with pytest.raises(running.NothingToRehearse):
        running.ask(read.practice, actor=admin, days=30)


def test_planning_agrees_with_what_was_rehearsed(read: Office, admin: User) -> None:
    """Once published, exactly the rehearsed invoices wait for approval."""
    read.switch("take_over")
    draft(read, admin, rules=(LARGE,))
    found = rehearse(read, admin)
    foreseen = set(
        RehearsalRow.objects.filter(rehearsal=found, after="approval", is_written=False).values_list(
            "source_external_id", flat=True
        )
    )
    made = drafts.publish(read.practice, actor=admin)
    assert choices_from_json(made.choices).rules == (LARGE,)
    read.sync(reads=False)
    waiting = set(
        Snapshot.objects.filter(
            practice=read.practice, kind="invoice", standing_reason="approval"
        ).values_list("external_id", flat=True)
    )
    assert waiting <= foreseen
    assert waiting
