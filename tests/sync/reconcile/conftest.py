"""A practice in agreement, and two people to fix what then differs."""

import pytest

from practices.models import Role, User
from tests.make import make_member
from tests.sync.conftest import Office


@pytest.fixture
def ruled(small_office: Office) -> Office:
    """Everything is written, and both sides agree in what is tried here."""
    small_office.sync()
    small_office.take_over()
    return small_office


@pytest.fixture
def staff(ruled: Office) -> User:
    return make_member(ruled.practice, Role.STAFF)


@pytest.fixture
def other(ruled: Office) -> User:
    return make_member(ruled.practice, Role.STAFF)
