"""The main promise, checked against what the sandbox holds: everything once, to the cent, and only when allowed."""

from collections import Counter
from decimal import Decimal
from math import ceil
from typing import Any

from sync.models import Attempt, Change, ChangeState, Link, Mode, Review, RunState, Snapshot, Standing
from tests.sync.conftest import Office

ZERO = Decimal(0)


def stored(office: Office, kind: str, source_external_id: str) -> dict[str, Any]:
    """What the sandbox's Xero holds for a source record."""
    link = Link.objects.get(practice=office.practice, kind=kind, source_external_id=source_external_id)
    table = {
        "contact": office.ledger.contacts,
        "invoice": office.ledger.invoices,
        "payment": office.ledger.payments,
    }
    found: dict[str, Any] = table[kind][link.target_external_id]
    return found


def money(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def test_watch_mode_writes_nothing_and_shows_everything(office: Office) -> None:
    run = office.sync()
    assert run.state == RunState.INCOMPLETE, run.message
    assert office.writes() == []
    assert run.counts["contact"]["read"] == len(office.ignition.rows("clients"))
    assert run.counts["invoice"]["read"] == len(office.ignition.rows("invoices")) - _never_listed(office)
    assert Change.objects.filter(practice=office.practice, state=ChangeState.HELD, reason="watch").exists()
    assert not Change.objects.filter(practice=office.practice, state=ChangeState.PENDING).exists()


def _never_listed(office: Office) -> int:
    """Drafts and voided invoices that Ignition's list does not show."""
    return sum(1 for row in office.ignition.rows("invoices") if row["state"] != "issued")


def test_every_record_has_exactly_one_outcome_with_a_reason(office: Office) -> None:
    office.sync()
    for kind in ("contact", "invoice", "payment"):
        rows = Snapshot.objects.filter(practice=office.practice, connection__provider="ignition", kind=kind)
        assert rows.exists()
        assert not rows.filter(standing=Standing.UNPLANNED).exists()
        waiting = rows.filter(standing__in=[Standing.HELD, Standing.FILTERED])
        assert not waiting.filter(standing_text="").exists()


def test_take_over_writes_each_invoice_once_and_to_the_cent(office: Office) -> None:
    office.sync()
    run = office.take_over()
    assert run.message == ""
    issued = [row for row in office.ignition.rows("invoices") if row["state"] == "issued"]
    targets = Counter(
        Link.objects.filter(practice=office.practice, kind="invoice").values_list(
            "target_external_id", flat=True
        )
    )
    assert max(targets.values()) == 1
    written = 0
    for row in issued:
        link = Link.objects.filter(
            practice=office.practice, kind="invoice", source_external_id=row["slug"]
        ).first()
        if link is None:
            snapshot = Snapshot.objects.get(practice=office.practice, kind="invoice", external_id=row["slug"])
            assert snapshot.standing in {Standing.HELD, Standing.FILTERED}, snapshot.standing_text
            continue
        document = office.ledger.invoices[link.target_external_id]
        if link.method == "written":
            written += 1
            assert money(document["Total"]) == money(row["amount"]["total"])
            assert money(document["TotalTax"]) == money(office.report.taxes[row["slug"]])
            assert document["Reference"] == row["billing_reference"]
            assert document["InvoiceNumber"] == f"IGN-{row['reference_number']}"
            assert document["Type"] == "ACCREC"
            assert str(document["Date"])[:10] == row["date"]
            assert str(document["DueDate"])[:10] == row["due_date"]
        assert row["slug"] not in office.report.native_invoices or link.method != "written"
    assert written > 50
    numbers = Counter(item["InvoiceNumber"] for item in office.ledger.invoices.values())
    assert max(numbers.values()) == 1


def test_take_over_writes_each_payment_once_into_the_clearing_account(office: Office) -> None:
    office.sync()
    office.take_over()
    clearing = next(a for a in office.ledger.accounts.values() if "Ignition Clearing" in a["Name"])
    posted = Link.objects.filter(practice=office.practice, kind="payment", method="written")
    assert posted.count() > 20
    by_slug = {row["slug"]: row for row in office.ignition.rows("payments")}
    for link in posted:
        payment_slug, invoice_slug = link.source_external_id.split("/")
        payment = office.ledger.payments[link.target_external_id]
        rows = [
            row
            for row in office.ignition.rows("collections")
            if row["invoice"]["slug"] == invoice_slug and row["type"] != "clawback"
        ]
        assert money(payment["Amount"]) in {money(row["amount"]["total"]) for row in rows}
        assert payment["Reference"] == payment_slug
        assert payment["Account"]["AccountID"] == clearing["AccountID"]
        assert by_slug[payment_slug]["state"] in {"collected", "disbursing", "disbursed"}
        target = Link.objects.get(practice=office.practice, kind="invoice", source_external_id=invoice_slug)
        assert payment["Invoice"]["InvoiceID"] == target.target_external_id
    for document in office.ledger.invoices.values():
        assert money(document["AmountPaid"]) <= money(document["Total"])


def test_a_second_run_writes_nothing(office: Office) -> None:
    office.sync()
    office.take_over()
    marker = office.marker
    run = office.sync()
    assert office.writes(marker) == []
    assert {run.counts[kind].get("to_write", 0) for kind in ("contact", "invoice", "payment")} == {0}
    full = office.sync(full=True)
    assert office.writes(marker) == []
    assert full.message == ""


def test_calls_stay_at_the_floor(office: Office) -> None:
    office.sync()
    marker = office.marker
    office.take_over()
    calls = list(office.world.calls.since(marker, host="xero"))
    done = Change.objects.filter(practice=office.practice, state=ChangeState.DONE)
    floor = (
        4  # one page per kind to see what changed, and the bank transactions that a person's sync reads too
    )
    for kind in ("contact", "invoice", "payment"):
        for verb in ("create", "update"):
            floor += ceil(done.filter(kind=kind, verb=verb).count() / 50)
    assert len(calls) <= 1.1 * floor


def test_nothing_new_costs_one_call_per_list(office: Office) -> None:
    office.sync()
    marker = office.marker
    office.sync()
    xero = list(office.world.calls.since(marker, host="xero"))
    assert sorted(call.path.rsplit("/", 1)[-1] for call in xero) == [
        "BankTransactions",
        "Contacts",
        "Invoices",
        "Payments",
    ]
    ignition = Counter(
        call.path.rsplit("/", 1)[-1] for call in office.world.calls.since(marker, host="ignition")
    )
    assert ignition["clients"] == 2  # the default list and the archived ones
    assert ignition["invoices"] == 1


def test_what_ignition_pushed_itself_is_adopted_and_never_posted_again(office: Office) -> None:
    before = set(office.ledger.invoices)
    office.sync()
    office.take_over()
    native = office.report.native_invoices
    links = dict(
        Link.objects.filter(practice=office.practice, kind="invoice").values_list(
            "source_external_id", "target_external_id"
        )
    )
    adopted = [slug for slug in native if links.get(slug) == native[slug]]
    not_adopted = [slug for slug in native if slug in links and links[slug] != native[slug]]
    assert not_adopted == []
    assert len(adopted) > 0.9 * (len(native) - len(office.report.voided_in_ignition))
    made = [item for key, item in office.ledger.invoices.items() if key not in before]
    pushed = {office.ledger.invoices[target]["InvoiceNumber"] for target in native.values()}
    references = {
        (item["Contact"]["ContactID"], item["Reference"], str(item["Date"]), money(item["Total"]))
        for item in made
    }
    for target in native.values():
        old = office.ledger.invoices[target]
        assert (
            old["Contact"]["ContactID"],
            old["Reference"],
            str(old["Date"]),
            money(old["Total"]),
        ) not in references
    assert pushed.isdisjoint(item["InvoiceNumber"] for item in made)


def test_a_client_is_linked_only_when_it_is_certain(office: Office) -> None:
    office.sync()
    links = dict(
        Link.objects.filter(practice=office.practice, kind="contact").values_list(
            "source_external_id", "target_external_id"
        )
    )
    for client, contact in office.report.linkable.items():
        assert links.get(client, contact) == contact
    for client, (contact, reason) in office.report.not_linkable.items():
        assert links.get(client) != contact, reason
        snapshot = Snapshot.objects.get(
            practice=office.practice, kind="contact", external_id=client, connection__provider="ignition"
        )
        reviewed = Review.objects.filter(practice=office.practice, source_external_id=client).exists()
        assert reviewed or snapshot.standing == Standing.FILTERED or reason == "near_name", (
            snapshot.name,
            reason,
        )


def test_fill_gaps_creates_but_changes_nothing_that_exists(office: Office) -> None:
    office.sync()
    office.switch(Mode.FILL_GAPS)
    before = {key: dict(value) for key, value in office.ledger.contacts.items()}
    office.sync()
    assert {call.method for call in office.writes()} == {"PUT"}
    for key, value in before.items():
        assert office.ledger.contacts[key][
            "EmailAddress" if "EmailAddress" in value else "Name"
        ] == value.get("EmailAddress", value["Name"])


def test_switching_back_to_watch_stops_writing(office: Office) -> None:
    office.sync()
    office.switch(Mode.TAKE_OVER)
    office.switch(Mode.WATCH)
    assert not Change.objects.filter(practice=office.practice, state=ChangeState.PENDING).exists()
    office.sync()
    assert office.writes() == []


def test_invoices_wait_for_contacts_that_are_only_watched(office: Office) -> None:
    office.sync()
    office.switch(Mode.TAKE_OVER, "invoice")
    office.sync()
    contacts = {item["ContactID"] for item in office.ledger.contacts.values()}
    assert all(item["Contact"]["ContactID"] in contacts for item in office.ledger.invoices.values())
    assert not [call for call in office.writes() if call.path.endswith("/Contacts")]
    assert Change.objects.filter(practice=office.practice, reason="contact_not_written").exists()


def test_attempts_tell_what_was_sent(office: Office) -> None:
    office.sync()
    run = office.take_over()
    attempts = Attempt.objects.filter(run=run)
    assert attempts.exists()
    assert set(attempts.values_list("result", flat=True)) == {"ok"}
    assert sum(attempt.changes.count() for attempt in attempts) == sum(
        run.counts[kind]["written"] for kind in ("contact", "invoice", "payment")
    )
