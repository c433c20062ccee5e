"""A link follows its contact when that is merged in Xero, unless another client has the one that remained."""

import pytest

from mappings.spec import Choices
from sync.models import Link
from sync.planning import follow_merges
from sync.world import Sides, load_world
from tests.sync.rows import Books, make_books, make_link, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    """Two clients; the contact of the first was merged into “kept”."""
    made = make_books()
    for client in ("c1", "c2"):
        make_snapshot(made.source, "contact", client, name=client)
    there = [
        make_snapshot(
            made.target, "contact", "gone", name="Gone", record={"merged_into": "kept", "status": "ARCHIVED"}
        ),
        make_snapshot(made.target, "contact", "kept", name="Kept", record={"status": "ACTIVE"}),
    ]
    make_link(made, made.source.snapshots.get(external_id="c1"), there[0])
    return made


def moved(books: Books) -> int:
    sides = Sides(practice=books.practice, source=books.source, target=books.target)
    world = load_world(sides, 0, Choices())
    return follow_merges(world)


def test_the_link_moves_to_the_contact_that_remained(books: Books) -> None:
    assert moved(books) == 1
    link = Link.objects.get(source_external_id="c1")
    assert (link.target_external_id, link.former_target_external_ids) == ("kept", ["gone"])
    assert moved(books) == 0


def test_it_stays_for_a_person_when_another_client_has_that_contact(books: Books) -> None:
    make_link(
        books, books.source.snapshots.get(external_id="c2"), books.target.snapshots.get(external_id="kept")
    )
    assert moved(books) == 0
    assert Link.objects.get(source_external_id="c1").target_external_id == "gone"


def test_clients_that_shared_the_merged_contact_go_on_sharing(books: Books) -> None:
    make_link(
        books, books.source.snapshots.get(external_id="c2"), books.target.snapshots.get(external_id="gone")
    )
    assert moved(books) == 2
    assert set(Link.objects.values_list("target_external_id", flat=True)) == {"kept"}
