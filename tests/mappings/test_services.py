"""Versions of a mapping: published, replaced, taken back, and never two at once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, close_old_connections, connection, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from connectors.records import Tracking
from mappings import services
from mappings.models import MappingSet, SetState, ValueMap
from mappings.spec import Choices, choices_from_json
from practices.models import AuditEntry, Practice
from tests.make import make_member, make_practice
from tests.mappings import offers
from tests.mappings.conftest import Offer

CHOICES = Choices(
    sales_account="200",
    default_tax="OUTPUT",
    account_by_service={"serv_1": "202"},
    tax_by_label={"GST on Income": "OUTPUT"},
    clearing_by_method={"card": "608"},
    tracking=(Tracking(category="Office", option="Sydney"),),
)


@pytest.mark.django_db
def test_first_version(
    announced: list[int], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    practice = make_practice()
    actor = make_member(practice)
    with django_capture_on_commit_callbacks(execute=True):
        made = services.publish(practice, CHOICES, actor=actor, note="First")
    assert (made.version, made.state, made.note, made.created_by) == (1, SetState.PUBLISHED, "First", actor)
    assert services.current(practice) == made
    assert services.load_choices(practice) == (1, CHOICES)
    assert announced == [1]
    rows = ValueMap.objects.filter(mapping_set=made).values_list("table", "source_value", "target_value")
    assert set(rows) == {
        ("account", "serv_1", "202"),
        ("tax", "GST on Income", "OUTPUT"),
        ("clearing", "card", "608"),
    }
    entry = AuditEntry.objects.get(practice=practice, action="mapping.published")
    assert (entry.actor, entry.details) == (actor, {"version": 1, "replaces": 0})


@pytest.mark.django_db
def test_second_version_retires_the_first() -> None:
    practice = make_practice()
    actor = make_member(practice)
    services.publish(practice, CHOICES, actor=actor)
    services.publish(practice, Choices(sales_account="202"), actor=actor)
    states = list(
        MappingSet.objects.for_practice(practice).order_by("version").values_list("version", "state")
    )
    assert states == [(1, SetState.RETIRED), (2, SetState.PUBLISHED)]
    assert services.load_choices(practice)[1].sales_account == "202"


@pytest.mark.django_db
def test_practices_do_not_see_each_other() -> None:
    one, other = make_practice(), make_practice()
    services.publish(one, CHOICES, actor=make_member(one))
    assert services.current(other) is None
    assert services.load_choices(other) == (0, Choices())
    with pytest.raises(MappingSet.DoesNotExist):
        services.roll_back(other, 1, make_member(other))


@pytest.mark.django_db
def test_outdated_choices_are_refused_and_leave_nothing() -> None:
    practice = make_practice()
    actor = make_member(practice)
    services.publish(practice, CHOICES, actor=actor, expected_version=0)
    with pytest.raises(services.Outdated):
        services.publish(practice, Choices(), actor=actor, expected_version=0)
    assert services.load_choices(practice) == (1, CHOICES)
    assert MappingSet.objects.for_practice(practice).count() == 1


@pytest.mark.django_db
def test_roll_back_is_a_new_version_with_the_old_choices() -> None:
    practice = make_practice()
    actor = make_member(practice)
    services.publish(practice, CHOICES, actor=actor)
    services.publish(practice, Choices(), actor=actor)
    made = services.roll_back(practice, 1, actor)
    assert (made.version, made.note) == (3, "Back to version 1")
    assert services.load_choices(practice) == (3, CHOICES)
    assert ValueMap.objects.filter(mapping_set=made).count() == 3


@pytest.mark.django_db
def test_nothing_published_shows_the_suggestions_as_version_0(offer: Offer) -> None:
    practice = make_practice()
    version, choices = services.load_choices(practice)
    assert (version, choices.sales_account) == (0, "200")
    assert not MappingSet.objects.exists()
    offer.view = offers.unread(offer.view)
    assert services.load_choices(practice) == (0, Choices())


@pytest.mark.django_db
def test_suggestions_are_published_once_and_only_when_both_sides_are_read(
    offer: Offer, announced: list[int], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    practice = make_practice()
    read, offer.view = offer.view, offers.unread(offer.view)
    assert services.publish_suggested_once(practice) is None
    offer.view = read
    with django_capture_on_commit_callbacks(execute=True):
        made = services.publish_suggested_once(practice)
        assert made is not None
        assert services.publish_suggested_once(practice) is None
    assert (made.version, made.note, made.created_by) == (1, "Suggested by the app", None)
    assert announced == [1]
    assert AuditEntry.objects.get(practice=practice).actor_label == "System"


@pytest.mark.django_db
def test_gaps_name_what_blocks_and_what_is_gone(offer: Offer) -> None:
    practice = make_practice()
    choices = Choices(
        sales_account="299",
        account_by_service={"serv_1": "202", "serv_2": "404"},
        tracking=(Tracking(category="Office", option="Hobart"),),
    )
    services.publish(practice, choices, actor=None)
    found = services.gaps(practice)
    assert (found.sales_account, found.default_tax, found.clearing) == (False, True, True)
    assert found.labels == ("GST on Income", "Disbursement")
    assert found.services == ("serv_3",)
    assert found.broken == (
        "Sales account: 299 Old Fees",
        "Service Tax return: 404 Bank Fees",
        "Tracking Office: Hobart",
    )
    assert found.blocking == 7


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"choices": {"sales_account": "999"}}, {"version": 9}])
def test_database_refuses_to_change_a_published_version(change: dict[str, Any]) -> None:
    practice = make_practice()
    made = services.publish(practice, CHOICES, actor=None)
    for state in (SetState.PUBLISHED, SetState.RETIRED):
        MappingSet.objects.filter(pk=made.pk).update(state=state)
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            MappingSet.objects.filter(pk=made.pk).update(**change)
    stored = MappingSet.objects.get(pk=made.pk)
    assert (stored.version, choices_from_json(stored.choices)) == (1, CHOICES)


@pytest.mark.django_db
def test_database_refuses_a_second_published_version() -> None:
    practice = make_practice()
    services.publish(practice, CHOICES, actor=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        MappingSet.objects.create(practice=practice, version=2, state=SetState.PUBLISHED)


@pytest.mark.django_db(transaction=True)
def test_two_people_publish_at_once(announced: list[int]) -> None:
    practice = make_practice()
    actors = [make_member(practice), make_member(practice)]
    start = threading.Barrier(2)

    def publish(number: int) -> None:
        start.wait()
        services.publish(practice, Choices(sales_account=f"20{number}"), actor=actors[number])

    _at_once(publish)
    states = list(
        MappingSet.objects.for_practice(practice).order_by("version").values_list("version", "state")
    )
    assert states == [(1, SetState.RETIRED), (2, SetState.PUBLISHED)]
    assert sorted(announced) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_two_workers_publish_the_suggestions_at_once(offer: Offer, announced: list[int]) -> None:
    practice: Practice = make_practice()
    start = threading.Barrier(2)
    made: list[MappingSet | None] = []

    def publish(number: int) -> None:
        start.wait()
        made.append(services.publish_suggested_once(practice))

    _at_once(publish)
    assert sorted(item is None for item in made) == [False, True]
    assert MappingSet.objects.for_practice(practice).count() == 1
    assert announced == [1]


def _at_once(work: Callable[[int], None]) -> None:
    """Run ``work(0)`` and ``work(1)`` in two threads, each with its own database connection."""
    failures: list[Exception] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()
            close_old_connections()

    threads = [threading.Thread(target=guarded, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
