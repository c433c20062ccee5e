"""Mail to people who are no members: asked first, told until they stop it; and other practices kept out."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from practices.models import AuditEntry, Membership, Practice, Role, User
from sync import alerts
from sync.alerts import recipients
from sync.models import Channel
from tests.make import make_member, make_practice
from tests.sync.alert_pages import COMMON, browser, page, send
from tests.sync.alerting import make_channel, make_incident
from tests.sync.receiver import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def practice() -> Practice:
    return make_practice("Harbour Lane", slug="harbour")


@pytest.fixture
def admin(practice: Practice) -> User:
    return make_member(practice, Role.ADMIN, email="ada@example.com")


@pytest.fixture
def web(admin: User) -> Client:
    return browser(admin)


def with_others(web: Client, *emails: str) -> Channel:
    data = {**COMMON, "name": "Mail", "owners_and_admins": "on", "others": "\n".join(emails)}
    send(web, "channels/add/email/", data)
    return Channel.objects.get(name="Mail")


def link_in(text: object) -> str:
    found = re.search(r"https?://[^/]+(/alerts/\S+)", str(text))
    assert found is not None
    return found[1]


def test_another_address_is_asked_first(practice: Practice, web: Client, admin: User) -> None:
    channel = with_others(web, "Books@Elsewhere.example", "books@elsewhere.example")
    (question,) = mail.outbox
    assert question.to == ["Books@Elsewhere.example"]
    assert "ada@example.com" in question.body
    assert "(not confirmed yet)" in page(web, "channels/")
    make_incident(practice)
    alerts.announce(practice)
    alerts.send_due()
    assert [one.to for one in mail.outbox[1:]] == [[admin.email]]
    stranger, link = browser(enforce_csrf_checks=True), link_in(question.body)
    assert "Yes, send them" in stranger.get(link).content.decode()
    channel.refresh_from_db()
    assert recipients.waiting(channel.address)  # looking is no consent
    assert stranger.post(link).status_code == 403
    plain = browser()
    assert "from now on" in plain.post(link).content.decode()
    assert "from now on" in plain.post(link).content.decode()
    channel.refresh_from_db()
    assert recipients.waiting(channel.address) == []
    assert channel.shown == "owners and admins, Books@Elsewhere.example"
    make_incident(practice, cause="another")
    alerts.announce(practice)
    mail.outbox.clear()
    alerts.send_due()
    assert sorted(one.to[0] for one in mail.outbox) == ["Books@Elsewhere.example", admin.email]
    told = next(one for one in mail.outbox if one.to == ["Books@Elsewhere.example"])
    assert told.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    ending = link_in(told.body[told.body.index("No more of it") :])
    assert ending in told.extra_headers["List-Unsubscribe"]
    assert "Send me no more" in stranger.get(ending).content.decode()
    assert "gets no more alerts" in stranger.post(ending).content.decode()  # also without a CSRF token
    channel.refresh_from_db()
    assert channel.address["others"] == []
    assert stranger.post(ending).status_code == 404
    assert plain.post(link).status_code == 404
    entries = AuditEntry.objects.filter(action__in=["channel.address_confirmed", "channel.address_stopped"])
    assert entries.count() == 2


def test_confirmed_addresses_stay_confirmed(web: Client) -> None:
    channel = with_others(web, "one@elsewhere.example")
    browser().post(link_in(mail.outbox[0].body))
    data = {**COMMON, "name": "Mail", "others": "one@elsewhere.example\ntwo@elsewhere.example"}
    send(web, f"channels/{channel.pk}/", data)
    channel.refresh_from_db()
    assert recipients.waiting(channel.address) == ["two@elsewhere.example"]
    assert [one.to for one in mail.outbox] == [["one@elsewhere.example"], ["two@elsewhere.example"]]
    send(web, f"channels/{channel.pk}/ask/")
    assert [one.to for one in mail.outbox[2:]] == [["two@elsewhere.example"]]


@pytest.mark.parametrize("change", ["made-up", "x", "a:b:c"])
def test_made_up_links(change: str) -> None:
    for kind in ("confirm", "stop"):
        assert browser().get(f"/alerts/{kind}/{change}/").status_code == 404
        assert browser().post(f"/alerts/{kind}/{change}/").status_code == 404


def test_a_link_is_for_one_thing_only(web: Client) -> None:
    """A link that ends the mails can't be turned into one that agrees to them, nor the other way round."""
    channel = with_others(web, "one@elsewhere.example")
    confirm = recipients.confirm_url(channel, "one@elsewhere.example").rpartition("/confirm/")[2]
    stop = recipients.stop_url(channel, "one@elsewhere.example").rpartition("/stop/")[2]
    assert browser().get(f"/alerts/stop/{confirm}").status_code == 404
    assert browser().get(f"/alerts/confirm/{stop}").status_code == 404


