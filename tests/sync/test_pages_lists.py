"""The lists show the right rows: filters, sums, sort orders, pages, and numbers that equal what they link to."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from practices.models import Role
from sync.models import Kind
from tests.sync import rows
from tests.sync.rows import Books

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(books: Books) -> Client:
    client = Client()
    client.force_login(books.member(Role.ADMIN))
    return client


def shown(client: Client, books: Books, path: str) -> str:
    """The page's text below the filters."""
    answer = client.get(books.url(path))
    assert answer.status_code == 200
    text = answer.content.decode()
    return text[text.index("</form>", text.index('class="filters"')) :]


def numbers_of(text: str) -> set[str]:
    return set(re.findall(r"F-\d+", text))


@pytest.fixture
def invoices(books: Books) -> None:
    client = rows.make_snapshot(books.source, Kind.CONTACT, "cli_1", name="Acme Pty Ltd")
    first = rows.make_invoice(
        books, number="F-1", amount="10.00", date=date(2026, 1, 10), standing="in_sync", status="paid"
    )
    rows.make_link(books, first, rows.make_invoice(books, at="target", number="X-1", amount="10.00"))
    rows.make_invoice(
        books,
        number="F-2",
        amount="20.50",
        date=date(2026, 2, 10),
        standing="held",
        standing_reason="watch",
        party_external_id=client.external_id,
    )
    rows.make_invoice(
        books,
        number="F-3",
        amount="30.00",
        date=date(2026, 3, 10),
        standing="held",
        standing_reason="review",
        reference="PO 77",
    )
    rows.make_invoice(
        books, number="F-4", amount="40.00", date=date(2026, 4, 10), currency="NZD", standing="filtered"
    )
    rows.make_invoice(books, at="target", number="F-5", amount="50.00")


@pytest.mark.usefixtures("invoices")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "1234"),
        ("standing=in_sync", "1"),
        ("standing=ready", "2"),
        ("standing=you", "3"),
        ("standing=filtered", "4"),
        ("standing=none", ""),
        ("status=paid", "1"),
        ("linked=yes", "1"),
        ("linked=no", "234"),
        ("q=f-3", "3"),
        ("q=PO+77", "3"),
        ("q=cli_1", "2"),
        ("q=%25", ""),
        ("party=cli_1", "2"),
        ("since=2026-02-10", "234"),
        ("until=2026-02-10", "12"),
        ("least=20.50&most=30", "23"),
        ("gone=yes", ""),
        ("system=target", "5"),
        ("system=target&q=x-1", ""),
    ],
)
def test_invoice_filters(client: Client, books: Books, query: str, expected: str) -> None:
    assert numbers_of(shown(client, books, f"invoices/?{query}")) == {f"F-{digit}" for digit in expected}


@pytest.mark.usefixtures("invoices")
def test_count_and_sums_follow_the_filter(client: Client, books: Books) -> None:
    text = shown(client, books, "invoices/?since=2026-02-01")
    assert "<strong>3</strong>" in text
    assert "$50.50" in text
    assert "NZD 40.00" in text


@pytest.mark.usefixtures("invoices")
@pytest.mark.parametrize(
    "query",
    [
        "standing=nonsense",
        "since=yesterday",
        "least=a+lot",
        "page=0",
        "page=99999999999",
        "size=7",
        "sort=raw",
    ],
)
def test_nonsense_in_the_address_is_survived(client: Client, books: Books, query: str) -> None:
    assert numbers_of(shown(client, books, f"invoices/?{query}")) == {"F-1", "F-2", "F-3", "F-4"}


@pytest.mark.usefixtures("invoices")
def test_sorting(client: Client, books: Books) -> None:
    upwards = re.findall(r">(F-\d)<", shown(client, books, "invoices/?sort=amount"))
    assert upwards == ["F-1", "F-2", "F-3", "F-4"]
    assert re.findall(r">(F-\d)<", shown(client, books, "invoices/?sort=-amount")) == upwards[::-1]


def test_pages(client: Client, books: Books) -> None:
    for number in range(60):
        rows.make_snapshot(books.source, Kind.CONTACT, name=f"F-{100 + number}")
    first, second = shown(client, books, "contacts/"), shown(client, books, "contacts/?page=2")
    assert len(numbers_of(first)) == 50
    assert len(numbers_of(second)) == 10
    assert not numbers_of(first) & numbers_of(second)
    assert len(numbers_of(shown(client, books, "contacts/?size=100"))) == 60


def test_a_payment_for_two_invoices_shows_both_entries(client: Client, books: Books) -> None:
    paid = rows.make_snapshot(
        books.source,
        Kind.PAYMENT,
        "pay_1",
        amount=Decimal("30"),
        currency="AUD",
        record={"invoice_external_ids": ["a", "b"]},
    )
    for invoice, amount in (("a", "10.00"), ("b", "15.00")):
        entry = rows.make_snapshot(
            books.target, Kind.PAYMENT, amount=Decimal(amount), currency="AUD", date=date(2026, 5, 1)
        )
        rows.make_link(books, paid, entry, source_id=f"pay_1/{invoice}")
    text = shown(client, books, "payments/?linked=yes")
    assert "$10.00" in text
    assert "$15.00" in text
    assert "differs" in text  # 10 + 15 is not 30
    page = client.get(books.url(f"records/{paid.pk}/")).content.decode()
    assert page.count("Xero ·") == 2


