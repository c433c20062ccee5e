"""What people have to do with: reports from outside, records to recognise, problems, alerts, and who did what."""

from bench.big_practice import Big, ago, name_of
from bench.bulk import choose, fill
from practices.models import AuditEntry
from sync.models import Alert, Channel, ChannelKind, Delivery, Event, Incident, Review

WAITING = 400
"""One report in so many has not been looked at yet."""


def make_events(big: Big, runs: range) -> None:
    count = big.sizes.events
    at = ago(f"90.0 * ({count} - n) / {count}")
    state = choose(("done", "echo", "done", "done", "ignored"), "n")
    source = "n % 3 > 0"
    fill(
        Event,
        count,
        practice_id=str(big.practice.pk),
        connection_id=f"CASE WHEN {source} THEN {big.source.pk} ELSE {big.target.pk} END",
        provider_event_id="md5('event' || n)",
        source=f"CASE WHEN {source} AND n % 7 = 0 THEN 'bridge' ELSE 'webhook' END",
        kind=choose(("invoice", "payment", "contact"), "n / 3"),
        external_id=f"CASE WHEN {source} THEN 'ign_' ELSE 'xero_' END || "
        f"{choose(('invoice', 'payment', 'contact'), 'n / 3')} || '_' || (1 + n % {big.sizes.contacts})",
        action=choose(("invoice.updated", "payment.collected", "client.updated"), "n / 3"),
        occurred_at=at,
        received_at=at,
        headers="jsonb_build_object('Content-Type', 'application/json')",
        body='\'{"type": "invoice.updated", "id": "\' || md5(n::text) || \'"}\'',
        state=f"CASE WHEN n % {WAITING} = 0 THEN 'waiting' ELSE {state} END",
        handled_at=f"CASE WHEN n % {WAITING} <> 0 THEN {at} + interval '2 seconds' END",
        run_id=f"CASE WHEN n % {WAITING} <> 0 THEN {runs.start} + (n::bigint * {len(runs)} / {count + 1}) END",
    )


def make_reviews(big: Big) -> None:
    """One client in ten had to be recognised by a person; one in fifty still has."""
    fill(
        Review,
        big.sizes.contacts // 10,
        practice_id=str(big.practice.pk),
        kind="'contact'",
        source_connection_id=str(big.source.pk),
        target_connection_id=str(big.target.pk),
        source_external_id="'ign_contact_' || n",
        title=name_of("n"),
        candidates="jsonb_build_array(jsonb_build_object('external_id', 'xero_contact_' || n, 'name', 'Alike',"
        " 'score', 0.8))",
        state="CASE WHEN n % 5 = 0 THEN 'open' ELSE 'linked' END",
        decided_at=f"CASE WHEN n % 5 <> 0 THEN {ago('n % 365')} END",
        decided_by_id=f"CASE WHEN n % 5 <> 0 THEN {big.owner.pk} END",
        created_at=ago("n % 365"),
    )


def make_audit(big: Big) -> None:
    fill(
        AuditEntry,
        big.sizes.contacts,
        practice_id=str(big.practice.pk),
        at=ago(f"365.0 * n / {big.sizes.contacts}"),
        actor_id=str(big.owner.pk),
        actor_label="'Olive Owner'",
        action="'change.retried'",
        object_type="'change'",
        object_id="n::text",
        summary="'Tried a change again'",
    )


def make_incidents(big: Big) -> None:
    """Problems that are over, half of them told to people and told to be over. The open ones come from the Changes."""
    count = big.sizes.incidents
    at = f"365.0 * ({count} - n) / {count}"
    incidents = fill(
        Incident,
        count,
        practice_id=str(big.practice.pk),
        connection_id=str(big.target.pk),
        kind=choose(("invoice", "payment", "contact", ""), "n"),
        cause=choose(("rejected.bad_account", "trouble", "held.tax_unmapped", "rejected.period_locked"), "n"),
        subject="'lot ' || n",
        title="'Xero did not accept invoices: lot ' || n",
        text="'An account was no longer active.'",
        severity=choose(("warning", "critical", "info"), "n"),
        heals="n % 4 = 1",
        count="n % 90",
        amount="(n % 9000)::numeric",
        currency="'AUD'",
        state="'resolved'",
        resolution=choose(("itself", "person"), "n"),
        opened_at=ago(f"{at} + 0.5"),
        last_seen_at=ago(at),
        resolved_at=ago(at),
        alerted_at=f"CASE WHEN n % 2 = 0 THEN {ago(f'{at} + 0.4')} END",
    )
    channel = Channel.objects.create(
        practice=big.practice,
        kind=ChannelKind.EMAIL,
        name="E-mail to owners and admins",
        address={"owners_and_admins": True, "members": [], "others": []},
        shown="owners and admins",
    )
    told = fill(
        Alert,
        count,
        practice_id=str(big.practice.pk),
        key="gen_random_uuid()",
        incident_id=f"{incidents.start} - 1 + (n + 1) / 2 * 2 - 1",
        event="CASE WHEN n % 2 = 1 THEN 'opened' ELSE 'recovered' END",
        severity=choose(("warning", "critical"), "n / 2"),
        title="'Xero did not accept invoices: lot ' || n",
        text="'An account was no longer active.'",
        count="n % 90",
        amount="(n % 9000)::numeric",
        currency="'AUD'",
        created_at=ago(f"{at} + CASE WHEN n % 2 = 1 THEN 0.4 ELSE 0 END"),
        over_at=f"CASE WHEN n % 2 = 1 THEN {ago(at)} END",
    )
    fill(
        Delivery,
        len(told),
        practice_id=str(big.practice.pk),
        alert_id=f"{told.start} + n - 1",
        channel_id=str(channel.pk),
        state="'sent'",
        tries="1",
        sent_at=ago(f"365.0 * ({count} - n) / {count}"),
    )
