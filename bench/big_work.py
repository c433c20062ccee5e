"""What was done: a year of runs, what they wrote or still owe, and each call."""

from bench.big_practice import Big, ago, name_of
from bench.bulk import choose, fill
from sync.models import Attempt, Change, Run

HELD = ("conflict", "tax_unmapped", "no_link", "does_not_add_up", "account_unmapped")
HELD_WORDS = (
    "Both sides were changed.",
    "No tax type is chosen for Ignition's tax “GST”.",
    "Its client is not linked yet.",
    "The lines come to 90.00 and the invoice to 110.00.",
    "No sales account is chosen.",
)
"""What is said of each reason; by it the records of one cause are found."""
REFUSED = ("bad_account", "duplicate_number", "period_locked", "", "has_payments")
PARKED = ("rejected", "rejected", "rejected", "needs_mapping", "unclear")

OPEN_PART, OPEN_EACH = 14, 7
"""Of the last 14 per cent of the Changes each seventh is open. Within them each record occurs once."""


def make_runs(big: Big) -> range:
    """A year of them: mostly by the clock, each eighth for reported changes, and now and then somebody's."""
    count = big.sizes.runs
    since = f"({count} - n) * 365.0 / {count}"
    row = "jsonb_build_object('read', 90, 'in_sync', 80, 'held', n % 3, 'written', n % 7, 'verified', n % 7)"
    return fill(
        Run,
        count,
        practice_id=str(big.practice.pk),
        purpose="CASE WHEN n % 8 = 0 THEN 'live' WHEN n % 50 = 1 THEN 'person' ELSE 'poll' END",
        trigger="CASE WHEN n % 8 = 0 THEN 'event' WHEN n % 50 = 1 THEN 'person' ELSE 'schedule' END",
        actor_id=f"CASE WHEN n % 50 = 1 AND n % 8 <> 0 THEN {big.owner.pk} END",
        state="CASE WHEN n % 40 = 2 THEN 'failed' WHEN n % 5 = 0 THEN 'incomplete' ELSE 'done' END",
        message="CASE WHEN n % 40 = 2 THEN 'Xero did not answer.' ELSE '' END",
        counts=f"jsonb_build_object('contact', {row}, 'invoice', {row}, 'payment', {row}, 'reading',"
        " jsonb_build_object('xero', jsonb_build_object('invoice', jsonb_build_object('read', 9, 'changed', 2))))",
        calls="jsonb_build_object('ignition', 12, 'xero', 14)",
        bytes_read="100000 + n",
        mapping_version="1",
        queued_at=ago(since),
        started_at=f"{ago(since)} + interval '1 second'",
        finished_at=f"{ago(since)} + interval '9 seconds'",
    )


