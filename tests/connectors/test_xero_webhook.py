"""Xero's webhooks: whose signature it is, and what an event says."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.hints import BadBody
from connectors.records import Kind
from connectors.xero import webhook

KEY = "a-signing-key-of-forty-characters-or-more"
TENANT = "0d9f7c2a-1b6e-4c3f-8e53-2a7d4c9b6f21"
RECORD = "8c1f3f1a-3b0e-4a6c-9d0f-0a5d1e7c2b90"


def event(**changed: Any) -> dict[str, Any]:
    return {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/Invoices/{RECORD}",
        "resourceId": RECORD,
        "eventDateUtc": "2026-11-18T02:14:07.551",
        "eventType": "UPDATE",
        "eventCategory": "INVOICE",
        "tenantId": TENANT,
        "tenantType": "ORGANISATION",
        **changed,
    }


def body(*events: Any) -> bytes:
    whole = {"events": list(events), "firstEventSequence": 1, "lastEventSequence": 1, "entropy": "S7tYh"}
    return json.dumps(whole).encode()


def sign(key: str, data: bytes) -> str:
    return base64.b64encode(hmac.new(key.encode(), data, hashlib.sha256).digest()).decode()


def test_only_our_keys_sign() -> None:
    data = body(event())
    assert webhook.is_genuine(data, sign(KEY, data), [KEY])
    assert webhook.is_genuine(data, sign(KEY, data), ["another", KEY])
    assert not webhook.is_genuine(data, sign(KEY, data), [])
    assert not webhook.is_genuine(data, sign("another", data), [KEY])
    assert not webhook.is_genuine(data + b" ", sign(KEY, data), [KEY])
    for odd in ("", "é", "\ud800", sign(KEY, data).lower(), f" {sign(KEY, data)}"):
        assert not webhook.is_genuine(data, odd, [KEY])


def test_an_event_names_its_record() -> None:
    (hint,) = webhook.parse(body(event())).hints
    assert (hint.tenant_external_id, hint.kind, hint.external_id) == (TENANT, Kind.INVOICE, RECORD)
    assert hint.action == "invoice update"
    assert hint.occurred_at == datetime(2026, 11, 18, 2, 14, 7, 551_000, tzinfo=UTC)
    assert json.loads(hint.body) == event()
    assert not hint.ignored


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("CONTACT", Kind.CONTACT),
        ("invoice", Kind.INVOICE),
        ("Payment", Kind.PAYMENT),
        ("CREDITNOTE", Kind.CREDIT_NOTE),
        ("PREPAYMENT", Kind.PREPAYMENT),
    ],
)
def test_categories_in_any_case(category: str, kind: Kind) -> None:
    (hint,) = webhook.parse(body(event(eventCategory=category, eventType="Create"))).hints
    assert (hint.kind, hint.ignored) == (kind, "")


@pytest.mark.parametrize(
    "changed",
    [
        {"eventCategory": "SUBSCRIPTION"},
        {"eventCategory": "QUOTE"},
        {"eventCategory": None},
        {"eventType": "DELETE"},
        {"eventType": 5},
        {"resourceId": "nothing"},
        {"resourceId": None},
        {"resourceId": {"a": 1}},
    ],
)
def test_what_is_not_known_is_kept_and_not_looked_at(changed: dict[str, Any]) -> None:
    (hint,) = webhook.parse(body(event(**changed))).hints
    assert hint.kind is None
    assert hint.ignored
    assert hint.body


def test_the_same_event_has_the_same_id_however_it_is_spelled() -> None:
    plain = webhook.parse(body(event())).hints[0].event_id
    respelled = event(
        tenantId=TENANT.upper(), resourceId=RECORD.upper(), eventType="update", resourceUrl="elsewhere"
    )
    assert webhook.parse(body(respelled)).hints[0].event_id == plain
    for changed in (
        {"eventDateUtc": "2026-11-18T02:14:07.552"},
        {"resourceId": TENANT},
        {"eventType": "CREATE"},
        {"eventCategory": "PAYMENT"},
        {"tenantId": RECORD},
    ):
        assert webhook.parse(body(event(**changed))).hints[0].event_id != plain


def test_trying_out_the_address_is_no_event() -> None:
    delivery = webhook.parse(body())
    assert (delivery.is_check, delivery.hints) == (True, ())


def test_events_of_applications_are_left_out_and_odd_ones_named() -> None:
    delivery = webhook.parse(body(event(tenantType="APPLICATION"), 7, event(tenantId=None), event()))
    assert len(delivery.hints) == 1
    assert len(delivery.unreadable) == 2
    assert not delivery.is_check


@pytest.mark.parametrize("moment", ["", "yesterday", "0001-01-01T00:00:00", "9999-12-31T23:59:59", 7])
def test_an_impossible_moment_is_none(moment: Any) -> None:
    assert webhook.parse(body(event(eventDateUtc=moment))).hints[0].occurred_at is None


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"[]", b"null", b"{}", b'{"events": 1}', b'{"events": {}}', b"\xff\xfe", b"NaN"),
        b"[" * 100_000,
        b'{"events": [NaN]}',
    ],
)
def test_what_xero_does_not_send_is_refused(data: bytes) -> None:
    with pytest.raises(BadBody):
        webhook.parse(data)


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=5)
)
def test_any_value_in_any_field_can_be_stored(value: Any) -> None:
    data = json.dumps({"events": [event(**{name: value}) for name in event()]}).encode()
    if b"NaN" in data or b"Infinity" in data:
        return
    for hint in webhook.parse(data).hints:
        for text in (hint.event_id, hint.external_id, hint.action, hint.tenant_external_id, hint.body):
            text.encode()
            assert "\x00" not in text
        assert len(hint.event_id) <= 100
        assert len(hint.external_id) <= 100
        assert len(hint.action) <= 60
