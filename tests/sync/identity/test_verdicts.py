"""Links that are split, twins that are judged: remembered, audited, taken back, and only one of two people first."""

import pytest

from practices.models import AuditEntry
from sync import decisions, verdicts
from sync.decisions import NotAllowed
from sync.judged import different_twins, to_be_merged, told_apart
from sync.models import Kind, Link, PairVerdict, Review, ReviewState, Snapshot, Verdict
from sync.planning import plan_all
from sync.world import Sides
from tests.sync.rows import Books, make_books, make_change, make_link, make_review, make_snapshot

pytestmark = pytest.mark.django_db


def pair(books: Books) -> Link:
    client = make_snapshot(books.source, Kind.CONTACT, "c_1", name="Blue Bell")
    return make_link(
        books, client, make_snapshot(books.target, Kind.CONTACT, "x_1", name="Blue Bell", status="ACTIVE")
    )


def test_a_split_link_is_gone_remembered_and_audited() -> None:
    books = make_books()
    link, someone = pair(books), books.member()
    Snapshot.objects.update(to_plan=False)
    verdicts.split(link.pk, practice=books.practice, actor=someone, note="Two shops")
    assert not Link.objects.exists()
    assert told_apart(books.source, books.target) == {("c_1", "x_1")}
    entry = AuditEntry.objects.get(action="link.split")
    assert entry.actor == someone
    assert "Two shops" in entry.summary
    assert entry.details["contact"] == "x_1"
    assert Snapshot.objects.get(external_id="c_1").to_plan


def test_of_two_who_split_the_second_is_told() -> None:
    books = make_books()
    link = pair(books)
    verdicts.split(link.pk, practice=books.practice, actor=books.member())
    with pytest.raises(NotAllowed, match="not linked any more"):
        verdicts.split(link.pk, practice=books.practice, actor=books.member())
    assert AuditEntry.objects.filter(action="link.split").count() == 1


def test_another_practices_link_can_not_be_split() -> None:
    books, other = make_books(), make_books()
    link = pair(books)
    with pytest.raises(NotAllowed):
        verdicts.split(link.pk, practice=other.practice, actor=other.member())
    assert Link.objects.count() == 1


@pytest.mark.parametrize("extra", [{"state": "in_flight"}, {"state": "pending", "look_up_first": True}])
def test_nothing_is_split_while_it_is_being_written(extra: dict[str, object]) -> None:
    books = make_books()
    link = pair(books)
    make_change(books, Kind.CONTACT, verb="update", source_external_id="c_1", reason="", **extra)
    with pytest.raises(NotAllowed, match="being written"):
        verdicts.split(link.pk, practice=books.practice, actor=books.member())
    assert Link.objects.exists()
    assert not PairVerdict.objects.exists()


def test_a_split_opens_the_decision_that_made_the_link() -> None:
    books = make_books()
    someone = books.member()
    make_snapshot(books.source, Kind.CONTACT, "c_1", name="Blue Bell")
    make_snapshot(books.target, Kind.CONTACT, "x_1", name="Blue Bell", status="ACTIVE")
    review = make_review(books, "Blue Bell", source_external_id="c_1")
    decisions.decide_review(review, actor=someone, choice="link", external_id="x_1")
    verdicts.split(Link.objects.get().pk, practice=books.practice, actor=someone)
    assert Review.objects.get().state == ReviewState.OPEN


def test_linking_them_by_hand_later_takes_the_verdict_away() -> None:
    books = make_books()
    someone = books.member()
    verdicts.split(pair(books).pk, practice=books.practice, actor=someone)
    review = make_review(books, "Blue Bell", source_external_id="c_1")
    decisions.decide_review(review, actor=someone, choice="link", external_id="x_1")
    assert not told_apart(books.source, books.target)
    assert Link.objects.count() == 1


def test_an_undone_split_links_again_unless_the_client_went_elsewhere() -> None:
    books = make_books()
    someone = books.member()
    verdict = verdicts.split(pair(books).pk, practice=books.practice, actor=someone)
    client = Snapshot.objects.get(external_id="c_1")
    elsewhere = make_link(
        books, client, make_snapshot(books.target, Kind.CONTACT, "x_2", name="Bell", status="ACTIVE")
    )
    with pytest.raises(NotAllowed, match="linked to another contact by now"):
        verdicts.take_back(verdict.pk, practice=books.practice, actor=someone)
    elsewhere.delete()
    verdicts.take_back(verdict.pk, practice=books.practice, actor=someone)
    link = Link.objects.get()
    assert (link.target_external_id, link.confirmed_by) == ("x_1", someone)
    with pytest.raises(NotAllowed, match="already"):
        verdicts.take_back(verdict.pk, practice=books.practice, actor=someone)


