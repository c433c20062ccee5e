"""The pages of rehearsals, and of where a record's values come from."""

from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mappings import drafts, services
from mappings.catalog import About
from mappings.conditions import Row
from mappings.rules import Outcome, Rule
from practices.models import Role
from sync.models import Rehearsal, RehearsalRow, Snapshot
from sync.rehearsal import running
from tests.make import make_member
from tests.sync.conftest import Office

pytestmark = pytest.mark.django_db

LARGE = Rule(
    key="large",
    name="Large ones",
    about=About.INVOICE,
    when=Row("invoice.total", "more", "500"),
    then=(Outcome("hold"),),
)


@pytest.fixture
def drafted(small_office: Office) -> Office:
    small_office.sync()
    chosen = replace(services.load_choices(small_office.practice)[1], rules=(LARGE,), invoice_status="DRAFT")
    admin = make_member(small_office.practice, Role.ADMIN)
    drafts.save(small_office.practice, chosen, actor=admin, what="a test")
    return small_office


def browser(office: Office, role: Role = Role.STAFF) -> Client:
    client = Client()
    client.force_login(make_member(office.practice, role))
    return client


def page(client: Client, url: str, **params: Any) -> str:
    answer = client.get(url, params)
    assert answer.status_code == 200, answer.status_code
    return unescape(answer.content.decode())


def rehearsed(office: Office, client: Client) -> Rehearsal:
    answer = client.post("/p/harbour/rehearsals/start/", {"days": "90"})
    made = Rehearsal.objects.get()
    assert answer["Location"] == f"/p/harbour/rehearsals/{made.pk}/"
    running.work(made.pk)
    made.refresh_from_db()
    return made


def test_it_waits_runs_and_shows_what_would_change(drafted: Office) -> None:
    client = browser(drafted)
    client.post("/p/harbour/rehearsals/start/", {"days": "90"})
    made = Rehearsal.objects.get()
    assert "Waiting for a worker" in page(client, f"/p/harbour/rehearsals/{made.pk}/")
    running.work(made.pk)
    text = page(client, f"/p/harbour/rehearsals/{made.pk}/")
    assert "waits for approval" in text
    assert "Large ones" in text
    assert "Status" in text
    latest = client.get("/p/harbour/rehearsals/latest/", headers={"HX-Request": "true"}).content.decode()
    assert "would be treated differently" in latest
    assert "changed since" not in latest


def test_every_number_leads_to_its_records(drafted: Office) -> None:
    client = browser(drafted)
    made = rehearsed(drafted, client)
    answer = client.get(f"/p/harbour/rehearsals/{made.pk}/")
    lines = [*answer.context["page"].outcomes, *answer.context["page"].fields]
    assert lines
    for line in lines:
        narrowed = client.get(f"/p/harbour/rehearsals/{made.pk}/?{line.query}")
        assert narrowed.context["page"].sheet.count == line.records


def test_a_draft_changed_since_is_said(drafted: Office) -> None:
    client = browser(drafted)
    made = rehearsed(drafted, client)
    draft = drafts.draft_of(drafted.practice)
    assert draft is not None
    admin = make_member(drafted.practice, Role.ADMIN)
    chosen = replace(services.load_choices(drafted.practice)[1], approval_days=3)
    drafts.save(drafted.practice, chosen, actor=admin, what="a test")
    assert "changed after this rehearsal" in page(client, f"/p/harbour/rehearsals/{made.pk}/")


def test_the_number_of_queries_does_not_grow_with_the_rows(drafted: Office) -> None:
    client = browser(drafted)
    made = rehearsed(drafted, client)
    url = f"/p/harbour/rehearsals/{made.pk}/"
    page(client, url)
    with CaptureQueriesContext(connection) as few:
        page(client, url)
    template = RehearsalRow.objects.filter(rehearsal=made).first()
    assert template is not None
    for number in range(30):
        template.pk, template.source_external_id = None, f"inv_more_{number}"
        template.save(force_insert=True)
    with CaptureQueriesContext(connection) as many:
        page(client, url)
    assert len(many) == len(few)


def test_viewers_look_and_strangers_see_nothing(drafted: Office) -> None:
    made = rehearsed(drafted, browser(drafted))
    viewer = browser(drafted, Role.VIEWER)
    assert viewer.get(f"/p/harbour/rehearsals/{made.pk}/").status_code == 200
    assert viewer.post("/p/harbour/rehearsals/start/", {"days": "30"}).status_code == 403


def test_one_record_explains_every_value(drafted: Office) -> None:
    client = browser(drafted)
    invoice = (
        Snapshot.objects.filter(
            practice=drafted.practice,
            connection__provider="ignition",
            kind="invoice",
            status="issued",
            amount__gt=500,
        )
        .order_by("pk")
        .first()
    )
    assert invoice is not None
    url = f"/p/harbour/records/{invoice.pk}/why/"
    text = page(client, url)
    assert "version 1 of the mapping" in text
    assert "Invoice reference" in text
    assert "Large ones" not in text
    by_draft = page(client, url, draft="1")
    assert "Large ones" in by_draft
    assert "the draft, which is not in force" in by_draft
    for kind in ("contact", "payment"):
        one = Snapshot.objects.filter(
            practice=drafted.practice, connection__provider="ignition", kind=kind
        ).first()
        assert one is not None
        assert "Comes from" in page(client, f"/p/harbour/records/{one.pk}/why/")


def test_what_xero_has_goes_through_no_mapping(drafted: Office) -> None:
    theirs = Snapshot.objects.filter(
        practice=drafted.practice, connection__provider="xero", kind="contact"
    ).first()
    assert theirs is not None
    assert "Nothing to explain" in page(browser(drafted), f"/p/harbour/records/{theirs.pk}/why/")
