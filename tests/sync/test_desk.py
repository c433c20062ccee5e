"""The error desk in front of people: what it shows and what it leads to."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from practices.models import Role
from sync.models import Change, Incident, Kind, Mode, RunState
from tests.sync import rows
from tests.sync.desk import card, cards, incident, login, login_as, page, refresh, refused
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Books:
    made = rows.make_books(Mode.TAKE_OVER)
    rows.make_run(made, state=RunState.DONE)
    return made


# --- the list --------------------------------------------------------------------------------------------


def test_an_empty_desk_says_so_and_shows_what_healed(books: Books) -> None:
    client = login(books)
    assert "Nothing is wrong" in page(client, books)
    change = refused(books)
    refresh(books)
    Change.objects.filter(pk=change.pk).update(state="done")
    refresh(books)
    text = page(client, books)
    assert "Nothing is wrong" in text
    assert "Recently settled by themselves" in text
    assert "Invoices refused by Xero" in text


def test_a_card_says_what_how_much_and_what_helps(books: Books) -> None:
    refused(books, values={"tax": "10.00"})
    refresh(books)
    text = page(login(books), books)
    for words in (
        "dated in a locked period",
        "$110.00",
        "$10.00",
        "GST in it",
        "won't retry by itself: needs you",
        "Ignition → Xero",
        "Needs you",
    ):
        assert words in text, words


def test_british_practices_read_of_vat(db: None) -> None:
    books = rows.make_books(Mode.TAKE_OVER, country="GB")
    refused(books, values={"tax": "10.00"})
    refresh(books)
    text = page(login(books), books)
    assert "VAT in it" in text
    assert "GST" not in text


def test_the_worst_comes_first(books: Books) -> None:
    rows.make_change(books, Kind.CONTACT, reason="conflict")
    refused(books)
    refused(books, parked_as="unclear", reason="unclear")
    refresh(books)
    titles = cards(page(login(books), books))
    assert [title[:12] for title in titles] == ["It is not kn", "Invoices ref", "Contacts dif"]


def test_saved_views_and_filters(books: Books) -> None:
    me = books.member()
    refused(books)
    refused(books, Kind.PAYMENT, reason="overpayment", amount=Decimal("5000.00"))
    rows.make_change(books, state="pending", reason="", tries=1)
    rows.make_change(books, Kind.CONTACT, reason="conflict")
    refresh(books)
    Incident.objects.filter(cause="rejected.period_locked").update(assignee=me)
    client = login_as(me)
    expected = {
        "": 4,
        "?view=mine": 1,
        "?view=you": 2,
        "?view=heals": 1,
        "?view=much": 1,
        "?view=nonsense": 4,
        "?kind=payment": 1,
        "?system=xero": 4,
        "?system=ignition": 0,
        "?least=5000": 1,
        "?least=5000.01": 0,
        "?q=locked": 1,
        "?view=you&kind=invoice": 1,
    }
    for query, number in expected.items():
        text = page(client, books, f"problems/{query}")
        assert len(cards(text)) == number, query
        assert number or "No cause fits" in text
    chips = re.findall(r'class="chip" href="([^"]+)"[^>]*>[^<]+<span class="num">(\d+)', page(client, books))
    assert len(chips) == 5
    for url, count in chips:
        assert len(cards(client.get(url).content.decode())) == int(count), url


@pytest.mark.parametrize(
    "query", ["least=abc", "least=1e999999", "kind=x", "page=99", "tab=x", "sort=x", "view=%ff"]
)
def test_odd_addresses_are_answered(books: Books, query: str) -> None:
    refused(books)
    refresh(books)
    client = login(books)
    for address in (f"problems/?{query}", f"problems/{incident(books).pk}/?{query}"):
        assert client.get(books.url(address)).status_code == 200


def test_snoozed_and_settled_ones_have_their_own_tabs(books: Books) -> None:
    staff = books.member()
    client = login_as(staff)
    change = refused(books)
    refused(books, reason="has_payments")
    refresh(books)
    later = timezone.localdate() + timedelta(days=3)
    client.post(
        card(books, incident(books, "rejected.has_payments"), "snooze/"),
        {"until": str(later), "reason": "Audit"},
    )
    client.post(books.url("changes/act/"), {"action": "retry", "change": [change.pk]})
    assert cards(page(client, books)) == []
    snoozed = page(client, books, "problems/?tab=snoozed")
    assert len(cards(snoozed)) == 1
    assert "Audit" in snoozed
    settled = page(client, books, "problems/?tab=resolved")
    assert f"settled by {staff}" in settled


def test_a_viewer_sees_everything_and_no_buttons(books: Books) -> None:
    refused(books)
    refresh(books)
    client = login(books, Role.VIEWER)
    for rest in ("problems/", f"problems/{incident(books).pk}/"):
        assert 'method="post"' not in page(client, books, rest)
    for act in ("assign", "snooze", "retry", "skip"):
        assert client.post(card(books, incident(books), f"{act}/"), {"scope": "all"}).status_code == 403
    assert client.get(card(books, incident(books), "export/")).status_code == 200


# --- counts are links ------------------------------------------------------------------------------------


def test_home_navigation_and_lists_lead_to_the_problems(books: Books) -> None:
    client = login(books)
    assert "side-count" not in client.get(books.url()).content.decode()
    refused(books)
    refused(books, parked_as="unclear", reason="unclear")
    rows.make_change(books, state="pending", reason="", tries=1)
    refresh(books)
    home = client.get(books.url()).content.decode()
    assert re.search(r"side-count side-count-bad[^>]*>2<", home)
    assert f"/problems/{incident(books).pk}/" in home
    assert "2 need you" in re.sub(r"\s+", " ", home)
    assert "1 heals by itself" in home
    assert home.count("ated in a locked period") == 1, (
        "said once, not once more as a cause of planned changes"
    )
    invoices = client.get(books.url("invoices/")).content.decode()
    (url,) = re.findall(r'href="([^"]+)">2 problems with invoices', invoices)
    assert len(cards(client.get(url.replace("&amp;", "&")).content.decode())) == 2
    assert "problems with contacts" not in client.get(books.url("contacts/")).content.decode()


def test_the_count_leads_to_exactly_its_records(books: Books) -> None:
    for number in range(3):
        refused(books, title=f"F-{number}")
    refused(books, title="F-other", reason="has_payments")
    refresh(books)
    text = page(login(books), books, f"problems/{incident(books).pk}/")
    assert set(re.findall(r"F-\w+", text)) == {"F-0", "F-1", "F-2"}
    assert "3 of 3" in text


def test_pages_of_records_and_search(books: Books) -> None:
    for number in range(53):
        refused(books, title=f"F-{number:03}")
    refresh(books)
    client, found = login(books), incident(books)
    assert "50 of 53" in page(client, books, f"problems/{found.pk}/")
    assert "53 of 53" in page(client, books, f"problems/{found.pk}/?page=2")
    narrowed = page(client, books, f"problems/{found.pk}/?q=f-007")
    assert set(re.findall(r"F-\d+", narrowed)) == {"F-007"}
    assert "No record fits" in page(client, books, f"problems/{found.pk}/?q=nothing")


def test_records_have_both_systems_links_and_their_timeline(books: Books, settings: Any) -> None:
    settings.XERO_API_URL, settings.IGNITION_API_URL = "https://api.xero.com", "https://api.ignitionapp.com"
    source = rows.make_invoice(books, record={"link": "https://go.ignitionapp.com/i/1"})
    target = rows.make_invoice(books, at="target")
    refused(
        books,
        verb="update",
        source_external_id=source.external_id,
        target_external_id=target.external_id,
    )
    refresh(books)
    text = page(login(books), books, f"problems/{incident(books).pk}/")
    assert "https://go.ignitionapp.com/i/1" in text
    assert "go.xero.com" in text
    assert f"/records/{source.pk}/" in text


@pytest.mark.parametrize("count", [1, 20])
def test_every_sort_of_card_opens(books: Books, count: int) -> None:
    for _ in range(count):
        rows.make_review(books)
        rows.make_invoice(books, standing="held", standing_reason="target_gone")
        rows.make_invoice(books, problem="No total")
        rows.make_change(books, Kind.CONTACT, reason="conflict")
        rows.make_change(books, state="pending", reason="", tries=1)
    rows.make_run(books, state=RunState.FAILED, message="Our fault")
    refresh(books)
    client = login(books, Role.ADMIN)
    assert Incident.objects.count() == 6
    for found in Incident.objects.all():
        assert found.title in page(client, books, f"problems/{found.pk}/").replace("&#x27;", "'")


def test_queries_do_not_grow(books: Books) -> None:
    client = login(books, Role.ADMIN)

    def queries(rest: str) -> int:
        with CaptureQueriesContext(database) as caught:
            page(client, books, rest)
        return len(caught)

    def numbers() -> list[int]:
        refresh(books)
        found = incident(books)
        return [
            queries(rest) for rest in ("problems/", f"problems/{found.pk}/", "", "problems/?tab=resolved")
        ]

    def fill(number: int) -> None:
        for index in range(number):
            source, target = rows.make_invoice(books), rows.make_invoice(books, at="target")
            refused(books, source_external_id=source.external_id, target_external_id=target.external_id)
            refused(books, reason=f"r{index}")

    fill(2)
    numbers()
    few = numbers()
    fill(15)
    assert numbers() == few
    assert max(few[:2]) <= 20


# --- as a file -------------------------------------------------------------------------------------------


def test_the_file_has_exactly_the_records_and_runs_nothing(books: Books) -> None:
    refused(books, title='=HYPERLINK("http://x","y")', message="+1")
    refused(books, title="Plain, with comma", amount=Decimal("1234.50"))
    refused(books, title="Other", reason="has_payments")
    refresh(books)
    answer = login(books, Role.VIEWER).get(card(books, incident(books), "export/"))
    assert answer["Content-Disposition"].startswith("attachment")
    text = answer.content.decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(text)))
    assert {row["record"] for row in table} == {'\'=HYPERLINK("http://x","y")', "Plain, with comma"}
    assert {row["amount"] for row in table} == {"110.00", "1234.50"}
    assert {row["message"] for row in table} >= {"'+1"}
    assert not [cell for row in table for cell in row.values() if cell.startswith(("=", "+", "@"))]


def test_the_file_of_records_that_were_read(books: Books) -> None:
    rows.make_invoice(books, number="INV-9", problem="No total")
    refresh(books)
    found = incident(books, "unreadable")
    text = login(books).get(card(books, found, "export/")).content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["record"], row["message"], row["state"]) == ("INV-9", "No total", "Unreadable")
