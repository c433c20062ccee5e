"""Invitations: the link works once, for one address, for seven days."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from practices.models import AuditEntry, Invitation, Membership, Practice, Role, User
from tests.make import PASSWORD, make_member, make_practice, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def invite(alice: Client, django_capture_on_commit_callbacks: Any) -> Any:
    """Invites through the page; gives the path of the link in the mail."""

    def send(email: str = "bob@example.com", role: str = "staff") -> str:
        with django_capture_on_commit_callbacks(execute=True):
            page = alice.post("/p/harbour/members/invite/", {"email": email, "role": role}, follow=True)
        assert "Invitation sent" in page.content.decode(), page.content.decode()
        return link()

    return send


def link() -> str:
    found = re.search(r"http://127.0.0.1:\d+(/invitations/\S+/)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def accept(browser: Client, path: str) -> Any:
    page = browser.get(path).content.decode()
    action = re.search(r'action="(/invitations/\d+/accept/)"', page)
    assert action, page
    return browser.post(action[1], follow=False)


def test_a_known_person_joins(invite: Any, practice: Practice) -> None:
    bob = make_user("bob@example.com")
    path = invite()
    assert mail.outbox[-1].to == ["bob@example.com"]
    assert practice.name in mail.outbox[-1].subject
    answer = accept(browser_of(bob), path)
    assert answer["Location"] == "/p/harbour/"
    assert Membership.objects.get(user=bob).role == Role.STAFF
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert actions == {"invitation.sent", "member.joined"}


def test_only_a_hash_of_the_token_is_stored(invite: Any) -> None:
    token = invite().split("/")[2]
    assert token not in str(Invitation.objects.values_list()[0])


def test_it_works_once(invite: Any) -> None:
    bob = make_user("bob@example.com")
    path = invite()
    pk = Invitation.objects.get().pk
    browser = browser_of(bob)
    accept(browser, path)
    Membership.objects.filter(user=bob).delete()
    assert "used already" in browser.get(path).content.decode()
    browser.post(f"/invitations/{pk}/accept/")
    assert not Membership.objects.filter(user=bob).exists()


def test_it_runs_out(invite: Any) -> None:
    bob = make_user("bob@example.com")
    path = invite()
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        browser = browser_of(bob)
        assert "ran out" in browser.get(path).content.decode()
        browser.post(f"/invitations/{Invitation.objects.get().pk}/accept/")
    assert not Membership.objects.filter(user=bob).exists()


def test_it_is_for_one_address(invite: Any) -> None:
    path = invite()
    charlie = make_user("charlie@example.com")
    browser = browser_of(charlie)
    page = browser.get(path).content.decode()
    assert "This invitation is for bob@example.com" in page
    answer = browser.post(f"/invitations/{Invitation.objects.get().pk}/accept/", follow=True)
    assert answer.status_code == 404
    assert "bob@example.com" not in answer.content.decode()
    assert not Membership.objects.filter(user=charlie).exists()


def test_an_unverified_address_does_not_count(invite: Any) -> None:
    bob = make_user("bob@example.com")
    EmailAddress.objects.filter(user=bob).update(verified=False)
    assert "This invitation is for" in browser_of(bob).get(invite()).content.decode()


def test_the_case_of_the_address_does_not_matter(invite: Any) -> None:
    bob = make_user("bob@example.com")
    accept(browser_of(bob), invite("Bob@Example.com"))
    assert Membership.objects.filter(user=bob).exists()


def test_a_new_person_signs_up_through_the_link_and_joins(invite: Any) -> None:
    path = invite("new@example.com", "viewer")
    browser = Client()
    assert "Create an account to join" in browser.get(path).content.decode()
    sent = len(mail.outbox)
    answer = browser.post(
        f"/accounts/signup/?next={path}",
        {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD, "next": path},
    )
    assert answer.status_code == 302
    # The link proved the mailbox: no second mail, straight back to the invitation.
    assert answer["Location"] == path
    assert len(mail.outbox) == sent
    accept(browser, path)
    assert Membership.objects.get(user__email="new@example.com").role == Role.VIEWER


def test_signing_up_with_another_address_verifies_only_the_invited_one(invite: Any) -> None:
    browser = Client()
    browser.get(invite("new@example.com"))
    browser.post(
        "/accounts/signup/", {"email": "x@example.com", "password1": PASSWORD, "password2": PASSWORD}
    )
    person = User.objects.get(emailaddress__email="x@example.com")
    assert list(EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)) == [
        "new@example.com"
    ]


def test_a_link_gives_no_way_into_an_existing_account(invite: Any) -> None:
    make_user("bob@example.com")
    browser = Client()
    page = browser.get(invite()).content.decode()
    assert "Log in to join" in page
    assert "account_verified_email" not in browser.session


def test_it_waits_on_the_first_page(invite: Any) -> None:
    bob = make_user("bob@example.com")
    invite()
    assert "Join Harbour Lane Advisory" in browser_of(bob).get("/").content.decode()


def test_sending_again_replaces_the_link(
    invite: Any, alice: Client, django_capture_on_commit_callbacks: Any
) -> None:
    old = invite()
    pk = Invitation.objects.get().pk
    with django_capture_on_commit_callbacks(execute=True):
        alice.post(f"/p/harbour/invitations/{pk}/resend/")
    assert link() != old
    bob = browser_of(make_user("bob@example.com"))
    assert bob.get(old).status_code == 404
    assert accept(bob, link())["Location"] == "/p/harbour/"


def test_withdrawing_makes_it_useless(invite: Any, alice: Client) -> None:
    path = invite()
    pk = Invitation.objects.get().pk
    for _ in range(2):
        alice.post(f"/p/harbour/invitations/{pk}/revoke/")
    assert AuditEntry.objects.filter(action="invitation.revoked").count() == 1
    assert "withdrawn" in browser_of(make_user("bob@example.com")).get(path).content.decode()


def test_one_open_invitation_per_address(invite: Any, alice: Client) -> None:
    invite()
    page = alice.post("/p/harbour/members/invite/", {"email": "BOB@example.com", "role": "staff"})
    assert page.status_code == 422
    assert "has an open invitation" in page.content.decode()


def test_one_that_ran_out_makes_room(invite: Any) -> None:
    invite()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    invite()
    assert Invitation.objects.filter(revoked_at=None).count() == 1


def test_members_are_not_invited_again(alice: Client, practice: Practice) -> None:
    make_member(practice, Role.STAFF, email="bob@example.com")
    page = alice.post("/p/harbour/members/invite/", {"email": "bob@example.com", "role": "staff"})
    assert "is a member already" in page.content.decode()


def test_an_admin_cannot_invite_an_owner(client: Client, practice: Practice) -> None:
    client.force_login(make_member(practice, Role.ADMIN))
    page = client.post("/p/harbour/members/invite/", {"email": "bob@example.com", "role": "owner"})
    assert page.status_code == 422
    assert not Invitation.objects.exists()


def test_accepting_does_not_change_the_role_of_a_member(invite: Any, practice: Practice) -> None:
    path = invite(role="viewer")
    bob = make_member(practice, Role.ADMIN, email="bob@example.com")
    assert "You are in Harbour Lane Advisory" in browser_of(bob).get(path).content.decode()
    browser_of(bob).post(f"/invitations/{Invitation.objects.get().pk}/accept/")
    assert Membership.objects.get(user=bob).role == Role.ADMIN


def test_invitations_of_another_practice_are_out_of_reach(invite: Any, client: Client) -> None:
    invite()
    pk = Invitation.objects.get().pk
    elsewhere = make_practice(slug="elsewhere")
    charlie = browser_of(make_member(elsewhere))
    assert charlie.post(f"/p/elsewhere/invitations/{pk}/resend/").status_code == 404
    assert charlie.post(f"/p/elsewhere/invitations/{pk}/revoke/").status_code == 404


def test_a_made_up_link(client: Client, db: None) -> None:
    page = client.get("/invitations/made-up/")
    assert page.status_code == 404
    assert "doesn't work" in page.content.decode() or "doesn&#x27;t work" in page.content.decode()