def make_changes(big: Big, runs: range) -> range:
    """Of twenty one is of a contact, seven of payments, the rest of invoices; each record is written several times."""
    sizes, count = big.sizes, big.sizes.changes
    records = {"contact": sizes.contacts, "payment": sizes.payments, "invoice": sizes.invoices}
    pair = (
        "CASE kind " + " ".join(f"WHEN '{kind}' THEN {number}" for kind, number in records.items()) + " END"
    )
    joined = f"""CROSS JOIN LATERAL (SELECT n % 20 AS place) AS a
        CROSS JOIN LATERAL (SELECT CASE WHEN place = 1 THEN 'contact' WHEN place BETWEEN 2 AND 8 THEN 'payment'
            ELSE 'invoice' END AS kind, CASE WHEN place = 1 THEN n / 20 WHEN place BETWEEN 2 AND 8
            THEN n / 20 * 7 + place - 2 ELSE n / 20 * 12 + greatest(place - 8, 0) END AS turn) AS b
        CROSS JOIN LATERAL (SELECT turn % ({pair}) + 1 AS record, turn / ({pair}) AS round) AS c
        CROSS JOIN LATERAL (SELECT n > {count} - {count} * {OPEN_PART} / 100 AND n % {OPEN_EACH} = 3 AS open,
            n / {OPEN_EACH} % 20 AS lot, 100 + n % 9000 + 0.5 AS money) AS d
        CROSS JOIN LATERAL (SELECT CASE WHEN open THEN CASE WHEN lot < 10 THEN 'held' WHEN lot < 18 THEN 'parked'
            ELSE 'pending' END WHEN n % 97 = 5 THEN 'superseded' WHEN n % 331 = 7 THEN 'cancelled' ELSE 'done' END
            AS now_is, 365.0 * ({count} - n) / {count} AS age) AS e"""
    document = (
        "CASE kind WHEN 'contact' THEN jsonb_build_object('name', 'Client ' || record, 'email', 'c@client.example')"
        " WHEN 'payment' THEN jsonb_build_object('amount', money::text, 'date', '2026-06-01', 'reference', record)"
        " ELSE jsonb_build_object('number', 'IGN-' || lpad(record::text, 7, '0'), 'total', money::text, 'tax',"
        " round(money / 11, 2)::text, 'currency', 'AUD', 'date', '2026-06-01', 'line_amounts', 'Exclusive', 'lines',"
        " jsonb_build_array(jsonb_build_object('description', 'Monthly bookkeeping', 'quantity', '1', 'unit_amount',"
        " money::text, 'account_code', '200', 'tax_type', 'OUTPUT'))) END"
    )
    done, run = "now_is = 'done'", f"{runs.start} + (n::bigint * {len(runs)} / {count + 1})"
    flow = " ".join(f"WHEN '{kind}' THEN {item.pk}" for kind, item in big.flows.items())
    at = ago("age")
    return fill(
        Change,
        count,
        joined=joined,
        practice_id=str(big.practice.pk),
        flow_id=f"CASE kind {flow} END",
        connection_id=str(big.target.pk),
        source_connection_id=str(big.source.pk),
        kind="kind",
        verb="CASE WHEN round = 0 THEN 'create' ELSE 'update' END",
        source_external_id="'ign_' || kind || '_' || record || CASE kind WHEN 'payment' THEN '/ign_invoice_' ||"
        f" (1 + record % {sizes.invoices}) ELSE '' END",
        target_external_id=f"CASE WHEN {done} OR round > 0 THEN 'xero_' || kind || '_' || record ELSE '' END",
        natural_key="CASE kind WHEN 'invoice' THEN 'IGN-' || lpad(record::text, 7, '0') WHEN 'payment'"
        " THEN 'pypay_' || record ELSE '' END",
        key="gen_random_uuid()",
        title=f"CASE kind WHEN 'invoice' THEN 'INV-' || lpad(record::text, 7, '0') ELSE {name_of('record')} END",
        values=document,
        before="CASE WHEN round > 0 THEN jsonb_build_object('reference', 'PROP-' || record) ELSE '{}'::jsonb END",
        amount="CASE WHEN kind <> 'contact' THEN money END",
        currency="CASE WHEN kind <> 'contact' THEN 'AUD' ELSE '' END",
        date="CASE WHEN kind <> 'contact' THEN (now() - age * interval '1 day')::date END",
        purpose=choose(("live", "poll", "poll", "backfill"), "n"),
        source_changed_at=f"{at} - interval '4 seconds'",
        state="now_is",
        reason=f"CASE now_is WHEN 'held' THEN {choose(HELD, 'n / 140')} WHEN 'parked' THEN {choose(REFUSED, 'n / 140')}"
        " WHEN 'cancelled' THEN 'declined' ELSE '' END",
        parked_as=f"CASE now_is WHEN 'parked' THEN {choose(PARKED, 'n / 700')} ELSE '' END",
        message=f"CASE now_is WHEN 'held' THEN {choose(HELD_WORDS, 'n / 140')} WHEN 'parked' THEN"
        " 'Xero did not accept it.' ELSE '' END",
        facts_hash="md5(n::text) || md5(n::text)",
        source_digest="md5(n::text) || md5(n::text)",
        mapping_version="1",
        made_by_id=run,
        sent_by_id=f"CASE WHEN {done} THEN {run} END",
        tries="CASE now_is WHEN 'done' THEN 1 WHEN 'parked' THEN 2 ELSE 0 END",
        first_sent_at=f"CASE WHEN {done} THEN {at} END",
        created_at=at,
        done_at=f"CASE WHEN {done} THEN {at} END",
        verified_at=f"CASE WHEN {done} THEN {at} + interval '1 second' END",
        noted_at=f"CASE WHEN {done} THEN {at} + interval '1 second' END",
    )


def make_attempts(big: Big, runs: range, changes: range) -> None:
    count = big.sizes.attempts
    at = ago(f"365.0 * ({count} - n) / {count}")
    made = fill(
        Attempt,
        count,
        practice_id=str(big.practice.pk),
        run_id=f"{runs.start} + (n::bigint * {len(runs)} / {count + 1})",
        connection_id=str(big.target.pk),
        kind=choose(("invoice", "payment", "contact"), "n"),
        verb=choose(("create", "update"), "n / 3"),
        idempotency_key="md5(n::text)",
        started_at=at,
        ended_at=f"{at} + interval '300 milliseconds'",
        ms="120 + n % 400",
        result=choose(("ok", "ok", "ok", "ok", "partial", "retry"), "n"),
        status="200",
        request_id="md5('r' || n)",
    )
    fill(
        Attempt.changes.through,
        len(changes),
        change_id=f"{changes.start} + n - 1",
        attempt_id=f"{made.start} + (n::bigint - 1) * {count} / {len(changes)}",
    )


def make_open(big: Big, count: int) -> range:
    """This many more Changes that wait for somebody, each of a record of its own."""
    return fill(
        Change,
        count,
        practice_id=str(big.practice.pk),
        flow_id=str(big.flows["invoice"].pk),
        connection_id=str(big.target.pk),
        source_connection_id=str(big.source.pk),
        kind="'invoice'",
        verb="'create'",
        source_external_id="'waiting_' || n",
        key="gen_random_uuid()",
        title="'WAIT-' || n",
        values="jsonb_build_object('total', '110.00', 'tax', '10.00')",
        amount="110",
        currency="'AUD'",
        state=choose(("held", "parked"), "n"),
        reason=f"CASE WHEN n % 2 = 0 THEN {choose(HELD, 'n / 2')} ELSE {choose(REFUSED, 'n / 2')} END",
        parked_as=f"CASE WHEN n % 2 = 0 THEN '' ELSE {choose(PARKED, 'n / 10')} END",
        message=f"replace({choose(HELD_WORDS, 'n / 2')}, 'GST', {choose(('GST', 'GST Free', 'Exempt'), 'n / 10')})",
        facts_hash="md5(n::text) || md5(n::text)",
        created_at=ago("n % 30"),
    )