def test_a_question_is_open_for_a_week(web: Client) -> None:
    import time_machine  # noqa: PLC0415

    with_others(web, "one@elsewhere.example")
    link = link_in(mail.outbox[0].body)
    with time_machine.travel(timezone.now() + timedelta(days=6, hours=23)):
        assert browser().get(link).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=7, hours=1)):
        answer = browser().get(link)
    assert answer.status_code == 404
    assert "This link no longer works" in answer.content.decode()


def test_not_everybody_can_be_asked_in_one_day(practice: Practice, web: Client) -> None:
    channel = with_others(web, *(f"a{n}@elsewhere.example" for n in range(10)))
    send(web, f"channels/{channel.pk}/ask/")
    send(web, f"channels/{channel.pk}/ask/")
    assert len(mail.outbox) == 30
    assert "Too many people were asked today" in send(web, f"channels/{channel.pk}/ask/")
    assert len(mail.outbox) == 30


def test_a_mail_server_that_is_away_is_said(web: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    data = {**COMMON, "name": "Mail", "owners_and_admins": "on", "others": "one@elsewhere.example"}
    assert "could not be sent right now" in send(web, "channels/add/email/", data)


def test_a_member_who_left_is_told_no_more(practice: Practice, web: Client, admin: User) -> None:
    leaver = make_member(practice, Role.STAFF)
    data = {**COMMON, "name": "Mail", "members": [str(leaver.pk), str(admin.pk)]}
    send(web, "channels/add/email/", data)
    channel = Channel.objects.get()
    assert {one.email for one in recipients.recipients_of(channel)} == {leaver.email, admin.email}
    Membership.objects.filter(user=leaver).delete()
    assert {one.email for one in recipients.recipients_of(channel)} == {admin.email}


def test_another_practices_member_can_not_be_chosen(practice: Practice, web: Client) -> None:
    elsewhere = make_member(make_practice())
    data = {**COMMON, "name": "Mail", "members": [str(elsewhere.pk)]}
    assert "not one of the available choices" in send(web, "channels/add/email/", data)


@pytest.mark.parametrize("act", ["", "test/", "switch/", "mute/", "ask/", "delete/"])
def test_another_practices_channel_is_not_found(web: Client, receiver: Receiver, act: str) -> None:
    theirs = make_channel(make_practice(), name="Theirs", address={"url": receiver.url})
    answer = web.post(f"/p/harbour/alerts/channels/{theirs.pk}/{act}", {**COMMON, "name": "Mine", "on": "0"})
    assert answer.status_code == 404
    theirs.refresh_from_db()
    assert (theirs.name, theirs.is_on, theirs.muted_until) == ("Theirs", True, None)
    assert not receiver.got


@pytest.mark.django_db(transaction=True)
def test_agreeing_while_the_channel_is_changed(settings: Any) -> None:
    settings.NUDGE_WORKERS = False
    practice = make_practice("Harbour Lane", slug="harbour")
    web = browser(make_member(practice, Role.ADMIN))
    channel = with_others(web, "one@elsewhere.example")
    link = link_in(mail.outbox[0].body)
    data = {**COMMON, "name": "Mail", "owners_and_admins": "on", "others": "one@elsewhere.example"}
    for _ in range(5):
        acts = [
            threading.Thread(target=_closing, args=(browser(), link, {})),
            threading.Thread(target=_closing, args=(web, f"/p/harbour/alerts/channels/{channel.pk}/", data)),
        ]
        for act in acts:
            act.start()
        for act in acts:
            act.join(20)
        channel.refresh_from_db()
        assert recipients.waiting(channel.address) == []
        other = {**channel.address["others"][0], "confirmed_at": None}
        channel.address = {**channel.address, "others": [other]}
        channel.save()


def _closing(client: Client, url: str, data: dict[str, Any]) -> None:
    try:
        client.post(url, data)
    finally:
        connection.close()
