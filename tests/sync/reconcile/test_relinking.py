"""A client is linked to the contact that is right, on our side alone: noted, undone, and never guessed."""

from typing import Any

import pytest
from django.test import Client

from practices.models import AuditEntry, Role
from sync import verdicts
from sync.models import (
    Change,
    Kind,
    Link,
    LinkMethod,
    Mismatch,
    PairVerdict,
    Review,
    ReviewState,
    Snapshot,
    Verdict,
)
from sync.reconcile import fixing, relinking
from sync.reconcile.asked import Outcome
from sync.reconcile.obstacles import obstacle
from tests.sync.reconcile.listed import make_mismatch
from tests.sync.rows import Books, make_books, make_invoice, make_link, make_review, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet(settings: Any) -> None:
    settings.NUDGE_WORKERS = False


@pytest.fixture
def books() -> Books:
    """A client whose invoice is on a contact that nobody is linked to, in watch mode."""
    made = make_books()
    make_snapshot(made.source, Kind.CONTACT, "alder", name="Alder", status="active")
    make_snapshot(made.target, Kind.CONTACT, "there", name="Alder Pty Ltd", status="ACTIVE")
    here = make_invoice(made, party_external_id="alder")
    document = make_invoice(made, at="target", party_external_id="there")
    make_link(made, here, document)
    return made


def link_to(books: Books, contact: str, **extra: Any) -> Link:
    found = books.target.snapshots.filter(external_id=contact).first()
    there = found or Snapshot(connection=books.target, kind=Kind.CONTACT, external_id=contact)
    return make_link(books, books.source.snapshots.get(external_id="alder"), there, **extra)


def difference(books: Books, kind: str, contact: str = "there") -> Mismatch:
    return make_mismatch(
        books, kind, source_external_ids=["alder"], target_external_ids=[contact], client="Alder"
    )


def linked(books: Books) -> str:
    found = Link.objects.get(kind=Kind.CONTACT, source_external_id="alder")
    return str(found.target_external_id)


def press(books: Books, row: Mismatch) -> Outcome:
    return fixing.fix(books.practice, [row.pk], actor=books.member())


def test_it_is_linked_to_the_contact_of_its_invoices_at_once(books: Books) -> None:
    row = difference(books, "contact_not_linked")
    assert obstacle(books.practice, row) == "", "also in watch mode: nothing is written"
    outcome = press(books, row)
    assert (len(outcome.done), outcome.linked, outcome.waiting, outcome.left) == (1, 1, 0, {})
    link = Link.objects.get(kind=Kind.CONTACT)
    assert (link.target_external_id, link.method) == ("there", LinkMethod.PERSON)
    assert link.base_source == {}, "the next plan asks about what differs"
    assert not Change.objects.exists()
    assert AuditEntry.objects.filter(action="mismatch.fix_asked", object_id=str(row.pk)).count() == 1
    assert books.source.snapshots.get(external_id="alder").to_plan
    assert press(books, row).left == {relinking.LINKED: 1}
    assert Link.objects.filter(kind=Kind.CONTACT).count() == 1


def test_an_open_question_is_answered_by_it_and_both_can_be_undone(books: Books) -> None:
    review = make_review(books, "Alder", source_external_id="alder")
    press(books, difference(books, "contact_not_linked"))
    review.refresh_from_db()
    assert (review.state, review.chosen_external_id) == (ReviewState.LINKED, "there")
    verdicts.split(Link.objects.get(kind=Kind.CONTACT).pk, practice=books.practice, actor=books.member())
    assert not Link.objects.filter(kind=Kind.CONTACT).exists()
    assert Review.objects.get(pk=review.pk).state == ReviewState.OPEN


def test_it_follows_a_merge(books: Books) -> None:
    gone = {"merged_into": "middle", "status": "ARCHIVED"}
    make_snapshot(books.target, Kind.CONTACT, "gone", name="Old", record=gone)
    make_snapshot(books.target, Kind.CONTACT, "middle", record={"merged_into": "there", "status": "ARCHIVED"})
    link_to(books, "gone", base_source={"name": "Alder"})
    press(books, difference(books, "contact_merged", "gone"))
    link = Link.objects.get(kind=Kind.CONTACT)
    assert (link.target_external_id, link.former_target_external_ids) == ("there", ["gone"])
    assert link.base_source == {"name": "Alder"}, "a merge changes nothing that was agreed on"
    assert AuditEntry.objects.filter(action="link.moved").count() == 1


