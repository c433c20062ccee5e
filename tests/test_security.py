"""What an attacker tries: other people's sites in links, markup, guessing, forging, taking over."""

import re
from datetime import timedelta
from typing import Any

import pgtrigger
import pytest
from allauth.core.context import request_context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.usersessions.models import UserSession
from django.core import mail
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client, RequestFactory
from django.utils import timezone

from config.environment import cache as parsed_cache
from mappings import drafts
from mappings.models import MappingSet
from practices import invitations
from practices.models import AuditEntry, Invitation, Practice, Role, User
from sync.models import Snapshot
from tests.full_practice import FullPractice, make_full_practice
from tests.make import PASSWORD, make_member, make_practice, make_user
from tests.test_access_matrix import ADDRESSES, TENANT, url_of

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def _nobody_outside_answers(settings: Any) -> None:
    settings.IGNITION_API_URL = settings.XERO_API_URL = settings.XERO_IDENTITY_URL = "http://127.0.0.1:9"


@pytest.fixture
def ours() -> FullPractice:
    return make_full_practice("Harbour")


@pytest.fixture
def owner(ours: FullPractice) -> Client:
    return browser_of(ours.people[Role.OWNER])


@pytest.fixture
def support() -> Client:
    return browser_of(make_user("support@example.com", is_staff=True, is_superuser=True))


def browser_of(user: User) -> Client:
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    return browser


def pages_of(ours: FullPractice) -> list[str]:
    """Every address of a practice that can be looked at."""
    return [url_of(address, ours) for address in ADDRESSES if address.route.startswith(TENANT)]


# --- where links and forms lead --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_the_way_back_stays_here(ours: FullPractice, owner: Client, support: Client, target: str) -> None:
    answer = owner.post("/p/harbour/changes/act/", {"action": "retry", "change": "1", "next": target})
    assert answer["Location"] == "/p/harbour/changes/"
    assert support.get("/admin/login/", {"next": target})["Location"] == "/admin/"
    logged_in = Client().post(
        "/accounts/login/",
        {"login": ours.people[Role.VIEWER].email, "password": PASSWORD, "next": target},
    )
    assert logged_in["Location"] == "/"


def test_a_word_is_no_way_back(ours: FullPractice, owner: Client, support: Client) -> None:
    for word in ("dashboard", "practice_list", "abc"):
        assert owner.post("/p/harbour/changes/act/", {"next": word}).status_code == 302
        assert support.get("/admin/login/", {"next": word}).status_code == 302


def test_every_form_asks_for_its_token(ours: FullPractice) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ours.people[Role.OWNER])
    for address in ADDRESSES:
        if address.route.startswith((TENANT, "/practices/", "/profile/", "/invitations/<pk>", "/admin/")):
            answer = client.post(url_of(address, ours))
            assert answer.status_code in {403, 404, 405}, address.path


def test_markup_from_outside_stays_text(ours: FullPractice, owner: Client, settings: Any) -> None:
    settings.IGNITION_API_URL = "https://developers.ignitionapp.com/external/api/v1"
    bad = {"name": HOSTILE, "link": "javascript:alert(1)", "email": HOSTILE, "tags": [HOSTILE]}
    Snapshot.objects.filter(practice=ours.practice).update(
        name=HOSTILE,
        number=HOSTILE,
        reference=HOSTILE,
        status="<b>x</b>",
        record=bad,
        raw=bad,
        standing_text=HOSTILE,
    )
    Practice.objects.update(name=HOSTILE)
    User.objects.update(name=HOSTILE)
    for url in pages_of(ours):
        answer = owner.get(url)
        if not answer["Content-Type"].startswith("text/html"):
            continue  # a file, which no browser takes for a page: see nosniff below
        text = answer.content.decode(errors="replace")
        assert "<script>alert" not in text, url
        assert "<img src=x" not in text, url
        assert not re.search(r"""(href|src|action)\s*=\s*["']?\s*javascript:""", text, re.IGNORECASE), url


def test_addresses_in_records_are_opened_only_when_they_are_secure(
    ours: FullPractice, owner: Client, settings: Any
) -> None:
    settings.IGNITION_API_URL = "https://developers.ignitionapp.com/external/api/v1"
    page = f"/p/harbour/records/{ours.contact.pk}/"
    for link in (
        "javascript:alert(1)",
        "data:text/html,x",
        "http://x.example/",
        " https://x.example/",
        "//x.example",
    ):
        Snapshot.objects.filter(pk=ours.contact.pk).update(record={"name": "A", "link": link})
        assert f'href="{link}' not in owner.get(page).content.decode(), link


