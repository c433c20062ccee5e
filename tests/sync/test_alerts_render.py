"""What messages look like: safe for where they are shown, small enough, and signed."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail

from launcher.paths import BASE_DIR
from practices.models import Practice, Provider, Role
from sync import alerts
from sync.alerts import wording
from sync.alerts.render import slack, teams, webhook
from sync.models import Alert, ChannelKind, Resolution, Severity
from tests.make import make_connection, make_member, make_practice
from tests.sync.alerting import make_channel, make_incident, resolve
from tests.sync.receiver import web_receiver

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # noon of a Tuesday in Sydney
HOSTILE = "<!channel> <script>alert(1)</script> [click](https://evil.example) *bold* & co"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def practice(settings: Any) -> Practice:
    settings.BASE_URL = "https://sync.example.com"
    return make_practice("Harbour Lane", slug="harbour")


def told(practice: Practice, *, number: int = 1, **extra: Any) -> list[Alert]:
    for _ in range(number):
        make_incident(practice, **extra)
    alerts.announce(practice)
    return list(Alert.objects.select_related("incident__connection", "practice").order_by("pk"))


def test_slack_makes_nothing_of_somebodys_words(practice: Practice) -> None:
    message = wording.message_for(make_channel(practice), told(practice, title=HOSTILE, text=HOSTILE))
    payload = slack.payload(message)
    text = json.dumps(payload, ensure_ascii=False)
    assert "<!channel>" not in text
    assert "&lt;!channel&gt; &lt;script&gt;" in text
    assert "&amp; co" in text
    assert all(block["text"]["verbatim"] for block in payload["blocks"] if block["type"] == "section")
    links = re.findall(r"<(http[^|>]+)\|", text)
    assert len(links) == 2
    assert all(url.startswith("https://sync.example.com/p/harbour/") for url in links)


@pytest.mark.parametrize("number", [1, 20, 300])
def test_slack_takes_it(practice: Practice, number: int) -> None:
    rows = told(practice, number=number, title="&" * 200, text="<" * 600)
    payload = slack.payload(wording.message_for(make_channel(practice), rows))
    assert len(payload["blocks"]) <= 50
    for block in payload["blocks"]:
        for text in [block.get("text"), *block.get("elements", [])]:
            assert text is None or 0 < len(text["text"]) <= 3000
    assert len(json.dumps(payload["blocks"])) < 60_000


def test_teams_makes_nothing_of_somebodys_words(practice: Practice) -> None:
    message = wording.message_for(make_channel(practice), told(practice, title=HOSTILE, text=HOSTILE))
    card = teams.payload(message)["attachments"][0]["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}  # whose runs know no Markdown
    links = [action["url"] for action in card["actions"]]
    assert all(url.startswith("https://sync.example.com/p/harbour/") for url in links)


@pytest.mark.parametrize("number", [1, 20, 300])
def test_teams_takes_it(practice: Practice, number: int) -> None:
    rows = told(practice, number=number, title="\N{SNOWMAN}" * 200, text="\N{SNOWMAN}" * 600)
    payload = teams.payload(wording.message_for(make_channel(practice), rows))
    assert len(json.dumps(payload, ensure_ascii=False).encode()) <= 28_000
    if number > 1:
        shown = sum("selectAction" in str(block) for block in payload["attachments"][0]["content"]["body"])
        assert f"And {number - shown} more" in json.dumps(payload) or shown == number


def test_mails_are_safe_and_on_one_subject_line(practice: Practice) -> None:
    practice.name = "Harbour\r\nBcc: victim@example.com"
    practice.save()
    make_member(practice, Role.OWNER)
    make_channel(practice, ChannelKind.EMAIL, name=HOSTILE[:90])
    told(practice, title=f"{HOSTILE}\r\nX-Evil: 1", text=HOSTILE)
    assert alerts.send_due() == 1
    (sent,) = mail.outbox
    assert sent.subject.startswith("Harbour Bcc: victim@example.com: <!channel>")
    assert "\n" not in sent.subject
    raw = sent.message()
    assert raw["Bcc"] is None
    assert raw["X-Evil"] is None
    (html,) = [part.content for part in getattr(sent, "alternatives", [])]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert not re.search(r'href="(?!https://sync\.example\.com/)', html)
    assert "<script>" in sent.body  # plain text stays as it is


def test_money_and_time_are_the_practices(settings: Any) -> None:
    settings.BASE_URL = "https://sync.example.com"
    kiwi = make_practice("Kauri", country="NZ", slug="kauri")
    rows = told(kiwi, amount=Decimal("99.50"), currency="NZD", severity=Severity.CRITICAL)
    rows += told(kiwi, amount=Decimal("5"), currency="GBP", cause="other")[1:]
    first, second = wording.message_for(make_channel(kiwi), rows).items
    assert first.fact_line == "Needs you now · since Tue 24 Nov, 1:55 pm · 12 records · $99.50"
    assert second.fact_line.endswith("GBP 5.00")


def test_subjects(practice: Practice) -> None:
    channel = make_channel(practice)
    (only,) = told(practice, count=1)
    assert wording.message_for(channel, [only]).subject == "Harbour Lane: Invoices refused by Xero · 1 record"
    more = told(practice, number=2, count=0, title="Xero needs reconnecting")
    assert wording.message_for(channel, more[1:2]).subject == "Harbour Lane: Xero needs reconnecting"
    assert wording.message_for(channel, more).subject == "Harbour Lane: 3 problems"
    resolve(more[0].incident, minutes=10)  # type: ignore[arg-type]
    alerts.announce(practice)
    both = list(Alert.objects.select_related("incident__connection", "practice").order_by("pk"))
    assert wording.message_for(channel, both[1:]).subject == "Harbour Lane: 2 problems, 1 no longer a problem"


@pytest.mark.parametrize(
    ("minutes", "by", "text"),
    [
        (0.2, Resolution.ITSELF, "It ended by itself after 1 minute."),
        (89, Resolution.ITSELF, "It ended by itself after 89 minutes."),
        (90, Resolution.PERSON, "Somebody put it right after 2 hours."),
        (60 * 47, Resolution.PERSON, "Somebody put it right after 2 days."),
    ],
)
def test_how_it_ended(practice: Practice, minutes: float, by: str, text: str) -> None:
    incident = make_incident(practice)
    incident.resolution = by
    incident.resolved_at = incident.opened_at + timedelta(minutes=minutes)
    assert wording.recovery_text(incident) == text


# --- the webhook, as docs/alerts.md describes it ----------------------------------------------------------


def in_the_document(language: str) -> str:
    text = (BASE_DIR / "docs/alerts.md").read_text(encoding="utf-8")
    found = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def is_genuine() -> Any:
    """The receiver's function as printed in the document."""
    names: dict[str, Any] = {}
    exec(in_the_document("python"), names)  # noqa: S102  our own document
    return names["is_genuine"]