def test_where_only_ignition_names_the_old_contact_it_says_so(books: Books) -> None:
    link_to(books, "there")
    row = difference(books, "contact_merged")
    assert press(books, row).left == {relinking.IGNITION_ONLY: 1}
    assert obstacle(books.practice, row) == relinking.IGNITION_ONLY


def test_a_contact_that_is_gone_gives_way_to_the_one_that_ignition_names(books: Books) -> None:
    client = books.source.snapshots.get(external_id="alder")
    make_snapshot(books.target, Kind.CONTACT, "named", name="Alder", status="ACTIVE")
    client.record["linked"] = {"xero": "named"}
    client.save()
    link_to(books, "nowhere", base_source={"name": "Alder"})
    press(books, difference(books, "contact_gone", "nowhere"))
    link = Link.objects.get(kind=Kind.CONTACT)
    assert (link.target_external_id, link.former_target_external_ids) == ("named", ["nowhere"])
    assert link.base_source == {}, "another contact: nothing was agreed on with it"


def test_else_to_the_one_that_its_invoices_are_on(books: Books) -> None:
    link_to(books, "nowhere")
    press(books, difference(books, "contact_gone", "nowhere"))
    assert linked(books) == "there"


def test_a_contact_that_cant_be_read_is_not_gone(books: Books) -> None:
    make_snapshot(books.target, Kind.CONTACT, "odd", problem="Its name could not be read.")
    link_to(books, "odd")
    row = difference(books, "contact_gone", "odd")
    assert press(books, row).left == {relinking.NOT_READ: 1}
    assert obstacle(books.practice, row) == relinking.NOT_READ
    assert linked(books) == "odd"


def test_of_several_contacts_a_person_chooses(books: Books) -> None:
    make_snapshot(books.target, Kind.CONTACT, "second", name="Alder Two", status="ACTIVE")
    here = make_invoice(books, party_external_id="alder")
    make_link(books, here, make_invoice(books, at="target", party_external_id="second"))
    row = difference(books, "contact_not_linked")
    assert press(books, row).left == {relinking.SEVERAL: 1}
    assert obstacle(books.practice, row) == relinking.SEVERAL
    assert not Link.objects.filter(kind=Kind.CONTACT).exists()


def test_it_is_refused_where_somebody_has_to_decide(books: Books) -> None:
    row = difference(books, "contact_not_linked")
    there = books.target.snapshots.get(external_id="there")
    Snapshot.objects.filter(pk=there.pk).update(status="ARCHIVED")
    assert press(books, row).left == {relinking.NOT_ACTIVE: 1}
    Snapshot.objects.filter(pk=there.pk).update(status="ACTIVE")
    birch = make_snapshot(books.source, Kind.CONTACT, "birch", name="Birch")
    other = make_link(books, birch, there)
    assert press(books, row).left == {relinking.TAKEN: 1}
    other.delete()
    apart = PairVerdict.objects.create(
        practice=books.practice,
        kind=Kind.CONTACT,
        left_connection=books.source,
        left_external_id="alder",
        right_connection=books.target,
        right_external_id="there",
        verdict=Verdict.DIFFERENT,
    )
    assert press(books, row).left == {relinking.APART: 1}
    apart.delete()
    assert not Link.objects.filter(kind=Kind.CONTACT).exists()
    assert press(books, row).linked == 1


def test_nothing_is_linked_while_the_client_is_being_written(books: Books) -> None:
    row = difference(books, "contact_not_linked")
    Change.objects.create(
        practice=books.practice,
        flow=books.flows[Kind.CONTACT],
        connection=books.target,
        source_connection=books.source,
        kind=Kind.CONTACT,
        verb="create",
        source_external_id="alder",
        title="Alder",
        state="pending",
        look_up_first=True,
    )
    assert press(books, row).left == {relinking.UNDER_WAY: 1}


def test_the_page_says_what_it_does_and_only_staff_may(books: Books) -> None:
    row = difference(books, "contact_not_linked")
    url = books.url(f"reconciliation/{row.pk}/")
    here, viewer = Client(), Client()
    here.force_login(books.member())
    viewer.force_login(books.member(Role.VIEWER))
    page = here.get(url).content.decode()
    assert "nothing is written to Xero" in page
    assert "Fix it now" in page
    assert viewer.post(f"{url}fix/").status_code == 403
    assert "The client is linked." in here.post(f"{url}fix/", follow=True).content.decode()
    assert "It is linked by now" in here.get(url).content.decode()