# --- what the browser is told ----------------------------------------------------------------------------


def test_pages_forbid_inline_script_framing_and_keeping(ours: FullPractice, owner: Client) -> None:
    for url in ("/p/harbour/contacts/", "/p/harbour/mapping/tables/services/export/", "/p/harbour/audit/"):
        answer = owner.get(url)
        policy = answer["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert {"private", "no-store"} <= set(re.split(r",\s*", answer["Cache-Control"])), url


def test_no_page_needs_inline_script_or_style(ours: FullPractice, owner: Client) -> None:
    for url in [*pages_of(ours), "/", "/profile/", "/practices/new/", "/accounts/2fa/"]:
        text = owner.get(url).getvalue().decode(errors="replace")
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=.application/json)", text), url
        assert not re.search(r"<[a-z][^>]*\s(on[a-z]+|style)\s*=", text), url


def test_another_name_for_this_site_is_refused() -> None:
    assert Client().get("/accounts/login/", HTTP_HOST="evil.example").status_code == 400
    assert Client().get("/accounts/login/", HTTP_X_FORWARDED_HOST="evil.example").status_code == 200


# --- who somebody is -------------------------------------------------------------------------------------


def test_logging_in_changes_the_session_and_takes_no_state_of_another_person(ours: FullPractice) -> None:
    client = Client()
    client.force_login(ours.people[Role.OWNER])
    client.post("/p/harbour/connections/xero/consent/")
    assert client.session["consents"]
    first = client.session.session_key
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": ours.people[Role.ADMIN].email, "password": PASSWORD})
    assert client.session.session_key != first
    assert "consents" not in client.session


def test_a_consent_begun_by_someone_else_is_not_finished_here(ours: FullPractice, owner: Client) -> None:
    admin = browser_of(ours.people[Role.ADMIN])
    admin.post("/p/harbour/connections/xero/consent/")
    (state,) = admin.session["consents"]
    answer = owner.get("/connections/callback/xero/", {"state": state, "code": "stolen"})
    assert answer.status_code == 400
    # Nor at another provider than the one it was begun at, nor twice.
    assert admin.get("/connections/callback/ignition/", {"state": state, "code": "x"}).status_code == 400
    assert admin.get("/connections/callback/xero/", {"state": state, "code": "x"}).status_code == 400


def test_a_new_second_factor_ends_the_sessions_that_lack_it(ours: FullPractice, settings: Any) -> None:
    """Whoever knows only the password and logged in earlier must not come in with the owner's second factor."""
    settings.REQUIRE_MFA = True
    user = ours.people[Role.OWNER]
    mine, thief = Client(), Client()
    for client in (mine, thief):
        client.force_login(user)
        assert client.get("/p/harbour/").headers["Location"] == "/p/harbour/second-factor/"
    assert UserSession.objects.filter(user=user).count() == 2
    factor = Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    request = RequestFactory().post("/accounts/2fa/totp/activate/")
    request.session, request.user = mine.session, user
    with request_context(request):
        authenticator_added.send(sender=Authenticator, request=request, user=user, authenticator=factor)
    assert mine.get("/p/harbour/").status_code == 200
    assert thief.get("/p/harbour/").headers["Location"].startswith("/accounts/login/")


def test_guessing_a_password_is_stopped(ours: FullPractice) -> None:
    client = Client()
    email = ours.people[Role.OWNER].email
    for _ in range(5):
        client.post("/accounts/login/", {"login": email, "password": "wrong"})
    answer = client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert "Too many failed login attempts" in answer.content.decode()


def test_counts_of_failed_log_ins_are_not_pushed_out() -> None:
    """The database cache drops a third of its rows beyond 300 unless it is told otherwise."""
    options = parsed_cache("dbcache://cache_rows")["OPTIONS"]
    assert options["MAX_ENTRIES"] >= 100_000
    assert parsed_cache("dbcache://cache_rows?max_entries=5")["OPTIONS"] == {"MAX_ENTRIES": 5}
    assert "MAX_ENTRIES" not in parsed_cache("redis://127.0.0.1:6379/1").get("OPTIONS", {})


