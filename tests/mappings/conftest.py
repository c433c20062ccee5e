import pytest

from mappings import services
from tests.mappings import offers


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
