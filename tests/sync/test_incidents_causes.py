"""Which causes are true, and what a held record's message names. No database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.records import Account, Invoice, Line, Service, TaxRate, Tracking
from mappings.engine import Catalogue, map_invoice
from mappings.receipts import map_payment
from mappings.spec import Choices, Spec
from mappings.spec import Facts as TargetFacts
from sync.incidents import causes
from sync.incidents.causes import ConnectionFacts, Facts, Finding, Pile, RunFacts, decide
from sync.incidents.subjects import SENTENCES, TOLD_APART, fragment, subjects_of
from sync.pages import words

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
XERO = ConnectionFacts(pk=2, provider="xero", state="connected")
IGNITION = ConnectionFacts(pk=1, provider="ignition", state="connected")


def facts(*piles: Pile, connections: tuple[ConnectionFacts, ...] = (IGNITION, XERO), **extra: Any) -> Facts:
    return Facts(base_currency="AUD", connections=connections, piles=piles, **extra)


def found(*piles: Pile, **extra: Any) -> list[Finding]:
    return list(decide(facts(*piles, **extra), NOW).findings)


def parked(**extra: Any) -> Pile:
    values: dict[str, Any] = {
        "connection": 2,
        "kind": "invoice",
        "state": "parked",
        "parked_as": "rejected",
        "reason": "period_locked",
        "currency": "AUD",
        "amount": Decimal("110.00"),
        "tax": Decimal("10.00"),
    }
    return Pile(**{**values, **extra})


def held(**extra: Any) -> Pile:
    values: dict[str, Any] = {"connection": 2, "kind": "invoice", "state": "held", "currency": "AUD"}
    return Pile(**{**values, **extra})


def waiting(**extra: Any) -> Pile:
    values: dict[str, Any] = {"connection": 2, "kind": "invoice", "state": "pending", "tried": True}
    return Pile(**{**values, **extra})


# --- what was refused ------------------------------------------------------------------------------------


def test_refused_records_are_one_cause_with_their_money() -> None:
    (only,) = found(parked(count=3), parked(count=2))
    assert only.key == (2, "invoice", "rejected.period_locked", "")
    assert (only.count, only.amount, only.tax) == (5, Decimal("220.00"), Decimal("20.00"))
    assert (only.severity, only.heals, only.next_try_at) == (causes.WARNING, False, None)


def test_each_kind_and_reason_is_its_own_cause() -> None:
    everything = found(parked(), parked(kind="payment"), parked(reason="has_payments"), parked(reason=""))
    assert len({item.key for item in everything}) == 4


def test_unlike_money_is_never_added_up() -> None:
    (only,) = found(parked(), parked(currency="NZD", amount=Decimal("900.00")), parked(currency="GBP"))
    assert (only.currency, only.amount) == ("AUD", Decimal("110.00"))
    assert only.besides == (("GBP", Decimal("110.00")), ("NZD", Decimal("900.00")))
    assert only.count == 3


def test_without_money_at_home_the_largest_currency_is_shown() -> None:
    (only,) = found(parked(currency="NZD", amount=Decimal(5)), parked(currency="GBP", amount=Decimal(7)))
    assert (only.currency, only.besides) == ("GBP", (("NZD", Decimal(5)),))


@pytest.mark.parametrize(
    ("pile", "severity"),
    [
        (parked(amount=Decimal("9999.99")), causes.WARNING),
        (parked(amount=Decimal(10_000)), causes.CRITICAL),
        (parked(parked_as="unclear", reason="unclear", amount=None), causes.CRITICAL),
        (parked(parked_as="internal", reason="internal", amount=None), causes.WARNING),
    ],
)
def test_much_money_and_unknown_outcomes_are_critical(pile: Pile, severity: str) -> None:
    assert [item.severity for item in found(pile)] == [severity]


# --- what is held ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", sorted(causes.QUIET))
def test_what_waits_for_the_mode_or_follows_is_no_cause(reason: str) -> None:
    assert found(held(reason=reason)) == []


def test_a_conflict_is_a_decision_and_no_alarm() -> None:
    (only,) = found(held(reason="conflict", kind="contact", count=4))
    assert (only.cause, only.severity, only.count) == (causes.DECIDE_CONFLICT, causes.INFO, 4)


def test_one_missing_choice_is_one_cause_with_all_records_behind_it() -> None:
    both = "No tax type is chosen for Ignition's tax “A”. No tax type is chosen for Ignition's tax “B”."
    alone = "No tax type is chosen for Ignition's tax “A”."
    rows = {
        item.subject: item
        for item in found(
            held(reason="tax_unmapped", said=both, amount=Decimal(1)),
            held(reason="tax_unmapped", said=alone, amount=Decimal(2), count=2),
        )
    }
    assert {name: (row.count, row.amount) for name, row in rows.items()} == {
        "A": (3, Decimal(3)),
        "B": (1, Decimal(1)),
    }


def test_while_nothing_is_written_a_gap_is_only_for_information() -> None:
    (calm,) = found(held(reason="account_unmapped", said="No sales account is chosen.", watched=True))
    assert calm.severity == causes.INFO
    (now,) = found(held(reason="account_unmapped", said="No sales account is chosen."))
    assert now.severity == causes.WARNING


def test_records_that_wait_without_a_planned_write_are_counted_once() -> None:
    record = held(connection=1, reason="target_gone", count=2)
    (only,) = found(held(reason="target_gone"), waiting_records=(record,))
    assert (only.key, only.count) == ((1, "invoice", "held.target_gone", ""), 2)


def test_the_words_of_the_pages_and_the_causes_agree() -> None:
    assert causes.FOLLOWS == words.FOLLOWS
    assert causes.DECISIONS - {"conflict"} <= words.REVIEW_REASONS
    assert set(words.REASONS) >= causes.WITHOUT_CHANGE - {"unknown_state"}


# --- outages ---------------------------------------------------------------------------------------------


def test_an_outage_is_one_cause_whatever_it_shows() -> None:
    soon = NOW + timedelta(minutes=3)
    paused = ConnectionFacts(pk=2, provider="xero", state="connected", resumes_at=NOW + timedelta(minutes=1))
    run = RunFacts(
        state="waiting", stage="read xero", failures=2, message="Xero is not available.", resumes_at=soon
    )
    (only,) = found(
        waiting(count=50, next_at=soon, amount=Decimal(9), currency="AUD"),
        waiting(kind="contact", count=7, next_at=NOW - timedelta(minutes=1)),
        connections=(IGNITION, paused),
        open_runs=(run,),
    )
    assert only.key == (2, "", causes.TROUBLE, "")
    assert (only.count, only.amount, only.heals) == (57, Decimal(9), True)
    assert only.next_try_at == NOW + timedelta(minutes=1)
    assert only.said == "Xero is not available."


def test_both_systems_down_are_two_causes() -> None:
    runs = (RunFacts(state="waiting", stage="read ignition", failures=1, message="Ignition is down."),)
    assert {item.connection for item in found(waiting(), open_runs=runs)} == {1, 2}


def test_everything_owed_waits_while_the_system_asked_for_a_pause() -> None:
    paused = ConnectionFacts(pk=2, provider="xero", state="connected", resumes_at=NOW + timedelta(minutes=1))
    (only,) = found(waiting(tried=False, count=12), connections=(paused,))
    assert (only.cause, only.count) == (causes.TROUBLE, 12)


def test_what_was_never_tried_is_no_trouble() -> None:
    past = ConnectionFacts(pk=2, provider="xero", state="connected", resumes_at=NOW - timedelta(minutes=1))
    assert found(waiting(tried=False, count=12), connections=(past,)) == []


def test_while_a_failed_read_is_tried_again_nothing_is_said_about_it() -> None:
    again = RunFacts(state="running", stage="read xero", failures=3, message="Xero is not available.")
    decided = decide(facts(open_runs=(again,)), NOW)
    assert (decided.findings, decided.unsure) == ((), frozenset({(2, "", causes.TROUBLE, "")}))
    past_it = RunFacts(state="running", stage="plan", failures=3, message="Xero is not available.")
    assert decide(facts(open_runs=(past_it,)), NOW) == causes.Decided((), frozenset())


def test_a_run_that_gave_up_reading_is_the_same_outage() -> None:
    later = NOW + timedelta(minutes=9)
    gave_up = RunFacts(
        state="failed", stage="read xero", failures=13, message="Xero is down.", again_at=later
    )
    (only,) = found(ended_runs=(gave_up,))
    assert (only.cause, only.heals, only.next_try_at) == (causes.TROUBLE, True, later)


# --- connections, runs -----------------------------------------------------------------------------------


def test_a_lost_connection_says_what_waits_for_it_and_is_no_outage() -> None:
    broken = ConnectionFacts(pk=2, provider="xero", state="needs_reconnect")
    failed = RunFacts(state="failed", stage="deliver xero", message="Please reconnect.")
    (only,) = found(
        waiting(count=5, amount=Decimal(50), currency="AUD", next_at=NOW),
        connections=(IGNITION, broken),
        ended_runs=(failed,),
    )
    assert (only.cause, only.severity, only.heals) == (causes.RECONNECT, causes.CRITICAL, False)
    assert (only.count, only.amount, only.next_try_at) == (5, Decimal(50), None)


@pytest.mark.parametrize(("left", "expected"), [(499, 1), (500, 0), (0, 1), (-3, 1)])
def test_few_calls_left(left: int, expected: int) -> None:
    low = ConnectionFacts(pk=2, provider="xero", state="connected", day_left=left, day_limit=5000)
    assert len(found(connections=(low,))) == expected


@pytest.mark.parametrize(
    ("provider", "days", "expected"),
    [("xero", 50, 0), ("xero", 51, 1), ("ignition", 80, 0), ("ignition", 81, 1), ("other", 999, 0)],
)
def test_access_that_nobody_used_is_about_to_end(provider: str, days: int, expected: int) -> None:
    idle = ConnectionFacts(pk=2, provider=provider, state="connected", renewed_at=NOW - timedelta(days=days))
    assert [item.cause for item in found(connections=(idle,))] == [causes.ACCESS_ENDS] * expected


def test_missing_permissions() -> None:
    less = ConnectionFacts(pk=2, provider="xero", state="connected", missing=("read and write payments",))
    (only,) = found(connections=(less,))
    assert (only.cause, only.said) == (causes.SCOPES_MISSING, "read and write payments")


def test_a_failed_run_heals_with_the_next_one() -> None:
    failed = RunFacts(state="failed", stage="plan", message="Something went wrong on our side.")
    (only,) = found(ended_runs=(failed,))
    assert (only.cause, only.heals) == (causes.RUN_FAILED, False)
    (again,) = found(ended_runs=(RunFacts(state="failed", stage="plan", again_at=NOW - timedelta(1)),))
    assert (again.heals, again.next_try_at) == (True, None)


def test_a_run_that_never_came_is_critical() -> None:
    (only,) = found(overdue_since=NOW - timedelta(hours=2))
    assert (only.cause, only.severity) == (causes.RUN_OVERDUE, causes.CRITICAL)


def test_unreadable_records_and_open_reviews_are_counted() -> None:
    rows = found(unreadable=((1, "invoice", 3),), reviews=((2, "contact", 9),))
    assert [(row.key, row.count, row.severity) for row in rows] == [
        ((1, "invoice", causes.UNREADABLE, ""), 3, causes.WARNING),
        ((2, "contact", causes.DECIDE_REVIEW, ""), 9, causes.INFO),
    ]


# --- what a message names --------------------------------------------------------------------------------


def test_every_sentence_of_the_mapping_is_understood() -> None:
    """The table follows the mapping's own words: a new wording fails here, not in front of a person."""
    seen: set[str] = set()
    for message, code, subject in _real_messages():
        named = subjects_of(code, message)
        assert (code, subject) in named, message
        assert fragment(code, subject), (code, subject)
        assert fragment(code, subject) in message
        seen.add(code)
    assert seen == TOLD_APART


