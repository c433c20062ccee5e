import pytest
from django.test import Client

from mappings import services
from practices.models import Practice, Role, User
from tests.make import make_member, make_practice
from tests.mappings import offers
from tests.mappings.browsing import logged_in


class Offer:
    """What :func:`mappings.services.view_of` answers during a test; set ``view`` to change it."""

    def __init__(self) -> None:
        self.view = offers.view()


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Offer:
    offered = Offer()
    monkeypatch.setattr(services, "_provider", lambda practice: offered.view)
    return offered


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Versions that were announced, in place of the real hooks."""
    versions: list[int] = []
    monkeypatch.setattr(services, "_hooks", [lambda published: versions.append(published.version)])
    return versions


@pytest.fixture
def practice(db: None) -> Practice:
    return make_practice(slug="harbour")


@pytest.fixture
def owner(practice: Practice) -> User:
    return make_member(practice, Role.OWNER)


@pytest.fixture
def web(owner: User, offer: Offer) -> Client:
    """The owner, logged in."""
    return logged_in(owner)
