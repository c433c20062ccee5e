"""Two people look at the same review; the second one is told what the first one decided."""

import pytest

from sync import decisions
from sync.models import Kind, Link, Review, ReviewState
from tests.sync.rows import make_books, make_review, make_snapshot

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("second", ["link", "create", "ignore"])
def test_a_decision_is_not_overwritten(second: str) -> None:
    books = make_books()
    for external_id in ("x_1", "x_2"):
        make_snapshot(books.target, Kind.CONTACT, external_id, name="Blue Bell")
    review = make_review(books, "Blue Bell")
    first, later = books.member(), books.member()
    decisions.decide_review(review, actor=first, choice="link", external_id="x_1")
    stale = Review.objects.get(pk=review.pk)
    stale.state = ReviewState.OPEN
    with pytest.raises(decisions.NotAllowed, match="Decided already: linked"):
        decisions.decide_review(stale, actor=later, choice=second, external_id="x_2")
    review.refresh_from_db()
    assert (review.state, review.decided_by, review.chosen_external_id) == (ReviewState.LINKED, first, "x_1")
    assert [link.target_external_id for link in Link.objects.all()] == ["x_1"]


def test_a_link_that_is_refused_leaves_the_review_open() -> None:
    books = make_books()
    review = make_review(books, "Blue Bell")
    with pytest.raises(decisions.NotAllowed):
        decisions.decide_review(review, actor=books.member(), choice="link", external_id="nowhere")
    review.refresh_from_db()
    assert review.state == ReviewState.OPEN


def test_an_undone_decision_can_be_made_anew() -> None:
    books = make_books()
    review = make_review(books, "Blue Bell")
    someone = books.member()
    for choice in ("ignore", "reopen", "create"):
        decisions.decide_review(Review.objects.get(pk=review.pk), actor=someone, choice=choice)
    review.refresh_from_db()
    assert review.state == ReviewState.CREATE