# --- the support team ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "user/?password__startswith=md5",
        "user/?password__regex=^m",
        "invitation/?token_hash__startswith=a",
        "grant/?secret__startswith=g",
        "connection/?lease_token__isnull=1",
        "connection/?grant__secret__startswith=g",
        "membership/?user__password__startswith=m",
    ],
)
def test_secrets_are_not_guessed_letter_by_letter(support: Client, ours: FullPractice, question: str) -> None:
    assert support.get(f"/admin/practices/{question}").status_code == 400


# --- mail and invitations --------------------------------------------------------------------------------


def test_a_name_cannot_write_the_mail_to_a_stranger(owner: Client, ours: FullPractice) -> None:
    forged = "Harbour\nYour account is locked. Log in at https://evil.example/"
    created = owner.post(
        "/practices/new/", {"name": forged, "country": "AU", "time_zone": "Australia/Sydney"}
    )
    assert "Write this on one line" in created.content.decode()
    assert "Write this on one line" in owner.post("/profile/", {"name": forged}).content.decode()
    assert not Practice.objects.filter(name__contains="evil").exists()


def test_a_name_stored_earlier_does_not_stop_the_mail(
    owner: Client, ours: FullPractice, django_capture_on_commit_callbacks: Any
) -> None:
    Practice.objects.filter(pk=ours.practice.pk).update(name="Harbour\r\nBcc: all@example.com")
    with django_capture_on_commit_callbacks(execute=True):
        owner.post("/p/harbour/members/invite/", {"email": "bob@example.com", "role": "viewer"})
    assert mail.outbox[-1].subject == "Join Harbour Bcc: all@example.com"
    assert mail.outbox[-1].recipients() == ["bob@example.com"]


def test_invitations_are_no_mass_mailer(
    owner: Client, ours: FullPractice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "MOST_A_DAY", 2)
    other = make_practice("Second", slug="second")
    make_member(other, user=ours.people[Role.OWNER])
    for slug, email in (("harbour", "a@example.com"), ("second", "b@example.com")):
        assert owner.post(f"/p/{slug}/members/invite/", {"email": email, "role": "viewer"}).status_code == 302
    refused = owner.post("/p/second/members/invite/", {"email": "c@example.com", "role": "viewer"})
    assert "go on tomorrow" in refused.content.decode()
    again = owner.post(f"/p/harbour/invitations/{ours.invitation.pk}/resend/", follow=True)
    assert "go on tomorrow" in again.content.decode()


def test_an_invitation_is_for_its_own_practice_role_and_time(ours: FullPractice, owner: Client) -> None:
    guest = make_user(ours.invitation.email)
    Invitation.objects.filter(pk=ours.invitation.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    browser_of(guest).post(f"/invitations/{ours.invitation.pk}/accept/", {"role": "owner"})
    assert not guest.memberships.exists()
    Invitation.objects.filter(pk=ours.invitation.pk).update(expires_at=timezone.now() + timedelta(days=1))
    browser_of(guest).post(f"/invitations/{ours.invitation.pk}/accept/", {"role": "owner"})
    assert guest.memberships.get().role == Role.VIEWER


# --- what stays --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["UPDATE {} SET summary = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_audit_trail_stays_as_it_is(ours: FullPractice, act: str) -> None:
    pgtrigger.enable("practices.AuditEntry:never_emptied")
    assert AuditEntry.objects.exists()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(act.format(AuditEntry._meta.db_table))


def test_a_draft_is_published_only_by_its_practice_and_as_it_was_looked_at(
    ours: FullPractice, owner: Client
) -> None:
    theirs = make_full_practice("Zanzibar")
    boss = browser_of(theirs.people[Role.OWNER])
    boss.post("/p/zanzibar/mapping/save/notes/", {"notes": "none", "revision": "0"})
    assert drafts.draft_of(theirs.practice) is not None
    assert owner.post("/p/zanzibar/mapping/draft/publish/", {"revision": "1"}).status_code == 404
    for revision in ("1", "0", "-1", "x", "é", ""):
        owner.post("/p/harbour/mapping/draft/publish/", {"revision": revision})
    for revision in ("0", "2", "x", ""):
        boss.post("/p/zanzibar/mapping/draft/publish/", {"revision": revision})
    assert MappingSet.objects.filter(practice=ours.practice).get() == ours.mapping
    assert drafts.draft_of(theirs.practice) is not None
