"""Hints about Ignition: signed by whoever knows the secret, or passed on by a tool that can only send it along."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.hints import BadBody
from connectors.ignition import webhook
from connectors.records import Kind

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
SECRET, OTHER = "whs_one", "whs_two"
ENVELOPE = {
    "id": "evt_01",
    "type": "invoice.paid",
    "schema": 1,
    "occurred_at": "2026-11-20T01:59:58Z",
    "source": "sandbox",
    "practice": "demo",
    "resource": {"type": "invoice", "slug": "inv_ngsdqudldhkaacwldfyq", "natural_key": "n"},
    "data": None,
}


def envelope(**changed: Any) -> bytes:
    return json.dumps({**ENVELOPE, **changed}).encode()


def signature(data: bytes, *, secret: str = SECRET, at: datetime = NOW) -> webhook.Signature:
    stamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + data, hashlib.sha256).hexdigest()
    return webhook.Signature(timestamp=stamp, value=f"v1={digest}")


def opened(data: bytes, said: webhook.Signature) -> int | None:
    return webhook.is_genuine(data, said, [OTHER, SECRET], now=NOW, skew_seconds=300)


def test_a_signature_says_which_secret_made_it() -> None:
    data = envelope()
    assert opened(data, signature(data)) == 1
    assert opened(data, signature(data, secret=OTHER)) == 0
    assert opened(data, signature(data, secret="whs_three")) is None
    assert opened(data + b" ", signature(data)) is None


@pytest.mark.parametrize(("seconds", "fresh"), [(299, True), (-299, True), (301, False), (-301, False)])
def test_an_old_signature_is_worth_nothing(seconds: int, fresh: bool) -> None:
    data = envelope()
    assert (opened(data, signature(data, at=NOW + timedelta(seconds=seconds))) is not None) is fresh


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1e9", "٣", "9" * 400, f" {int(NOW.timestamp())}"])
def test_an_odd_timestamp_is_none(stamp: str) -> None:
    data = envelope()
    digest = hmac.new(SECRET.encode(), f"{stamp}.".encode() + data, hashlib.sha256).hexdigest()
    assert opened(data, webhook.Signature(timestamp=stamp, value=f"v1={digest}")) is None


@pytest.mark.parametrize("prefix", ["", "v2=", "V1=", "v1=v1="])
def test_another_sort_of_signature_is_none(prefix: str) -> None:
    data = envelope()
    right = signature(data)
    other = webhook.Signature(timestamp=right.timestamp, value=prefix + right.value.removeprefix("v1="))
    assert opened(data, other) is None


def test_a_secret_that_is_sent_along() -> None:
    assert webhook.knows(SECRET, [OTHER, SECRET]) == 1
    for wrong in ("", "whs_", "WHS_ONE", "é", "\ud800"):
        assert webhook.knows(wrong, [OTHER, SECRET]) is None
    assert webhook.knows("", []) is None


def test_a_signed_hint() -> None:
    hint = webhook.parse_signed(envelope(), event_id="evt_01")
    assert (hint.event_id, hint.kind, hint.action) == ("evt_01", Kind.INVOICE, "invoice.paid")
    assert hint.external_id == "inv_ngsdqudldhkaacwldfyq"
    assert hint.occurred_at == datetime(2026, 11, 20, 1, 59, 58, tzinfo=UTC)
    assert hint.body == envelope().decode()


def test_a_caught_request_can_not_be_sent_under_a_new_name() -> None:
    with pytest.raises(BadBody, match="different events"):
        webhook.parse_signed(envelope(), event_id="evt_02")
    assert webhook.parse_signed(envelope(), event_id="").event_id == "evt_01"


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"resource": {"type": "client", "slug": "cli_a"}}, Kind.CONTACT),
        ({"resource": {"type": "contact", "slug": "con_a"}}, Kind.PERSON),
        ({"resource": None, "type": "payment.collected"}, Kind.PAYMENT),
        ({"resource": {"type": "collection", "slug": "5"}, "type": "clawback.recorded"}, Kind.COLLECTION),
        ({"resource": {"type": "deal_stage", "slug": "pss_a"}}, Kind.DEAL_STAGE),
        ({"resource": {"type": "moon"}, "type": "moon.rose"}, None),
    ],
)
def test_what_a_signed_hint_is_about(changed: dict[str, Any], kind: Kind | None) -> None:
    hint = webhook.parse_signed(envelope(**changed), event_id="")
    assert hint.kind == kind
    assert bool(hint.ignored) is (kind is None)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"no", b"[]", b"{}", b"\xff", b"[" * 100_000),
        *(
            envelope(id=None),
            envelope(id=""),
            envelope(id="x" * 101),
            envelope(id="a\x00b"),
            envelope(type=[]),
        ),
    ],
)
def test_what_was_not_agreed_is_refused(data: bytes) -> None:
    with pytest.raises(BadBody):
        webhook.parse_signed(data, event_id="")


@pytest.mark.parametrize(
    ("sent", "kind", "external_id"),
    [
        ({"type": "invoice", "slug": "inv_abc"}, Kind.INVOICE, "inv_abc"),
        ({"resource": {"type": "client", "id": "cli_abc"}}, Kind.CONTACT, "cli_abc"),
        ({"resource": "payment", "id": 7_654_321}, Kind.PAYMENT, "7654321"),
        ({"event": "Invoice paid", "id": "inv_abc"}, Kind.INVOICE, "inv_abc"),
        ({"event": "New Client", "client_id": 12}, Kind.CONTACT, "12"),
        ({"trigger": "proposal_accepted", "proposal_id": "prop_x"}, Kind.PROPOSAL, "prop_x"),
        ({"event": "Updated", "id": "cli_abc"}, Kind.CONTACT, "cli_abc"),
        ({"event": "Payments"}, Kind.PAYMENT, ""),
        ({"event": "Client paid invoice"}, None, ""),
        ({"id": "a b"}, None, ""),
        ({"hello": "world"}, None, ""),
    ],
)
def test_a_loose_hint_is_understood_as_far_as_it_goes(
    sent: dict[str, Any], kind: Kind | None, external_id: str
) -> None:
    (hint,) = webhook.parse_loose(json.dumps(sent).encode(), event_id="", now=NOW)
    assert (hint.kind, hint.external_id, hint.ignored) == (kind, external_id, "")


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\xff\x00", b"[]", b"[1]", b'"x"', b"[" * 100_000, b"&" * 999]
)
def test_whatever_comes_something_may_have_changed(data: bytes) -> None:
    (hint,) = webhook.parse_loose(data, event_id="", now=NOW)
    assert (hint.kind, hint.ignored) == (None, "")


def test_a_form_is_read_like_an_object() -> None:
    (hint,) = webhook.parse_loose(b"event=Invoice+Paid&id=inv_abc", event_id="", now=NOW)
    assert (hint.kind, hint.external_id) == (Kind.INVOICE, "inv_abc")


def test_a_list_is_several_hints() -> None:
    sent = [{"type": "invoice", "slug": f"inv_{number}"} for number in range(3)]
    hints = webhook.parse_loose(json.dumps(sent).encode(), event_id="", now=NOW)
    assert [hint.external_id for hint in hints] == ["inv_0", "inv_1", "inv_2"]
    assert len({hint.event_id for hint in hints}) == 3
    many = webhook.parse_loose(json.dumps(sent * 50).encode(), event_id="", now=NOW)
    assert [hint.kind for hint in many] == [None]


def test_equal_requests_are_two_changes_unless_they_say_they_are_one() -> None:
    data = b'{"type": "invoice", "slug": "inv_abc"}'

    def event_id(given: str, now: datetime) -> str:
        return webhook.parse_loose(data, event_id=given, now=now)[0].event_id

    later = NOW + timedelta(microseconds=1)
    assert event_id("", NOW) != event_id("", later)
    assert event_id("mine", NOW) == event_id("mine", later)
    assert event_id("mine", NOW) != event_id("yours", NOW)


@given(st.binary(max_size=200), st.text(max_size=200))
def test_any_bytes_can_be_stored(data: bytes, event_id: str) -> None:
    for hint in webhook.parse_loose(data, event_id=event_id, now=NOW):
        for text in (hint.event_id, hint.external_id, hint.action, hint.body):
            text.encode()
            assert "\x00" not in text
        assert len(hint.event_id) <= 100
        assert len(hint.external_id) <= 100
