"""Single values of a document's lines are put right, and nothing else of them moves."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.records import Invoice, Line, Tracking
from connectors.records import Kind as RecordKind
from connectors.xero.render import element
from practices.models import User
from sync import wished
from sync.models import ChangeState, Kind, Link, Mismatch, MismatchState, SignOff, Trigger
from sync.plan import Decision
from sync.reconcile import fixing, obstacles
from sync.reconcile.obstacles import obstacle
from sync.reconcile.running import compare_now
from sync.wished_lines import NO_IDS, put_right
from sync.wishes import agreed_on
from tests.sync.conftest import Office
from tests.sync.reconcile.mending import approve_all, change_of, compared, is_gone, work_all, written_link

ACCOUNT = frozenset({"account_code"})
OURS = {
    "description": "Books",
    "quantity": "1",
    "unit_amount": "100",
    "account_code": "200",
    "tax_type": "OUTPUT",
}
HELD = Line(
    external_id="a",
    description="Books",
    unit_amount=Decimal(100),
    amount=Decimal("90.00"),
    discount_rate=Decimal(10),
    tax_amount=Decimal("9.01"),
    tax_type="OUTPUT",
    account_code="260",
    tracking=(Tracking(category="Team", option="North"),),
)


def document(*lines: Line, **values: Any) -> Invoice:
    shown = Invoice(
        external_id="x", contact_external_id="c", status="AUTHORISED", total=Decimal(99), lines=lines
    )
    return replace(shown, **values)


def made(
    ours: dict[str, Any], there: Invoice, fields: frozenset[str]
) -> tuple[list[dict[str, Any]], frozenset[str]]:
    found = put_right([ours], there, fields)
    assert not isinstance(found, Decision)
    return found


def test_only_what_was_asked_for_is_another_one() -> None:
    other = replace(HELD, external_id="b", description="A line that somebody added", tracking=())
    lines, off = made(OURS, document(other, HELD), ACCOUNT)
    assert off == ACCOUNT
    assert [line["account_code"] for line in lines] == ["260", "200"]
    sent = element(RecordKind.INVOICE, {"lines": lines}, "x")["LineItems"]
    assert sent[1] == {
        "LineItemID": "a",
        "Description": "Books",
        "Quantity": Decimal(1),
        "UnitAmount": Decimal(100),
        "DiscountRate": Decimal(10),
        "AccountCode": "200",
        "TaxType": "OUTPUT",
        "TaxAmount": Decimal("9.01"),
        "Tracking": [{"Name": "Team", "Option": "North"}],
    }


def test_tracking_of_another_category_stays() -> None:
    ours = {**OURS, "tracking": [{"category": "Region", "option": "Coast"}]}
    lines, off = made(ours, document(HELD), frozenset({"tracking"}))
    assert off == {"tracking"}
    assert lines[0]["tracking"] == [
        {"category": "Team", "option": "North"},
        {"category": "Region", "option": "Coast"},
    ]
    assert lines[0]["account_code"] == "260"


@pytest.mark.parametrize("ids", [("", "a"), ("a", "a")])
def test_lines_that_cannot_be_told_apart_are_left(ids: tuple[str, str]) -> None:
    there = document(*(replace(HELD, external_id=key) for key in ids))
    found = put_right([OURS], there, ACCOUNT)
    assert isinstance(found, Decision)
    assert (found.action, found.text) == ("held", NO_IDS)


def test_lines_as_they_are_leave_nothing_to_write() -> None:
    lines, off = made({**OURS, "account_code": "260"}, document(HELD), ACCOUNT)
    assert (off, len(lines)) == (frozenset(), 1)


@pytest.mark.parametrize(
    ("values", "fields", "why"),
    [
        ({"amount_paid": Decimal(1)}, ACCOUNT, wished.PAID),
        ({"amount_credited": Decimal(1)}, ACCOUNT, wished.PAID),
        ({"status": "PAID"}, ACCOUNT, wished.PAID),
        ({"status": "VOIDED"}, ACCOUNT, wished.NOT_OPEN),
        ({"date": date(2026, 6, 30)}, ACCOUNT, wished.LOCKED),
        ({}, {"description"}, wished.APPROVED),
        ({}, {"branding_theme_external_id"}, wished.APPROVED),
    ],
)
def test_what_may_not_be_touched_says_why(values: dict[str, Any], fields: frozenset[str], why: str) -> None:
    stop = wished.barred(document(HELD, **values), date(2026, 6, 30), fields)
    assert stop is not None
    assert stop.text == why


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED"])
def test_a_draft_takes_texts_and_themes(status: str) -> None:
    fields = {"description", "branding_theme_external_id"}
    assert (
        wished.barred(document(HELD, status=status, date=date(2026, 7, 1)), date(2026, 6, 30), fields) is None
    )


def test_what_else_differs_in_the_lines_is_not_agreed_on() -> None:
    values = {"lines": [OURS], "line_amounts": "Exclusive", "reference": "PROP-1"}
    assert agreed_on(values, ["account_code", "reference"]) == {"reference": "PROP-1"}
    assert agreed_on(values, ["reference"]) == values
    assert agreed_on(values, []) == values


def lines_of(office: Office, link: Link) -> list[dict[str, Any]]:
    return [dict(line) for line in office.ledger.invoices[link.target_external_id]["LineItems"]]


def edit_line(office: Office, link: Link, **values: Any) -> None:
    """Somebody changes the first line in Xero."""
    lines = lines_of(office, link)
    office.world.clock.advance(60)
    payload = [{"LineItemID": line["LineItemID"]} for line in lines]
    payload[0].update(values)
    office.ledger.post_invoice({"InvoiceID": link.target_external_id, "LineItems": payload})


def other_account(office: Office, link: Link) -> str:
    used = lines_of(office, link)[0]["AccountCode"]
    codes = (item["Code"] for item in office.ledger.accounts.values() if item["Type"] == "REVENUE")
    return str(next(code for code in codes if code and code != used))


def test_an_account_is_put_right_and_nothing_else(ruled: Office, staff: User, other: User) -> None:
    link = written_link(Kind.INVOICE, status="AUTHORISED")
    before = lines_of(ruled, link)
    total = ruled.ledger.invoices[link.target_external_id]["Total"]
    edit_line(ruled, link, AccountCode=other_account(ruled, link), Description="Typed in Xero")
    row = compared(ruled, "invoice_account", link.source_external_id)
    text = Mismatch.objects.get(kind="invoice_description", source_external_ids=[link.source_external_id])
    assert obstacle(ruled.practice, text) == wished.APPROVED
    assert fixing.fix(ruled.practice, [text.pk], actor=staff).left == {wished.APPROVED: 1}
    assert obstacle(ruled.practice, row) == ""
    outcome = fixing.fix(ruled.practice, [row.pk, text.pk], actor=staff)
    assert (outcome.done, outcome.waiting) == ([row], 1)
    assert outcome.left == {wished.APPROVED: 1}, (
        "what can't be is left, and keeps nothing else from being fixed"
    )
    change = change_of(row)
    assert change.asked_for == ["account_code"]
    again = fixing.fix(ruled.practice, [row.pk], actor=other)
    assert (len(again.done), change_of(row)) == (1, change), "asked twice there is one"
    marker = ruled.marker
    ruled.sync()
    change.refresh_from_db()
    assert (change.state, ruled.writes(marker)) == (ChangeState.HELD, []), "a plan neither sends nor drops it"
    assert approve_all(ruled, other) == 1
    work_all(ruled)
    after = lines_of(ruled, link)
    assert ruled.ledger.invoices[link.target_external_id]["Total"] == total
    assert [line["LineItemID"] for line in after] == [line["LineItemID"] for line in before]
    assert after[0]["AccountCode"] == before[0]["AccountCode"]
    assert after[0]["Description"] == "Typed in Xero"
    kept = {"AccountCode", "AccountID", "Description", "TaxAmount", "_own_tax"}
    assert [{k: v for k, v in line.items() if k not in kept} for line in after] == [
        {k: v for k, v in line.items() if k not in kept} for line in before
    ]
    assert is_gone(ruled, row)
    text.refresh_from_db()
    assert text.state == MismatchState.OPEN, "what was not asked for still differs"
    marker = ruled.marker
    ruled.sync()
    assert ruled.writes(marker) == []


def test_a_signed_off_month_keeps_its_accounts(ruled: Office, staff: User) -> None:
    link = written_link(Kind.INVOICE, status="AUTHORISED")
    edit_line(ruled, link, AccountCode=other_account(ruled, link))
    row = compared(ruled, "invoice_account", link.source_external_id)
    assert row.dated_on is not None
    signed = SignOff.objects.create(
        practice=ruled.practice, starts_on=row.dated_on, ends_on=row.dated_on, signed_by=staff
    )
    assert obstacle(ruled.practice, row) == obstacles.SIGNED_OFF
    assert fixing.fix(ruled.practice, [row.pk], actor=staff).left == {obstacles.SIGNED_OFF: 1}
    signed.withdrawn_at = signed.signed_at
    signed.save()
    assert len(fixing.fix(ruled.practice, [row.pk], actor=staff).done) == 1


def test_a_draft_gets_its_text_theme_and_tracking_back(ruled: Office, staff: User, other: User) -> None:
    link = written_link(Kind.INVOICE, status="AUTHORISED")
    there = ruled.ledger.invoices[link.target_external_id]
    category = next(item for item in ruled.ledger.tracking.values() if item["Status"] == "ACTIVE")
    asked = [{"category": category["Name"], "option": category["Options"][0]["Name"]}]
    theme, wrong = list(ruled.ledger.branding_themes)[:2]
    # As if the mapping had asked for a theme and tracking when it was written.
    link.base_source = {
        **link.base_source,
        "branding_theme_external_id": theme,
        "lines": [{**line, "tracking": asked} for line in link.base_source["lines"]],
    }
    link.save()
    there["Status"] = "DRAFT"
    before = lines_of(ruled, link)
    edit_line(ruled, link, Description=f"{before[0]['Description']} (typed)")
    ruled.world.clock.advance(60)
    ruled.ledger.post_invoice({"InvoiceID": link.target_external_id, "BrandingThemeID": wrong})
    rows = [
        compared(ruled, "invoice_description", link.source_external_id),
        *Mismatch.objects.filter(
            kind__in=["invoice_branding", "invoice_tracking"], source_external_ids=[link.source_external_id]
        ),
    ]
    assert len(rows) == 3
    outcome = fixing.fix(ruled.practice, [row.pk for row in rows], actor=staff)
    assert (len(outcome.done), outcome.waiting, outcome.left) == (3, 3, {})
    change = change_of(rows[0])
    assert {change_of(row).pk for row in rows} == {change.pk}, "one document, one change"
    assert change.asked_for == ["branding_theme_external_id", "description", "tracking"]
    assert any(ruled.ledger.branding_themes[theme]["Name"] in remark for remark in change.remarks)
    approve_all(ruled, other)
    work_all(ruled)
    after = lines_of(ruled, link)
    assert [line["Description"] for line in after] == [line["Description"] for line in before]
    assert all(line["Tracking"][0]["Option"] == asked[0]["option"] for line in after)
    assert ruled.ledger.invoices[link.target_external_id]["BrandingThemeID"] == theme
    ruled.sync()
    compare_now(ruled.practice, trigger=Trigger.COMMAND)
    assert set(Mismatch.objects.filter(pk__in=[row.pk for row in rows]).values_list("state", flat=True)) == {
        MismatchState.FIXED
    }
