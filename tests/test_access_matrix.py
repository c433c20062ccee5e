"""Who gets what at every address of the site. A new address fails here until it has its row."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.admindocs.views import simplify_regex
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from practices.models import Role, User
from sync.models import ReconcileRun
from tests.access_table import PEOPLE, TABLE
from tests.full_practice import FullPractice, make_full_practice
from tests.make import make_member, make_practice, make_user

pytestmark = pytest.mark.django_db

TENANT = "/p/<slug>/"
ROLES = {"owner": Role.OWNER, "admin": Role.ADMIN, "staff": Role.STAFF, "viewer": Role.VIEWER}
METHODS = ("GET", "POST")


@dataclass(frozen=True)
class Address:
    """``route`` is how the table names it: the pages of the support team have one row for all models."""

    path: str
    route: str
    name: str
    view: Any


def addresses() -> Iterator[Address]:
    for path, pattern in _patterns(get_resolver(), ""):
        shown = re.sub(r"<\w+:(\w+)>", r"<\1>", simplify_regex(path))
        route = re.sub(r"^/admin/(practices|mappings|sync)/\w+/", "/admin/<app>/<model>/", shown)
        yield Address(shown, route, pattern.name or "", pattern.callback)


def _patterns(resolver: URLResolver, before: str) -> Iterator[tuple[str, URLPattern]]:
    for item in resolver.url_patterns:
        path = before + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from _patterns(item, path)
        else:
            yield path, item


def read_table() -> dict[tuple[str, str], dict[str, str]]:
    """(method, route) → what each of PEOPLE gets."""
    rows = {}
    for line in TABLE.splitlines():
        cells = line.split()
        if not cells or cells[0].startswith("#"):
            continue
        method, route, *outcomes = cells
        assert len(outcomes) == len(PEOPLE), f"not one cell for each of {PEOPLE}: {line}"
        assert (method, route) not in rows, f"twice: {line}"
        rows[method, route] = dict(zip(PEOPLE, outcomes, strict=True))
    return rows


ROWS = read_table()
ADDRESSES = list(addresses())
ASKED = list({address.route: address for address in ADDRESSES}.values())
"""One model's admin pages stand for all; ``tests/test_admin.py`` goes through each."""


@pytest.fixture
def ours() -> FullPractice:
    return make_full_practice("Harbour")


@pytest.fixture
def theirs() -> FullPractice:
    return make_full_practice("Zanzibar", versions=3)


@pytest.fixture(autouse=True)
def _nobody_outside_answers(settings: Any) -> None:
    settings.IGNITION_API_URL = settings.XERO_API_URL = settings.XERO_IDENTITY_URL = "http://127.0.0.1:9"


def test_every_address_has_a_row() -> None:
    known = {route for _, route in ROWS}
    missing = sorted({address.route for address in ADDRESSES} - known)
    assert not missing, f"not in tests/access_table.py: {missing}"
    gone = sorted(known - {address.route for address in ADDRESSES})
    assert not gone, f"in tests/access_table.py, but no address any more: {gone}"


def test_every_address_of_a_practice_goes_through_the_door() -> None:
    for address in ADDRESSES:
        if address.route.startswith(TENANT):
            assert hasattr(address.view, "practice_role"), address.route


def test_strangers_see_nothing_of_a_practice() -> None:
    for (method, route), outcomes in ROWS.items():
        if route.startswith(TENANT):
            assert outcomes["stranger"] == outcomes["support"] == "404", (method, route)
            assert outcomes["nobody"] == "login", (method, route)


@pytest.mark.parametrize("person", PEOPLE)
def test_everybody_gets_what_the_table_says(ours: FullPractice, person: str) -> None:
    """A method without a row is refused, or does what GET does."""
    browser = Browser(_person(ours, person))
    wrong = []
    for address in ASKED:
        url = url_of(address, ours)
        for method in METHODS:
            if (row := ROWS.get((method, address.route))) is not None:
                allowed = {row[person]}
            else:
                allowed = {"405", ROWS.get(("GET", address.route), {}).get(person, "405")}
            got = browser.ask(method, url)
            if got not in allowed:
                wrong.append(f"{method} {address.path}: {got}, not {' or '.join(sorted(allowed))}")
    assert not wrong, "\n".join([f"as {person}", *wrong])