def test_an_undone_split_does_not_link_an_archived_contact() -> None:
    books = make_books()
    verdict = verdicts.split(pair(books).pk, practice=books.practice, actor=books.member())
    Snapshot.objects.filter(external_id="x_1").update(status="ARCHIVED")
    with pytest.raises(NotAllowed, match="archived or merged"):
        verdicts.take_back(verdict.pk, practice=books.practice, actor=books.member())
    assert PairVerdict.objects.count() == 1


class TestTwins:
    def test_every_pair_of_a_group_is_remembered(self) -> None:
        books = make_books()
        ids = [
            make_snapshot(books.target, Kind.CONTACT, f"x_{n}", name="Bell").external_id for n in (3, 1, 2)
        ]
        assert verdicts.judge(ids, Verdict.DIFFERENT, connection=books.target, actor=books.member()) == 3
        assert different_twins(books.target) == {("x_1", "x_2"), ("x_1", "x_3"), ("x_2", "x_3")}
        assert not different_twins(books.source)

    def test_the_same_are_to_be_merged_by_whom_and_when(self) -> None:
        books = make_books()
        someone = books.member()
        ids = [make_snapshot(books.source, Kind.CONTACT, f"c_{n}", name="Bell").external_id for n in (1, 2)]
        verdicts.judge(ids, Verdict.SAME, connection=books.source, actor=someone)
        told = to_be_merged(books.source)
        assert set(told) == {("c_1", "c_2")}
        assert told["c_1", "c_2"].startswith("To be merged in Ignition")
        assert AuditEntry.objects.get(action="twins.judged").actor == someone

    def test_of_two_who_judge_the_second_is_told_and_may_after_an_undo(self) -> None:
        books = make_books()
        first, second = books.member(), books.member()
        ids = [make_snapshot(books.source, Kind.CONTACT, f"c_{n}", name="Bell").external_id for n in (1, 2)]
        verdicts.judge(ids, Verdict.SAME, connection=books.source, actor=first)
        with pytest.raises(NotAllowed, match="Decided already: the same"):
            verdicts.judge(ids, Verdict.DIFFERENT, connection=books.source, actor=second)
        verdicts.take_back(PairVerdict.objects.get().pk, practice=books.practice, actor=second)
        verdicts.judge(ids, Verdict.DIFFERENT, connection=books.source, actor=second)
        assert PairVerdict.objects.get().verdict == Verdict.DIFFERENT

    @pytest.mark.parametrize(
        "ids", [[], ["c_1"], ["c_1", "c_1"], ["c_1", "nobody"], [f"c_{n}" for n in range(40)]]
    )
    def test_what_is_no_pair_of_known_records_is_refused(self, ids: list[str]) -> None:
        books = make_books()
        make_snapshot(books.source, Kind.CONTACT, "c_1", name="Bell")
        with pytest.raises(NotAllowed):
            verdicts.judge(ids, Verdict.SAME, connection=books.source, actor=books.member())
        assert not PairVerdict.objects.exists()


def test_no_plan_links_again_what_was_split_and_it_is_asked_instead() -> None:
    books = make_books()
    mail = {"email": "office@bell.example", "record": {"linked": {"xero": "x_1"}}}
    make_snapshot(books.source, Kind.CONTACT, "c_1", name="Blue Bell", status="active", **mail)
    make_snapshot(
        books.target, Kind.CONTACT, "x_1", name="Blue Bell", status="ACTIVE", email="office@bell.example"
    )
    sides = Sides(books.practice, books.source, books.target)
    flows = {str(kind): flow for kind, flow in books.flows.items()}
    plan_all(sides, flows, None)
    link = Link.objects.get()
    assert link.target_external_id == "x_1"
    verdicts.split(link.pk, practice=books.practice, actor=books.member())
    plan_all(sides, flows, None)
    assert not Link.objects.exists()
    review = Review.objects.get()
    assert "is another party, as a person decided" in str(review.candidates)
    verdicts.take_back(PairVerdict.objects.get().pk, practice=books.practice, actor=books.member())
    plan_all(sides, flows, None)
    assert Link.objects.get().target_external_id == "x_1"
    assert not Review.objects.filter(state=ReviewState.OPEN).exists()
