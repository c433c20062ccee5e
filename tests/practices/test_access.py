"""The one door: strangers, roles, second factor."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from practices.models import Practice, Role, User
from tests.make import make_member, make_practice, make_user

pytestmark = pytest.mark.django_db

PAGES = ("connections", "members", "settings", "audit", "connections/ignition", "connections/xero/choose")


def test_logged_out_goes_to_the_log_in_page(client: Client, practice: Practice) -> None:
    for page in PAGES:
        answer = client.get(f"/p/harbour/{page}/")
        assert answer.status_code == 302
        assert answer["Location"] == f"/accounts/login/?next=/p/harbour/{page}/"


def test_a_stranger_cannot_tell_a_practice_from_none(client: Client, practice: Practice) -> None:
    client.force_login(make_member(make_practice()))
    for page in PAGES:
        theirs = client.get(f"/p/harbour/{page}/")
        nobodys = client.get(f"/p/no-such-practice/{page}/")
        assert theirs.status_code == nobodys.status_code == 404
        assert practice.name not in theirs.content.decode()


def test_a_deactivated_member_is_out(alice: Client, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert alice.get("/p/harbour/members/").status_code == 302


@pytest.mark.parametrize(
    ("role", "expected"),
    [(Role.VIEWER, 403), (Role.STAFF, 403), (Role.ADMIN, 200), (Role.OWNER, 200)],
)
def test_settings_are_for_admins(client: Client, practice: Practice, role: Role, expected: int) -> None:
    client.force_login(make_member(practice, role))
    answer = client.get("/p/harbour/settings/")
    assert answer.status_code == expected
    if expected == 403:
        text = answer.content.decode()
        assert "for the role admin and above" in text
        assert "Harbour Lane Advisory" in text  # the frame stays, so that one can go on


def test_the_sidebar_shows_what_the_role_may_open(client: Client, practice: Practice) -> None:
    client.force_login(make_member(practice, Role.VIEWER))
    page = client.get("/p/harbour/members/").content.decode()
    assert "/p/harbour/connections/" in page
    assert "/p/harbour/settings/" not in page


class TestSecondFactor:
    @pytest.fixture(autouse=True)
    def _required(self, settings: Any) -> None:
        settings.REQUIRE_MFA = True

    def test_an_admin_without_one_is_sent_to_set_it_up(self, client: Client, practice: Practice) -> None:
        client.force_login(make_member(practice, Role.ADMIN))
        answer = client.get("/p/harbour/settings/")
        assert answer["Location"] == "/p/harbour/second-factor/"
        page = client.get("/p/harbour/second-factor/").content.decode()
        assert "Set up an authenticator app" in page

    def test_posts_are_stopped_too(self, alice: Client) -> None:
        answer = alice.post("/p/harbour/members/invite/", {"email": "x@example.com", "role": "staff"})
        assert answer["Location"] == "/p/harbour/second-factor/"

    def test_with_one_nothing_stands_in_the_way(self, alice: Client, owner: User) -> None:
        Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={"secret": "x"})
        assert alice.get("/p/harbour/settings/").status_code == 200
        assert alice.get("/p/harbour/second-factor/")["Location"] == "/p/harbour/"

    def test_staff_need_none(self, client: Client, practice: Practice) -> None:
        client.force_login(make_member(practice, Role.STAFF))
        assert client.get("/p/harbour/members/").status_code == 200

    def test_an_installation_may_switch_it_off(self, alice: Client, settings: Any) -> None:
        settings.REQUIRE_MFA = False
        assert alice.get("/p/harbour/settings/").status_code == 200

    def test_a_stranger_still_sees_nothing(self, client: Client, practice: Practice) -> None:
        client.force_login(make_user())
        assert client.get("/p/harbour/second-factor/").status_code == 404

    def test_the_way_back_from_a_consent_is_closed_too(self, alice: Client, settings: Any) -> None:
        settings.REQUIRE_MFA = False
        alice.post("/p/harbour/connections/xero/consent/")
        state = next(iter(alice.session["consents"]))
        settings.REQUIRE_MFA = True
        answer = alice.get(f"/connections/callback/xero/?code=x&state={state}")
        assert answer["Location"] == "/p/harbour/second-factor/"
