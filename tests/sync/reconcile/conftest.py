"""A practice in agreement, and two people to fix what then differs."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

from practices.models import Role, User
from tests.make import make_member
from tests.sync.conftest import Office
from tests.sync.kept import Kept, keep


def everything_written(office: Office) -> None:
    office.sync()
    office.take_over()


@pytest.fixture(scope="module")
def kept_written(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Kept]:
    yield from keep(django_db_blocker, everything_written)


@pytest.fixture
def ruled(kept_written: Kept, db: None, settings: Any) -> Iterator[Office]:
    """Everything is written, and both sides agree in what is tried here."""
    with kept_written.opened(settings) as office:
        yield office


@pytest.fixture
def staff(ruled: Office) -> User:
    return make_member(ruled.practice, Role.STAFF)


@pytest.fixture
def other(ruled: Office) -> User:
    return make_member(ruled.practice, Role.STAFF)
