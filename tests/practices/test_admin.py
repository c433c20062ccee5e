"""Support: looks at everything, edits nothing, acts with a trace, sees no secrets."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from practices.admin_base import ReadOnlyAdmin
from practices.models import AuditEntry, Connection, ConnectionState, Invitation, Practice, Role, User
from tests.make import make_connection, make_grant, make_hook_secret, make_member, make_user

pytestmark = pytest.mark.django_db

MODELS = ("user", "practice", "membership", "invitation", "grant", "hooksecret", "connection", "auditentry")
OURS = [model for model in admin.site._registry if model._meta.app_label == "practices"]


@pytest.fixture
def support() -> User:
    """In the support team, and no superuser."""
    return make_user("support@example.com", is_staff=True)


@pytest.fixture
def desk(client: Client, support: User) -> Client:
    client.force_login(support)
    return client


@pytest.fixture
def connection(practice: Practice) -> Connection:
    grant = make_grant(secret={"access_token": "s3cret-a", "refresh_token": "s3cret-r"})
    return make_connection(practice, grant=grant, tenant_external_id="0d9f7c2a-1b6e")


@pytest.fixture
def invitation(practice: Practice) -> Invitation:
    return Invitation.objects.create(
        practice=practice, email="bob@example.com", token_hash="h4sh", expires_at=timezone.now()
    )


def act(desk: Client, model: str, action: str, pk: int) -> Any:
    form = {"action": action, "_selected_action": [pk]}
    return desk.post(f"/admin/practices/{model}/", form, follow=True)


def test_every_page_opens_and_shows_no_secret(
    desk: Client, connection: Connection, invitation: Invitation, owner: User
) -> None:
    secret = make_hook_secret(connection, secret="s3cret-h")
    for model in MODELS:
        listing = desk.get(f"/admin/practices/{model}/")
        assert listing.status_code == 200, model
        assert "s3cret" not in listing.content.decode()
    pages = [
        f"/admin/practices/grant/{connection.grant_id}/change/",
        f"/admin/practices/connection/{connection.pk}/change/",
        f"/admin/practices/invitation/{invitation.pk}/change/",
        f"/admin/practices/user/{owner.pk}/change/",
        f"/admin/practices/hooksecret/{secret.pk}/change/",
    ]
    for path in pages:
        page = desk.get(path)
        assert page.status_code == 200, path
        text = page.content.decode()
        assert "s3cret" not in text
        assert "h4sh" not in text
        assert owner.password not in text


def test_a_secret_without_a_key_does_not_take_the_page_down(
    desk: Client, connection: Connection, settings: Any
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="]
    assert desk.get(f"/admin/practices/grant/{connection.grant_id}/change/").status_code == 200
    assert desk.get(f"/admin/practices/connection/{connection.pk}/change/").status_code == 200


@pytest.mark.parametrize("model", OURS)
def test_rows_are_read_only_even_for_superusers(model: Any, rf: Any) -> None:
    request = rf.get("/admin/")
    request.user = make_user(is_staff=True, is_superuser=True)
    page = admin.site._registry[model]
    assert isinstance(page, ReadOnlyAdmin)
    assert not page.has_add_permission(request)
    assert not page.has_change_permission(request)
    assert not page.has_delete_permission(request)
    assert "delete_selected" not in page.get_actions(request)


def test_pages_with_other_peoples_secrets_are_gone() -> None:
    assert not any(admin.site.is_registered(model) for model in (Authenticator, EmailAddress, Group))


def test_searching_by_practice_and_by_external_id(desk: Client, connection: Connection) -> None:
    for words in ("harbour", "0d9f7c2a", str(connection.public_id)):
        page = desk.get("/admin/practices/connection/", {"q": words}).content.decode()
        assert "1 connection" in page, words
    assert "0 connections" in desk.get("/admin/practices/connection/", {"q": "nowhere"}).content.decode()


def test_deactivating_a_person(desk: Client, support: User, practice: Practice) -> None:
    bob = make_member(practice, Role.STAFF)
    browser = Client()
    browser.force_login(bob)
    assert browser.get("/p/harbour/members/").status_code == 200
    for _ in range(2):
        act(desk, "user", "deactivate", bob.pk)
    assert browser.get("/p/harbour/members/").status_code == 302
    entry = AuditEntry.objects.get(action="user.deactivated")
    assert entry.actor == support
    assert entry.practice == practice
    act(desk, "user", "reactivate", bob.pk)
    bob.refresh_from_db()
    assert bob.is_active


def test_nobody_deactivates_themselves(desk: Client, support: User) -> None:
    act(desk, "user", "deactivate", support.pk)
    support.refresh_from_db()
    assert support.is_active


def test_withdrawing_an_invitation(desk: Client, support: User, invitation: Invitation) -> None:
    for _ in range(2):
        act(desk, "invitation", "revoke", invitation.pk)
    invitation.refresh_from_db()
    assert invitation.revoked_at is not None
    assert AuditEntry.objects.get(action="invitation.revoked").actor == support


def test_flagging_a_connection(desk: Client, support: User, connection: Connection) -> None:
    for _ in range(2):
        act(desk, "connection", "flag", connection.pk)
    connection.refresh_from_db()
    assert connection.state == ConnectionState.NEEDS_RECONNECT
    assert AuditEntry.objects.get(action="connection.needs_reconnect").actor == support


def test_members_of_practices_are_no_support(alice: Client) -> None:
    assert alice.get("/admin/", follow=True).status_code == 403


def test_logging_in_goes_through_the_one_log_in_page(client: Client) -> None:
    answer = client.get("/admin/practices/user/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")
    assert client.post("/admin/login/", {"username": "a", "password": "b"})["Location"].startswith(
        "/accounts/login/"
    )


def test_the_support_team_needs_a_second_factor(desk: Client, support: User, settings: Any) -> None:
    settings.REQUIRE_MFA = True
    page = desk.get("/admin/practices/user/", follow=True)
    assert page.redirect_chain[-1][0] == "/accounts/2fa/"
    assert "Set up two-step log-in first" in page.content.decode()
    Authenticator.objects.create(user=support, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert desk.get("/admin/practices/user/").status_code == 200


def test_the_way_back_stays_on_this_site(desk: Client) -> None:
    assert desk.get("/admin/login/?next=https://evil.example/")["Location"] == "/admin/"
