"""A sandbox on a loopback port, and a browser that walks through its consent pages."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client

from practices.models import Practice, Role, User
from sandbox.seed.practices import open_empty
from sandbox.server import Running, running
from sandbox.world import World
from tests.make import make_member, make_practice

CLIENTS = {"demo": "cli_aaaaaaaaaaaaaaaaaaa1", "kiwi": "cli_aaaaaaaaaaaaaaaaaaa2"}


@pytest.fixture
def outside(settings: Any) -> Iterator[Running]:
    """Two Ignition accounts with a client each, three Xero organisations, and settings that point there."""
    world = World()
    for key, country in (("demo", "AU"), ("kiwi", "NZ"), ("blank", "AU")):
        practice, _ = open_empty(world, key, country=country)
        if key in CLIENTS:
            practice.upsert("clients", {"slug": CLIENTS[key], "name": f"Client of {key}", "state": "active"})
    with running(world) as served:
        settings.IGNITION_API_URL = served.url + "/external/api/v1"
        settings.IGNITION_AUTH_URL = settings.XERO_API_URL = served.url
        settings.XERO_LOGIN_URL = settings.XERO_IDENTITY_URL = served.url
        yield served


@pytest.fixture
def practice(db: None) -> Practice:
    return make_practice("Harbour Lane Advisory", slug="harbour")


@pytest.fixture
def owner(practice: Practice) -> User:
    return make_member(practice, Role.OWNER, email="alice@example.com")


@pytest.fixture
def alice(client: Client, owner: User) -> Client:
    """The owner's browser."""
    client.force_login(owner)
    return client


def tenant_named(world: World, name: str) -> str:
    return next(ledger.tenant_id for ledger in world.xero.organisations.values() if ledger.name == name)


def xero_person(world: World) -> str:
    """One Xero log-in that may connect every organisation of the world."""
    for ledger in world.xero.organisations.values():
        world.xero.add_user(ledger, "sam@example.com", first_name="Sam", last_name="Reed")
    return next(person.user_id for person in world.xero.users.values() if person.email == "sam@example.com")


def allow_xero(
    browser: Client, served: Running, slug: str, tenants: list[str], *, decision: str = "allow"
) -> Any:
    """Press Connect, press Allow at Xero with these tenants, and follow back to the app."""
    begun = browser.post(f"/p/{slug}/connections/xero/consent/")
    assert begun.status_code == 302
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun["Location"]).query).items()}
    assert asked["code_challenge_method"] == "S256"
    form = {**asked, "user": xero_person(served.world), "tenant": tenants, "decision": decision}
    return come_back(browser, requests.post(_address(begun), data=form, allow_redirects=False, timeout=5))


def allow_ignition(browser: Client, slug: str, key: str) -> Any:
    begun = browser.post(f"/p/{slug}/connections/ignition/consent/")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun["Location"]).query).items()}
    form = {**asked, "practice": key, "decision": "allow"}
    return come_back(browser, requests.post(_address(begun), data=form, allow_redirects=False, timeout=5))


def come_back(browser: Client, answer: requests.Response) -> Any:
    """Follow the provider's redirect to our callback."""
    assert answer.status_code in (302, 303), answer.text
    back = urlsplit(answer.headers["Location"])
    assert back.path.startswith("/connections/callback/")
    return browser.get(f"{back.path}?{back.query}", follow=True)


def _address(begun: Any) -> str:
    parts = urlsplit(begun["Location"])
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