def test_a_receiver_verifies_as_documented(practice: Practice) -> None:
    check = is_genuine()
    with web_receiver() as receiver:
        address = {"url": receiver.url, "key": "the key that was shown once"}
        make_channel(practice, ChannelKind.WEBHOOK, address=address)
        told(practice, title="Rechnungen für Müller")
        alerts.send_due()
        (got,) = receiver.got
    headers = {name.title(): value for name, value in got.headers.items()}
    assert set(headers) >= {"X-Event-Id", "X-Timestamp", "X-Signature"}
    now, key = time.time(), address["key"]
    assert check(headers, got.body, key, now)
    assert not check(headers, got.body + b" ", key, now)
    assert not check(headers, got.body, "another key", now)
    assert not check(headers, got.body, key, now + 301)
    assert not check({**headers, "X-Timestamp": str(int(now) - 1)}, got.body, key, now)
    assert not check({**headers, "X-Timestamp": "now"}, got.body, key, now)
    body = json.loads(got.body)
    assert body["id"] == headers["X-Event-Id"] == str(Alert.objects.get().key)


def test_the_documented_body_is_what_is_sent(practice: Practice) -> None:
    shown = json.loads(in_the_document("json"))
    xero = make_connection(practice, Provider.XERO)
    amount: dict[str, Any] = {"amount": Decimal("12300.00"), "currency": "AUD"}
    (alert,) = told(practice, cause="rejected.account_gone", connection=xero, **amount)
    sent = json.loads(webhook.body(wording.event_for(alert)))
    assert _shape(sent) == _shape(shown)
    assert {name: sent["problem"][name] for name in ("kind", "system", "count", "amount", "opened_at")} == {
        name: shown["problem"][name] for name in ("kind", "system", "count", "amount", "opened_at")
    }


def test_tries_share_the_id_and_an_end_is_told_with_its_time(practice: Practice) -> None:
    with web_receiver() as receiver:
        receiver.answers = [(500, b"", {})]
        make_channel(practice, ChannelKind.WEBHOOK, address={"url": receiver.url, "key": "k"})
        incident = make_incident(practice)
        alerts.announce(practice)
        alerts.send_due()
        with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
            alerts.send_due()
            resolve(incident, minutes=0)
        with time_machine.travel(NOW + timedelta(minutes=15), tick=False):
            alerts.announce(practice)
            alerts.send_due()
        first, again, end = receiver.got
    assert first.headers["x-event-id"] == again.headers["x-event-id"] != end.headers["x-event-id"]
    assert first.headers["x-timestamp"] != again.headers["x-timestamp"]
    assert first.headers["x-signature"] != again.headers["x-signature"]
    told_of, over = json.loads(first.body)["problem"], json.loads(end.body)
    assert over["type"] == "problem.recovered"
    assert over["problem"]["resolved_at"] == "2026-11-24T01:05:00Z"
    assert (over["problem"]["id"], over["problem"]["round"]) == (told_of["id"], told_of["round"])


def _shape(value: Any) -> Any:
    """Names and kinds of values, whatever they are."""
    if isinstance(value, dict):
        return {name: _shape(item) for name, item in value.items()}
    return type(value).__name__