def _real_messages() -> list[tuple[str, str, str]]:
    closed = {
        "200": Account(external_id="a", code="200", name="Sales", status="ARCHIVED", type="REVENUE"),
        "090": Account(external_id="b", code="090", name="Clearing", status="ACTIVE", takes_payments=False),
    }
    rates = {
        "OLD": TaxRate(external_id="OLD", name="Old", rate=Decimal(10), status="DELETED", for_revenue=True),
        "INPUT": TaxRate(
            external_id="INPUT", name="In", rate=Decimal(10), status="ACTIVE", for_revenue=False
        ),
    }
    target = TargetFacts(accounts=closed, tax_rates=rates, currencies=frozenset({"AUD"}), base_currency="AUD")
    service = Service(external_id="s", name="Books", tax_label="GST 10.5 % (old)")
    known = Catalogue(services={"s": service}, services_by_name={"books": service}, has_tax_labels=True)
    bill = Invoice(
        external_id="i",
        contact_external_id="c",
        number="1",
        date=date(2026, 11, 1),
        currency="NZD",
        total=Decimal(110),
        lines=(
            Line(description="Books", quantity=Decimal(1), unit_amount=Decimal(100), amount=Decimal(100)),
        ),
    )
    gone = (Tracking(category="Region", option="North. East"),)

    def invoice(catalogue: Catalogue = known, **choices: Any) -> list[tuple[str, str]]:
        mapped = map_invoice(bill, catalogue, Spec(version=1, choices=Choices(**choices), facts=target))
        text = " ".join(issue.text for issue in mapped.issues)
        return [(text, issue.code) for issue in mapped.issues if issue.code in TOLD_APART]

    def payment(account: str) -> list[tuple[str, str]]:
        spec = Spec(version=1, choices=Choices(clearing_account=account), facts=target)
        mapped = map_payment(
            payment_external_id="p",
            amount=Decimal("1.005"),
            currency="AUD",
            paid_on=date(2026, 11, 1),
            method="card",
            invoice_currency="AUD",
            invoice_type="ACCREC",
            spec=spec,
        )
        text = " ".join(issue.text for issue in mapped.issues)
        return [(text, issue.code) for issue in mapped.issues if issue.code in TOLD_APART]

    subjects = {
        "tax_unmapped": "GST 10.5 % (old)",
        "tax_gone": "OLD",
        "tax_not_revenue": "INPUT",
        "account_unmapped": "",
        "account_gone": "200",
        "clearing_unmapped": "",
        "clearing_gone": "404",
        "clearing_closed": "090",
        "tracking_gone": "Region: North. East",
        "currency": "NZD",
    }
    pairs = [
        *invoice(),
        *invoice(sales_account="200", tax_by_label={"GST 10.5 % (old)": "OLD"}),
        *invoice(sales_account="200", tracking=gone, tax_by_label={"GST 10.5 % (old)": "INPUT"}),
        *payment(""),
        *payment("404"),
        *payment("090"),
    ]
    rows = [(text, code, subjects[code]) for text, code in pairs]
    plain = [
        (text, code, "lines without a tax") for text, code in invoice(Catalogue()) if code == "tax_unmapped"
    ]
    return rows + plain


def test_a_message_that_is_not_understood_keeps_its_code() -> None:
    assert subjects_of("tax_unmapped", "Something else.") == {("tax_unmapped", "")}
    assert subjects_of("period_locked", "No sales account is chosen.") == {("period_locked", "")}


def test_a_very_long_subject_still_finds_its_records() -> None:
    label = "x" * 300
    message = f"No tax type is chosen for Ignition's tax “{label}”."
    ((code, subject),) = subjects_of("tax_unmapped", message)
    assert len(subject) == 120
    assert fragment(code, subject) in message


def test_no_sentence_takes_another_ones_words() -> None:
    for sentence in SENTENCES:
        inside = {
            "[A-Z]{3}": "NZD",
            "[^”]+": "GST",
            r"\S+": "200",
            "": "",
            "lines without a tax": "lines without a tax",
        }
        subject = inside.get(sentence.inside, "Region: North")
        text = sentence.before + subject + sentence.after
        assert {code for code, _ in subjects_of(sentence.code, text)} == {sentence.code}
