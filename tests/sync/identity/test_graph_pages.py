"""The graph of clients: its lists, one client's page, and what people decide there."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from practices.models import AuditEntry, Role
from sync.models import Kind, Link, Mismatch, PairVerdict, Review, Snapshot, Verdict
from tests.sync import rows
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    return rows.make_books()


@pytest.fixture
def client(books: Books) -> Client:
    client = Client()
    client.force_login(books.member(Role.STAFF))
    return client


def client_of(books: Books, external_id: str, name: str, **extra: Any) -> Snapshot:
    return rows.make_snapshot(books.source, Kind.CONTACT, external_id, name=name, status="active", **extra)


def contact_of(books: Books, external_id: str, name: str, **extra: Any) -> Snapshot:
    return rows.make_snapshot(books.target, Kind.CONTACT, external_id, name=name, status="ACTIVE", **extra)


@pytest.fixture
def people(books: Books) -> dict[str, Snapshot]:
    """One of each sort that the list tells apart."""
    acme, acme_there = client_of(books, "c_1", "Acme Pty Ltd"), contact_of(books, "x_1", "Acme P/L")
    rows.make_link(books, acme, acme_there, confidence="0.97", reasons=["Same name, used once on each side"])
    shared = contact_of(books, "x_2", "Bell Group")
    first, second = client_of(books, "c_2", "Bell Cafe"), client_of(books, "c_3", "Bell Bar")
    rows.make_link(books, first, shared)
    rows.make_link(books, second, shared)
    waits = client_of(books, "c_4", "Cove Dental")
    against = {
        "external_id": "x_9",
        "name": "Cove Dentists",
        "against": ["Nothing but the name agrees"],
        "score": 0.5,
    }
    rows.make_review(books, "Cove Dental", source_external_id="c_4", candidates=[against])
    alone = client_of(books, "c_5", "Dune Surf")
    only = contact_of(books, "x_3", "Echo Books")
    Mismatch.objects.create(
        practice=books.practice,
        fingerprint="f",
        kind="contact_twice_in_ignition",
        about="contact",
        text="Twice",
        source_external_ids=["c_2", "c_3"],
    )
    return {"acme": acme, "acme_there": acme_there, "waits": waits, "alone": alone, "only": only}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"Acme Pty Ltd", "Bell Cafe", "Bell Bar", "Cove Dental", "Dune Surf"}),
        ("show=linked", {"Acme Pty Ltd", "Bell Cafe", "Bell Bar"}),
        ("show=open", {"Cove Dental"}),
        ("show=none", {"Dune Surf"}),
        ("show=target", {"Echo Books"}),
        ("show=shared", {"Bell Cafe", "Bell Bar"}),
        ("show=twins", {"Bell Cafe", "Bell Bar"}),
        ("show=twins_target", set()),
        ("q=bell&show=linked", {"Bell Cafe", "Bell Bar"}),
        ("q=nobody", set()),
        ("show=nonsense&page=99999999999&sort=x&size=7&q=%25%27", None),
    ],
)
def test_the_list_is_narrowed(client: Client, books: Books, query: str, names: set[str] | None) -> None:
    answer = client.get(books.url(f"clients/graph/?{query}"))
    assert answer.status_code == 200
    if names is not None:
        assert {row.snapshot.name for row in answer.context["page"].rows} == names


@pytest.mark.usefixtures("people")
def test_a_row_tells_how_it_is_known_and_why_not(client: Client, books: Books) -> None:
    text = client.get(books.url("clients/graph/")).content.decode()
    assert "Acme P/L" in text
    assert "97&nbsp;%" in text  # rounded down, as only an id is certain
    assert "shared by 2" in text
    assert "Why not: Nothing but the name agrees" in text
    assert "not connected" in text


def test_the_number_of_queries_stays(
    client: Client, books: Books, django_assert_max_num_queries: object
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(books.url("clients/graph/")).status_code == 200
        return len(seen)

    rows.make_link(books, client_of(books, "c_0", "Acme"), contact_of(books, "x_0", "Acme"))
    few = queries()
    for number in range(1, 40):
        one, other = (
            client_of(books, f"c_{number}", f"Acme {number}"),
            contact_of(books, f"x_{number}", "Acme"),
        )
        rows.make_link(books, one, other, confirmed_by=books.member())
        rows.make_review(books, source_external_id=f"c_{number}")
    assert queries() <= few


def test_a_clients_page_follows_merges_and_tells_near_misses(client: Client, books: Books) -> None:
    acme = client_of(books, "c_1", "Acme Plumbing", email="office@acme.example")
    now = contact_of(books, "x_2", "Acme Plumbing Pty Ltd", email="office@acme.example")
    contact_of(books, "x_1", "Acme Old", record={"merged_into": "x_2"})
    contact_of(books, "x_3", "Acme Plumbing Trust", email="office@acme.example")
    client_of(books, "c_2", "Acme Plumbing", email="office@acme.example")
    rows.make_link(books, acme, now, former_target_external_ids=["x_1"], confirmed_by=books.member())
    answer = client.get(books.url(f"clients/graph/{acme.pk}/"))
    text = answer.content.decode()
    assert "Acme Old" in text
    assert "merged in Xero" in text
    page = answer.context["page"]
    assert {item.snapshot.external_id: item.note for item in page.entries}["x_1"].startswith("Merged into")
    assert [item.snapshot.external_id for item in page.misses] == ["x_3"]
    assert "Different legal forms" in page.misses[0].against
    assert [item.snapshot.external_id for item in page.twins] == ["c_2"]


def test_from_a_contact_its_clients_are_seen(client: Client, books: Books) -> None:
    shared = contact_of(books, "x_1", "Bell Group")
    for external_id, name in (("c_1", "Bell Cafe"), ("c_2", "Bell Bar")):
        rows.make_link(books, client_of(books, external_id, name), shared)
    answer = client.get(books.url(f"clients/graph/{shared.pk}/"))
    assert {item.snapshot.name for item in answer.context["page"].entries} == {
        "Bell Group",
        "Bell Cafe",
        "Bell Bar",
    }


def test_splitting_and_undoing_it_on_the_page(
    client: Client, books: Books, people: dict[str, Snapshot]
) -> None:
    acme = people["acme"]
    link = Link.objects.get(source_external_id="c_1")
    answer = client.post(
        books.url(f"clients/graph/{acme.pk}/split/"), {"link": link.pk, "note": "other owner"}, follow=True
    )
    assert "Split." in answer.content.decode()
    assert not Link.objects.filter(pk=link.pk).exists()
    text = answer.content.decode()
    assert "different, never linked by itself" in text
    verdict = PairVerdict.objects.get()
    assert (verdict.verdict, verdict.note) == (Verdict.DIFFERENT, "other owner")
    client.post(books.url(f"clients/graph/{acme.pk}/undo/"), {"verdict": verdict.pk})
    assert Link.objects.get(source_external_id="c_1").target_external_id == "x_1"
    assert not PairVerdict.objects.exists()
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"link.split", "verdict.undone"} <= actions


@pytest.mark.parametrize(("verdict", "words"), [("same", "to be merged"), ("different", "not the same")])
def test_twins_are_judged_on_the_page(client: Client, books: Books, verdict: str, words: str) -> None:
    one = client_of(books, "c_1", "Acme Plumbing", email="office@acme.example")
    client_of(books, "c_2", "Acme Plumbing", email="office@acme.example")
    answer = client.post(
        books.url(f"clients/graph/{one.pk}/judge/"), {"external_id": "c_2", "verdict": verdict}, follow=True
    )
    assert words in answer.content.decode()
    assert PairVerdict.objects.get().verdict == verdict


@pytest.mark.parametrize("act", ["split", "judge", "undo"])
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"link": "x", "verdict": "x"},
        {"link": "9" * 40, "verdict": "9" * 40, "external_id": "\x00"},
        {"link": "\x00", "verdict": "same", "external_id": ["a"] * 50},
    ],
)
def test_nonsense_is_refused_with_a_sentence(
    client: Client, books: Books, act: str, data: dict[str, str]
) -> None:
    acme = client_of(books, "c_1", "Acme")
    answer = client.post(books.url(f"clients/graph/{acme.pk}/{act}/"), data, follow=True)
    assert answer.status_code == 200
    assert "alert-danger" in answer.content.decode()
    assert not PairVerdict.objects.exists()


def test_another_practices_client_is_not_there(client: Client, books: Books) -> None:
    elsewhere = rows.make_books()
    theirs = client_of(elsewhere, "c_1", "Acme")
    assert client.get(books.url(f"clients/graph/{theirs.pk}/")).status_code == 404
    assert client.post(books.url(f"clients/graph/{theirs.pk}/split/"), {"link": 1}).status_code == 404


def test_empty_practices_have_a_page(client: Client, books: Books) -> None:
    assert Review.objects.count() == 0
    for show in ("", "linked", "open", "none", "target", "shared", "twins"):
        assert "empty" in client.get(books.url(f"clients/graph/?show={show}")).content.decode()


def test_a_review_tells_who_was_told_apart(client: Client, books: Books, people: dict[str, Snapshot]) -> None:
    link = Link.objects.get(source_external_id="c_1")
    client.post(books.url(f"clients/graph/{people['acme'].pk}/split/"), {"link": link.pk})
    review = rows.make_review(books, "Acme Pty Ltd", source_external_id="c_1")
    text = client.get(books.url(f"reviews/{review.pk}/?q=Acme")).content.decode()
    assert "that this is another one" in text
    assert (
        "that this is another one"
        not in client.get(books.url(f"reviews/{review.pk}/?q=Echo")).content.decode()
    )
