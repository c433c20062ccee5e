"""Parts of the pages that need no database: differences, funnels, links to the other systems."""

from decimal import Decimal
from typing import Any

import pytest

from practices.models import Connection, Practice, Provider
from sync.deeplinks import deep_link
from sync.flows import Preview
from sync.models import Kind, Mode, Run
from sync.pages.diff import field_diffs, line_diffs
from sync.pages.funnel import WIDTH, funnels
from sync.pages.modes import consequences, summary
from sync.pages.progress import progress_of
from sync.pages.words import kind_words, reason_words

REAL = {
    "XERO_API_URL": "https://api.xero.com",
    "IGNITION_API_URL": "https://developers.ignitionapp.com/external/api/v1",
}


def connection(provider: str, **details: Any) -> Connection:
    return Connection(provider=provider, tenant_details=details)


def test_xero_links_go_through_the_organisations_log_in(settings: Any) -> None:
    for name, value in REAL.items():
        setattr(settings, name, value)
    url = deep_link(connection(Provider.XERO, short_code="!abc12"), Kind.INVOICE, "id-1", {"type": "ACCREC"})
    assert url == (
        "https://go.xero.com/organisationlogin/default.aspx?shortcode=%21abc12"
        "&redirecturl=%2FAccountsReceivable%2FEdit.aspx%3FInvoiceID%3Did-1"
    )
    bill = deep_link(connection(Provider.XERO), Kind.INVOICE, "id-1", {"type": "ACCPAY"})
    assert bill == "https://go.xero.com/AccountsPayable/Edit.aspx?InvoiceID=id-1"
    assert (
        deep_link(connection(Provider.XERO), Kind.CONTACT, "c/1", {})
        == "https://go.xero.com/Contacts/View/c%2F1"
    )
    assert deep_link(connection(Provider.XERO), Kind.PAYMENT, "p", {}) == ""


@pytest.mark.parametrize(
    ("link", "expected"),
    [("https://go.ignitionapp.com/x", "https://go.ignitionapp.com/x"), ("javascript:x", ""), ("", "")],
)
def test_ignition_links_are_its_own(settings: Any, link: str, expected: str) -> None:
    for name, value in REAL.items():
        setattr(settings, name, value)
    assert deep_link(connection(Provider.IGNITION), Kind.INVOICE, "i", {"link": link}) == expected


def test_simulated_systems_have_no_links() -> None:
    assert deep_link(connection(Provider.XERO, short_code="!a"), Kind.CONTACT, "c", {}) == ""
    assert deep_link(connection(Provider.IGNITION), Kind.CONTACT, "c", {"link": "https://x.test/"}) == ""


def test_amounts_are_compared_as_amounts_and_phones_as_text() -> None:
    before = {"total": "110.0", "phone": "0400", "name": "A"}
    after = {"total": "110.00", "phone": "400", "name": "A", "email": ""}
    found = {row.label: row.changed for row in field_diffs(before, after)}
    assert found == {"Total": False, "Phone": True, "Name": False}


def test_changed_fields_come_first() -> None:
    rows = field_diffs({"name": "A", "email": "x@y.test"}, {"name": "A", "email": "z@y.test"})
    assert [row.label for row in rows] == ["E-mail", "Name"]


def test_lines_are_compared_in_order() -> None:
    line = {"description": "Books", "quantity": "1", "unit_amount": "100.00"}
    rows = line_diffs({"lines": [line]}, {"lines": [{**line, "unit_amount": "90"}, line]})
    assert [cell.label for cell in rows[0].cells if cell.changed] == ["Unit price"]
    assert [row.new for row in rows] == [False, True]


@pytest.mark.parametrize(
    "counts",
    [
        {"unchanged": 999_999, "held": 1},
        {"held": 3},
        dict.fromkeys(("unchanged", "filtered", "failed"), 1),
        {},
    ],
)
def test_the_bar_is_exactly_full(counts: dict[str, int]) -> None:
    (funnel,) = funnels(Practice(slug="p"), Run(pk=1), {"invoice": counts})
    assert sum(item.width for item in funnel.bar) == (WIDTH if counts else 0)
    assert all(item.width > 0 for item in funnel.bar)


def test_consequences_count_what_a_mode_would_write() -> None:
    previews = {
        "invoice": Preview(
            kind="invoice",
            mode="watch",
            creates=1904,
            updates=96,
            create_amount=Decimal("842110"),
            currency="AUD",
            calls=40,
        )
    }
    current = dict.fromkeys((Kind.CONTACT, Kind.INVOICE, Kind.PAYMENT), Mode.WATCH)
    (gaps,) = consequences(current, {**current, Kind.INVOICE: Mode.FILL_GAPS}, previews)
    assert (gaps.words, gaps.writes, gaps.calls) == ("1,904 invoices created", 1904, 39)
    (over,) = consequences(current, {**current, Kind.INVOICE: Mode.TAKE_OVER}, previews)
    assert over.words == "1,904 invoices created and 96 invoices updated"
    assert summary([over]) == (2000, 40)
    (back,) = consequences({**current, Kind.INVOICE: Mode.TAKE_OVER}, current, previews)
    assert (back.writes, back.raises, back.words) == (0, False, "nothing is written any more")


@pytest.mark.parametrize(
    ("run", "text", "places"),
    [
        (Run(state="queued"), "Waiting for a free worker …", ["next"] * 4),
        (
            Run(state="running", stage="read xero", progress={"done": 1200, "text": "invoice"}),
            "Reading invoices from Xero: 1,200 so far",
            ["done", "now", "next", "next"],
        ),
        (
            Run(state="running", stage="plan", reads=False),
            "Comparing both systems and working out what to write …",
            ["now", "next"],
        ),
        (
            Run(state="waiting", stage="deliver xero", message="Xero asked for a pause."),
            "Xero asked for a pause.",
            ["done", "done", "done", "now"],
        ),
    ],
)
def test_progress_in_words(run: Run, text: str, places: list[str]) -> None:
    found = progress_of(run)
    assert found.text == text
    assert [stage.place for stage in found.stages] == places


def test_unknown_codes_are_spelled_out() -> None:
    assert reason_words("some_new_reason") == "Some new reason"
    assert kind_words("invoice", 1) == "invoice"
    assert kind_words("purchase_order") == "purchase order"