def test_ids_of_another_practice_are_not_found(ours: FullPractice, theirs: FullPractice) -> None:
    browser = Browser(ours.people[Role.OWNER])
    asked = [
        address
        for address in ADDRESSES
        if address.route.startswith(TENANT) and re.search(r"<(pk|version)>", address.route)
    ]
    assert len(asked) >= 9
    wrong = []
    for address in asked:
        url = url_of(address, theirs).replace(f"/p/{theirs.practice.slug}/", f"/p/{ours.practice.slug}/")
        for method in METHODS:
            answers = {browser.ask(method, url), browser.ask(method, re.sub(r"\d+", "987654321", url))}
            if answers - {"404", "405"} or (answers == {"405"} and (method, address.route) in ROWS):
                wrong.append(f"{method} {url}: {answers}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("action", ["release", "retry", "cancel", "keep"])
def test_ticked_changes_of_another_practice_are_left_alone(
    ours: FullPractice, theirs: FullPractice, action: str
) -> None:
    client = Client()
    client.force_login(ours.people[Role.OWNER])
    client.post(
        f"/p/{ours.practice.slug}/changes/act/",
        {"action": action, "change": [str(theirs.change.pk)], "note": "no"},
    )
    before = (theirs.change.state, theirs.change.message, theirs.change.tries)
    theirs.change.refresh_from_db()
    assert (theirs.change.state, theirs.change.message, theirs.change.tries) == before


def test_an_invitation_for_another_address_is_not_found(theirs: FullPractice, client: Client) -> None:
    client.force_login(make_user("curious@example.com"))
    answer = client.post(f"/invitations/{theirs.invitation.pk}/accept/", follow=True)
    assert answer.status_code == 404
    assert theirs.invitation.email not in answer.content.decode()


def test_no_practice_answers_like_another_ones(theirs: FullPractice) -> None:
    """Nothing tells a stranger which names are taken."""
    stranger = Client()
    stranger.force_login(make_user())
    taken, free = (
        re.sub(r"\w{64}", "token", stranger.get(f"/p/{slug}/").content.decode()).replace(slug, "")
        for slug in (theirs.practice.slug, "no-such-practice")
    )
    assert taken == free


class Browser:
    """Asks as one person; whatever an answer changes is taken back, logging out included."""

    def __init__(self, user: User | None) -> None:
        self._client = Client()
        if user is not None:
            self._client.force_login(user)
        session = self._client.cookies.get(django_settings.SESSION_COOKIE_NAME)
        self._key = session.value if session else None

    def ask(self, method: str, url: str) -> str:
        self._client.cookies = SimpleCookie()
        if self._key is not None:
            self._client.cookies[django_settings.SESSION_COOKIE_NAME] = self._key
        before = transaction.savepoint()
        try:
            answer = self._client.get(url) if method == "GET" else self._client.post(url)
        finally:
            transaction.savepoint_rollback(before)
        return outcome(answer)


def outcome(answer: HttpResponseBase) -> str:
    """A status; for redirects where they lead: ``login``, ``again`` (log in once more) or ``go``."""
    if answer.status_code not in {301, 302, 303}:
        return str(answer.status_code)
    location = str(answer["Location"])
    if location.startswith(("/accounts/login/", "/admin/login/")):
        return "login"
    return "again" if location.startswith("/accounts/reauthenticate/") else "go"


def _person(ours: FullPractice, person: str) -> User | None:
    if person in ROLES:
        return ours.people[ROLES[person]]
    if person == "stranger":
        return make_member(make_practice("Elsewhere"))
    return make_user("support@example.com", is_staff=True) if person == "support" else None


def url_of(address: Address, full: FullPractice) -> str:
    """The address with the ids of this practice's rows in it."""
    values = {
        "slug": full.practice.slug,
        "provider": "xero",
        "section": "invoices",
        "table": "services",
        "version": str(full.mapping.version),
        "target": "contact.email",
        "about": "invoice",
        "rule": full.rule_key,
        "token": full.invitation_token,
        "key": "1-made-up",
        "uidb36": "1",
        "kind": "slack",
        "public_id": str(full.books.source.public_id),
        "object_id": _row_of(address.path),
        "content_type_id": "1",
        "app_label": "sync",
        "url": "nothing-here",
        "pk": str(_ids(full).get(address.name, 1)),
    }
    return re.sub(r"<(\w+)>", lambda match: values[match[1]], address.path)


def _row_of(path: str) -> str:
    """The id of some row of the model that an admin page is about."""
    found = re.match(r"/admin/(\w+)/(\w+)/<object_id>", path)
    return str(apps.get_model(found[1], found[2])._default_manager.latest("pk").pk) if found else "1"


def _ids(full: FullPractice) -> dict[str, int]:
    return {
        "run": full.run.pk,
        "record": full.contact.pk,
        **dict.fromkeys(("record_why", "thread", "record_asof"), full.contact.pk),
        "close_withdraw": full.sign_off.pk,
        **dict.fromkeys((f"client_{act}" for act in ("node", "split", "judge", "undo")), full.contact.pk),
        "rehearsal": full.rehearsal.pk,
        "problem": full.incident.pk,
        "problem_export": full.incident.pk,
        "problem_assign": full.incident.pk,
        "problem_snooze": full.incident.pk,
        "problem_retry": full.incident.pk,
        "problem_skip": full.incident.pk,
        "mismatch": full.mismatch.pk,
        **dict.fromkeys(
            (f"mismatch_{act}" for act in ("accept", "reopen", "assign", "note", "fix")), full.mismatch.pk
        ),
        "comparison": ReconcileRun.objects.filter(practice=full.practice).latest("pk").pk,
        **dict.fromkeys(("report_view_change", "report_view_delete"), full.reported.view.pk),
        **dict.fromkeys(("report_mail", "report_mail_delete"), full.reported.schedule.pk),
        "review": full.review.pk,
        "review_decide": full.review.pk,
        "change": full.change.pk,
        "event": full.event.pk,
        "event_again": full.event.pk,
        "hook_secret_replace": full.hook_secret.pk,
        "hook_secret_revoke": full.hook_secret.pk,
        "member_role": full.membership(Role.STAFF).pk,
        "member_remove": full.membership(Role.STAFF).pk,
        "invitation_resend": full.invitation.pk,
        "invitation_revoke": full.invitation.pk,
        "invitation_accept": full.invitation.pk,
        **dict.fromkeys(
            (f"alert_channel{act}" for act in ("", "_test", "_switch", "_mute", "_ask", "_delete")),
            full.channel.pk,
        ),
    }