def test_differing_fields_are_marked(client: Client, books: Books) -> None:
    source = rows.make_snapshot(
        books.source, Kind.CONTACT, name="Acme Pty Ltd", email="a@acme.test", record={"phone": "02 9000 0000"}
    )
    target = rows.make_snapshot(
        books.target,
        Kind.CONTACT,
        name="ACME PTY. LTD.",
        email="b@acme.test",
        record={"phone": "+61 2 9000 0000"},
    )
    rows.make_link(books, source, target)
    page = client.get(books.url(f"records/{source.pk}/")).content.decode()
    assert '<span class="differs">a@acme.test</span>' in page
    assert '<span class="differs">Acme' not in page
    assert '<span class="differs">02 9000' not in page


@pytest.mark.usefixtures("invoices")
def test_every_number_on_the_dashboard_is_what_its_link_shows(client: Client, books: Books) -> None:
    page = client.get(books.url()).content.decode()
    links = re.findall(r'<a href="(/p/[^"]*\?standing=\w+)">([\d,]+)</a>', page)
    assert len(links) >= 9
    for url, number in links:
        listed = client.get(url).content.decode()
        assert f"<strong>{number}</strong>" in listed or number == "0", url


def test_cause_cards_link_to_their_changes(client: Client, books: Books) -> None:
    rows.make_change(books, reason="tax_unmapped", amount=Decimal("10.00"))
    rows.make_change(books, reason="tax_unmapped", amount=Decimal("15.00"))
    rows.make_change(books, state="parked", reason="", parked_as="rejected", amount=Decimal("7.00"))
    rows.make_change(books)  # waits for the switch only: no work for anybody
    page = client.get(books.url()).content.decode()
    cards = re.findall(r'<a class="cause" href="([^"]+)">(.*?)</a>', page, re.S)
    assert len(cards) == 2
    sums = []
    for url, text in cards:
        listed = client.get(url.replace("&amp;", "&")).content.decode()
        amount = re.findall(r"\$[\d.]+", text)[0]
        assert amount in listed
        sums.append(amount)
    assert sorted(sums) == ["$25.00", "$7.00"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "1234"),
        ("state=held", "12"),
        ("reason=watch", "1"),
        ("group=ready", "13"),
        ("group=you", "2"),
        ("kind=contact", "4"),
        ("verb=update", "3"),
        ("q=f-2", "2"),
        ("state=done&verified=no", "4"),
        ("verified=yes", ""),
    ],
)
def test_change_filters(client: Client, books: Books, query: str, expected: str) -> None:
    rows.make_change(books, title="F-1", values={})
    rows.make_change(books, title="F-2", reason="conflict", values={})
    rows.make_change(books, title="F-3", verb="update", state="pending", reason="", values={})
    rows.make_change(books, Kind.CONTACT, title="F-4", state="done", reason="", values={})
    assert numbers_of(shown(client, books, f"changes/?{query}")) == {f"F-{digit}" for digit in expected}


def test_changes_of_a_run(client: Client, books: Books) -> None:
    run = rows.make_run(books, state="done")
    rows.make_change(books, title="F-1", made_by=run)
    rows.make_change(books, title="F-2", sent_by=run, state="done")
    rows.make_change(books, title="F-3")
    assert numbers_of(shown(client, books, f"changes/?run={run.pk}")) >= {"F-1", "F-2"}
    assert "F-3" not in shown(client, books, f"changes/?run={run.pk}")


def test_runs_by_state(client: Client, books: Books) -> None:
    done = rows.make_run(books, state="done", message="all well")
    rows.make_run(books, state="failed", message="no luck")
    text = shown(client, books, "activity/?state=done")
    assert "all well" in text
    assert "no luck" not in text
    assert books.url(f"activity/{done.pk}/") in text


def test_reviews_by_name(client: Client, books: Books) -> None:
    rows.make_review(books, "F-1")
    rows.make_review(books, "F-2", state="ignored")
    assert numbers_of(shown(client, books, "reviews/")) == {"F-1"}
    assert numbers_of(shown(client, books, "reviews/?show=decided")) == {"F-2"}
    assert numbers_of(shown(client, books, "reviews/?q=zzz")) == set()


def test_the_raw_payload_is_for_admins(client: Client, books: Books) -> None:
    invoice = rows.make_invoice(books)
    invoice.raw = {"secretish": "payload-words"}
    invoice.save()
    assert "payload-words" in client.get(books.url(f"records/{invoice.pk}/")).content.decode()
    staff = Client()
    staff.force_login(books.member(Role.STAFF))
    assert "payload-words" not in staff.get(books.url(f"records/{invoice.pk}/")).content.decode()


@pytest.mark.usefixtures("invoices")
def test_a_very_long_list_is_added_up_on_its_own(
    client: Client, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.pages.long_lists.ADDED_AT_ONCE", 3)
    text = shown(client, books, "invoices/")
    assert "More than <strong>3</strong> rows" in text
    assert len(numbers_of(text)) == 4
    asked = client.get(books.url("invoices/?totals=all"), headers={"HX-Request": "true"}).content.decode()
    assert "<strong>4</strong>" in asked
    assert "$60.50" in asked
    assert "<table" not in asked
    whole = shown(client, books, "invoices/?totals=all")
    assert "<strong>4</strong>" in whole
    assert len(numbers_of(whole)) == 4
