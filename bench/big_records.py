"""What was read: clients, invoices and payments of both systems, and which is which."""

from bench.big_practice import Big, ago, name_of
from bench.bulk import choose, fill
from sync.models import Kind, Link, Snapshot

HELD = ("conflict", "tax_unmapped", "no_link", "does_not_add_up", "account_unmapped")
STANDING = "CASE n % 50 WHEN 3 THEN 'held' WHEN 5 THEN 'parked' WHEN 7 THEN 'filtered' ELSE 'in_sync' END"
WHY = f"CASE n % 50 WHEN 3 THEN {choose(HELD, 'n / 50')} WHEN 5 THEN 'rejected' WHEN 7 THEN 'invoice_draft' ELSE '' END"
AMOUNT = "(100 + n * 37 % 9000 + 0.5)::numeric"
EMAIL = "'c' || n || '@client.example'"
LINES = (
    "jsonb_build_array(jsonb_build_object('external_id', md5('line' || n), 'description', 'Monthly bookkeeping',"
    f" 'quantity', '1', 'unit_amount', ({AMOUNT})::text, 'amount', ({AMOUNT})::text, 'tax_type', 'OUTPUT',"
    " 'account_code', '200'))"
)


def make_records(big: Big) -> None:
    """Both sides of every kind, and links between nearly all of them."""
    sizes = big.sizes
    _records(
        big,
        Kind.CONTACT,
        sizes.contacts,
        sizes.contacts,
        record=f"jsonb_build_object('external_id', key, 'name', {name_of('n')}, 'email', {EMAIL})",
        name=name_of("n"),
        email=EMAIL,
        status=choose(("active", "active", "active", "lead", "archived"), "n"),
    )
    number = "'INV-' || lpad(n::text, 7, '0')"
    party = f"prefix || 'contact_' || (1 + n % {sizes.contacts})"
    day = f"(now() - ((n * 400::bigint / {sizes.invoices}) || ' days')::interval)::date"
    _records(
        big,
        Kind.INVOICE,
        sizes.invoices,
        sizes.invoices * 17 // 18,
        record=f"jsonb_build_object('external_id', key, 'number', {number}, 'reference', 'PROP-' || n / 12, 'total',"
        f" ({AMOUNT})::text, 'currency', 'AUD', 'date', {day}, 'contact_external_id', {party}, 'lines', {LINES})",
        number=number,
        reference="'PROP-' || n / 12",
        party_external_id=party,
        date=day,
        amount=AMOUNT,
        currency="'AUD'",
        status=choose(("issued", "issued", "issued", "draft", "voided"), "n / 20"),
    )
    invoices = f"jsonb_build_array('ign_invoice_' || (1 + n % {sizes.invoices}))"
    _records(
        big,
        Kind.PAYMENT,
        sizes.payments,
        sizes.payments * 7 // 10,
        record=f"jsonb_build_object('external_id', key, 'amount', ({AMOUNT})::text, 'currency', 'AUD', 'date', {day},"
        f" 'contact_external_id', {party}, 'invoice_external_ids', {invoices})",
        reference="'pypay_' || n",
        party_external_id=party,
        date=day.replace(str(sizes.invoices), str(sizes.payments)),
        amount=AMOUNT,
        currency="'AUD'",
        status=choose(("disbursed", "disbursed", "collected", "uncollected"), "n / 20"),
    )


def _records(big: Big, kind: Kind, here: int, there: int, **values: str) -> None:
    for connection, prefix, count in ((big.source, "ign_", here), (big.target, "xero_", there)):
        own = {"standing": STANDING, "standing_reason": WHY} if prefix == "ign_" else {}
        fill(
            Snapshot,
            count,
            joined=f"CROSS JOIN LATERAL (SELECT '{prefix}'::text AS prefix, '{prefix}{kind}_' || n AS key) AS own",
            practice_id=str(big.practice.pk),
            connection_id=str(connection.pk),
            kind=f"'{kind}'",
            external_id="key",
            raw="jsonb_build_object('id', key, 'etag', md5(key), 'links', jsonb_build_array(md5(key || 'a')))",
            content_hash="md5(key) || md5(key || 'hash')",
            source_created_at=ago("401"),
            source_updated_at=ago("n % 400"),
            received_at=ago("n % 400"),
            to_plan="false",
            **values,
            **own,
        )
    share = f" || '/ign_invoice_' || (1 + n % {big.sizes.invoices})" if kind == Kind.PAYMENT else ""
    fill(
        Link,
        there * 49 // 50,
        practice_id=str(big.practice.pk),
        kind=f"'{kind}'",
        source_connection_id=str(big.source.pk),
        target_connection_id=str(big.target.pk),
        source_external_id=f"'ign_{kind}_' || n{share}",
        target_external_id=f"'xero_{kind}_' || n",
        method=choose(("written", "written", "stored", "document"), "n"),
        agreed_at=ago("n % 400"),
    )
