"""Two people who press the button at the same moment: one Change, one request."""

import threading
from typing import Any

import pytest
from django.db import connections

from practices.models import User
from sync.models import Approval, Change, Kind, Mismatch, Mode
from sync.reconcile import fixing
from tests.sync.reconcile.listed import make_mismatch
from tests.sync.rows import make_books, make_link, make_snapshot


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_change(settings: Any) -> None:
    settings.NUDGE_WORKERS = False
    books = make_books(Mode.TAKE_OVER)
    here = make_snapshot(books.source, Kind.CONTACT, name="Alder", email="new@example.com", status="active")
    there = make_snapshot(books.target, Kind.CONTACT, name="Alder", email="old@example.com", status="ACTIVE")
    make_link(books, here, there)
    row = make_mismatch(books, "contact_email", source_external_ids=[here.external_id])
    people = [books.member(), books.member()]
    ready = threading.Barrier(2)
    outcomes: list[fixing.Outcome] = []
    wrong: list[BaseException] = []

    def press(who: User) -> None:
        try:
            ready.wait(5)
            outcomes.append(fixing.fix(books.practice, [row.pk], actor=who))
        except BaseException as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert [len(outcome.done) for outcome in outcomes] == [1, 1]
    change = Change.objects.get()
    assert change.values == {"email": "new@example.com"}
    assert Approval.objects.get().change == change
    assert Mismatch.objects.get().change == change
