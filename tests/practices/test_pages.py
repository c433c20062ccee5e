"""Creating a practice, its settings, the audit trail, the profile and the frame around every page."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from django.views.defaults import server_error

from practices.audit import record
from practices.models import AuditEntry, Membership, Practice, Role, User
from tests.make import PASSWORD, make_member, make_practice, make_user

pytestmark = pytest.mark.django_db

NEW = {"name": "Kauri & Sons", "country": "NZ", "time_zone": "Pacific/Auckland"}


def test_a_new_person_is_asked_to_create_or_join(client: Client) -> None:
    client.force_login(make_user("bob@example.com"))
    page = client.get("/").content.decode()
    assert "Create your practice or accept an invitation" in page
    assert "bob@example.com" in page


def test_creating_a_practice(client: Client) -> None:
    bob = make_user()
    client.force_login(bob)
    answer = client.post("/practices/new/", NEW)
    practice = Practice.objects.get()
    assert answer["Location"] == f"/p/{practice.slug}/connections/"
    assert (practice.slug, practice.base_currency) == ("kauri-sons", "NZD")
    assert Membership.objects.get(practice=practice).role == Role.OWNER
    assert AuditEntry.objects.get().action == "practice.created"


@pytest.mark.parametrize(
    ("name", "slug"), [("Kauri & Sons", "kauri-sons-2"), ("Admin", "admin-2"), ("柳", "practice")]
)
def test_addresses_are_unique_and_never_reserved(client: Client, name: str, slug: str) -> None:
    make_practice("Kauri & Sons", slug="kauri-sons")
    client.force_login(make_user())
    client.post("/practices/new/", {**NEW, "name": name})
    assert Practice.objects.filter(slug=slug).exists()


def test_a_time_zone_of_another_country_is_refused(client: Client) -> None:
    client.force_login(make_user())
    page = client.post("/practices/new/", {**NEW, "time_zone": "Europe/London"}).content.decode()
    assert "Choose a time zone of New Zealand" in page
    assert not Practice.objects.exists()


def test_one_practice_opens_by_itself(alice: Client, owner: User) -> None:
    assert alice.get("/")["Location"] == "/p/harbour/"
    assert alice.get("/?all=1").status_code == 200
    make_member(make_practice("Second"), user=owner)
    assert "Second" in alice.get("/").content.decode()


def test_changing_settings_is_audited_with_before_and_after(alice: Client, practice: Practice) -> None:
    form = {"name": "Harbour Lane", "country": "AU", "time_zone": "Australia/Perth", "base_currency": "AUD"}
    alice.post("/p/harbour/settings/", form)
    practice.refresh_from_db()
    assert (practice.name, practice.slug) == ("Harbour Lane", "harbour")
    details = AuditEntry.objects.get(action="practice.changed").details
    assert details["before"] == {"name": "Harbour Lane Advisory", "time_zone": "Australia/Sydney"}
    assert details["after"] == {"name": "Harbour Lane", "time_zone": "Australia/Perth"}
    page = alice.post("/p/harbour/settings/", form, follow=True).content.decode()
    assert "Nothing was different" in page
    assert AuditEntry.objects.count() == 1


def test_a_refused_name_does_not_show_in_the_frame(alice: Client) -> None:
    form = {"name": "", "country": "AU", "time_zone": "Australia/Sydney", "base_currency": "aud"}
    assert alice.post("/p/harbour/settings/", form).content.decode().count("Harbour Lane Advisory") > 1


def test_the_profile(alice: Client, owner: User) -> None:
    alice.post("/profile/", {"name": "Alice Ng"})
    owner.refresh_from_db()
    assert owner.name == "Alice Ng"


def test_the_audit_trail_filters_and_pages(alice: Client, practice: Practice, owner: User) -> None:
    for number in range(60):
        record(practice, owner if number % 2 else None, "thing.done", f"Thing <{number}>")
    record(make_practice(), None, "thing.done", "Of someone else")
    page = alice.get("/p/harbour/audit/").content.decode()
    assert "Thing &lt;59&gt;" in page
    assert "Thing &lt;5&gt;" not in page
    assert "Of someone else" not in page
    assert "Thing &lt;5&gt;" in alice.get("/p/harbour/audit/?page=2").content.decode()
    page = alice.get("/p/harbour/audit/?actor=System").content.decode()
    assert "Thing &lt;58&gt;" in page
    assert "Thing &lt;59&gt;" not in page
    assert "No entry fits" in alice.get("/p/harbour/audit/?action=other").content.decode()
    assert alice.get("/p/harbour/audit/?page=nonsense").status_code == 200


def test_the_audit_trail_cannot_be_changed(practice: Practice) -> None:
    entry = record(practice, None, "thing.done", "Thing")
    for change in (
        lambda: AuditEntry.objects.filter(pk=entry.pk).update(summary="Other"),
        lambda: AuditEntry.objects.filter(pk=entry.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            change()


def test_the_frame_says_when_all_is_simulated(alice: Client, settings: Any) -> None:
    for name in (
        "IGNITION_API_URL",
        "IGNITION_AUTH_URL",
        "XERO_API_URL",
        "XERO_LOGIN_URL",
        "XERO_IDENTITY_URL",
    ):
        setattr(settings, name, "https://api.example.com")
    assert "Simulated" not in alice.get("/p/harbour/members/").content.decode()
    settings.XERO_API_URL = "http://127.0.0.1:8091"
    assert "Simulated" in alice.get("/p/harbour/members/").content.decode()


def test_demo_log_ins_show_only_when_set(client: Client, settings: Any) -> None:
    settings.DEMO_LOGINS = []
    assert "Demo log-ins" not in client.get("/accounts/login/").content.decode()
    settings.DEMO_LOGINS = [{"email": "ava@example.com", "password": "open sesame", "label": "Ava"}]
    page = client.get("/accounts/login/").content.decode()
    assert "Demo log-ins" in page
    assert "ava@example.com" in page


def test_signing_up_and_verifying(client: Client, mailoutbox: Any) -> None:
    client.post("/accounts/signup/", {"email": "n@example.com", "password1": PASSWORD, "password2": PASSWORD})
    assert EmailAddress.objects.filter(verified=True).count() == 0
    assert client.get("/").status_code == 302  # not in before the address is verified
    path = "/accounts/confirm-email/" + mailoutbox[0].body.split("/accounts/confirm-email/")[1].split()[0]
    assert client.get(path).status_code == 200
    client.post(path)
    assert EmailAddress.objects.filter(verified=True).count() == 1


def test_every_account_page_renders(alice: Client) -> None:
    for path in ("email/", "password/change/", "2fa/", "sessions/", "logout/"):
        answer = alice.get(f"/accounts/{path}")
        assert answer.status_code == 200, path
        assert 'class="topbar"' in answer.content.decode()


def test_pages_have_no_inline_script_or_style(alice: Client) -> None:
    for path in ("/p/harbour/connections/", "/p/harbour/members/", "/accounts/2fa/", "/accounts/login/"):
        page = alice.get(path, follow=True).content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page


def test_times_follow_the_practice(alice: Client, practice: Practice) -> None:
    Practice.objects.filter(pk=practice.pk).update(time_zone="Pacific/Auckland", base_currency="NZD")
    record(practice, None, "thing.done", "Thing")
    assert "NZ" in alice.get("/p/harbour/audit/").content.decode()
    assert timezone.get_current_timezone_name() == "UTC"  # and only while the page is made


def test_the_error_pages_render(rf: Any, db: None) -> None:
    broken = server_error(rf.get("/"))
    assert broken.status_code == 500
    assert "nothing is sent twice" in broken.content.decode()
    missing = Client().get("/nowhere/")
    assert missing.status_code == 404
    assert "There is nothing here" in missing.content.decode()
