"""Anything at all, at every address: an answer below 500, and nothing kept of what nobody signed.

The values are made by hypothesis and the same with each run.
"""

import json
import re
import string
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from launcher.paths import BASE_DIR
from practices.models import HookSecret, Role
from sync.models import Event, Pulse, Run
from tests.full_practice import FullPractice, make_full_practice
from tests.sync.hook_calls import (
    XERO_KEY,
    hint,
    post_ignition,
    post_xero,
    signed_headers,
    xero_body,
    xero_event,
)
from tests.test_access_matrix import ASKED, TENANT, Address, url_of
from tests.test_odd_requests import ODD
from tests.test_security import browser_of

pytestmark = pytest.mark.django_db

SECRET = "whs_the-secret-of-these-tests"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
BODIES = st.binary(max_size=200) | JSON.map(lambda data: json.dumps(data).encode())
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "X-Xero-Signature": HEADER,
        "X-Sync-Signature": HEADER | HEADER.map(lambda text: f"v1={text}"),
        "X-Sync-Secret": HEADER,
        "X-Sync-Timestamp": HEADER | st.integers().map(str),
        "X-Sync-Event-Id": HEADER,
        "User-Agent": HEADER,
        "X-Request-Id": HEADER,
        "Cookie": HEADER,
        "Content-Encoding": HEADER,
    },
)
VALUES = (
    st.text(max_size=30)
    | st.sampled_from(ODD)
    | st.integers().map(str)
    | st.sampled_from(("", "1", "-1", "on"))
)

FIELD = re.compile(r'name="([a-z_]+)"')
NAMES = sorted(
    {
        name
        for path in (BASE_DIR / "templates").rglob("*.html")
        for name in FIELD.findall(path.read_text(encoding="utf-8"))
    }
    | {
        "page",
        "size",
        "sort",
        "totals",
        "system",
        "standing",
        "status",
        "least",
        "most",
        "verb",
        "run",
        "kind",
    }
)
AT_A_TIME = 12
"""Fields of one request. With each example they are others."""

PEOPLE = (Role.OWNER, Role.STAFF)
LOGGED_OUT = re.compile(r"^/(accounts|hooks|invitations)/")


def bounded(examples: int) -> settings:
    """The same examples each time, and no more of them than a test may take."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(autouse=True)
def _nobody_outside_answers(settings: Any) -> None:
    settings.IGNITION_API_URL = settings.XERO_API_URL = settings.XERO_IDENTITY_URL = "http://127.0.0.1:9"
    settings.IGNITION_AUTH_URL = settings.XERO_LOGIN_URL = "http://127.0.0.1:9"
    settings.XERO_WEBHOOK_KEY = [XERO_KEY]
    settings.NUDGE_WORKERS = False


@pytest.fixture
def ours() -> FullPractice:
    full = make_full_practice("Harbour")
    HookSecret.objects.update(secret=SECRET)
    return full


def kept() -> tuple[int, ...]:
    return (Event.objects.count(), Run.objects.count(), Pulse.objects.count())


# --- reports from outside --------------------------------------------------------------------------------------


def test_nothing_unsigned_is_kept(ours: FullPractice) -> None:
    before = kept()
    genuine = xero_body(xero_event(ours.books.target))

    @bounded(100)
    @given(body=BODIES | st.just(genuine) | st.just(hint()), headers=HEADERS)
    def try_it(body: bytes, headers: dict[str, str]) -> None:
        given_headers = {name: value for name, value in headers.items() if name != "X-Xero-Signature"}
        answer = post_xero(body, signature=headers.get("X-Xero-Signature", ""), headers=given_headers)
        assert (answer.status_code, answer.content) == (401, b"")
        answer = post_ignition(ours.books.source, body, headers)
        assert (answer.status_code, answer.content) == (401, b"")
        assert not answer.cookies

    try_it()
    assert kept() == before


def test_whatever_xero_signs_is_answered(ours: FullPractice) -> None:
    fields = [*xero_event(ours.books.target)]

    @bounded(80)
    @given(
        body=BODIES,
        changed=st.dictionaries(st.sampled_from(fields), JSON, max_size=4),
        more=st.lists(JSON, max_size=3),
        headers=HEADERS,
    )
    def try_it(body: bytes, changed: dict[str, Any], more: list[Any], headers: dict[str, str]) -> None:
        headers.pop("X-Xero-Signature", None)
        assert post_xero(body, headers=headers).status_code in {200, 400}
        event = {**xero_event(ours.books.target), **changed}
        answer = post_xero(xero_body(event, *more), headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
        whole = json.dumps({"events": [event], **dict.fromkeys(changed, more)}).encode()
        assert post_xero(whole, headers=headers).status_code == 200

    try_it()


def test_whatever_a_known_sender_sends_is_answered(ours: FullPractice) -> None:
    fields = [*json.loads(hint())]

    @bounded(80)
    @given(body=BODIES, changed=st.dictionaries(st.sampled_from(fields), JSON, max_size=4), headers=HEADERS)
    def try_it(body: bytes, changed: dict[str, Any], headers: dict[str, str]) -> None:
        rest = {name: headers[name] for name in headers if not name.startswith("X-Sync-S")}
        loose = post_ignition(ours.books.source, body, {**rest, "X-Sync-Secret": SECRET})
        assert (loose.status_code, loose.content) == (200, b"")
        envelope = hint(**changed)
        for sent in (body, envelope):
            signed = post_ignition(ours.books.source, sent, {**rest, **signed_headers(sent, SECRET)})
            assert signed.status_code in {200, 400}
            assert signed.content == b""

    try_it()


# --- every address ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [*PEOPLE, None], ids=["owner", "staff", "nobody"])
def test_anything_at_every_address(ours: FullPractice, role: Role | None) -> None:
    client = browser_of(ours.people[role]) if role else Client(raise_request_exception=False)
    reach = {Role.OWNER: re.compile("/"), Role.STAFF: re.compile(TENANT)}.get(role, LOGGED_OUT)  # type: ignore[arg-type]
    asked = [address for address in ASKED if reach.match(address.path)]
    assert len(asked) > (40 if role else 10)

    @bounded(2)
    @given(
        values=st.lists(VALUES, min_size=AT_A_TIME, max_size=AT_A_TIME), start=st.integers(0, len(NAMES) - 1)
    )
    def try_it(values: list[str], start: int) -> None:
        for number, address in enumerate(asked):
            first = start + number * AT_A_TIME
            names = [NAMES[(first + step) % len(NAMES)] for step in range(AT_A_TIME)]
            fields = dict(zip(names, values, strict=True))
            right, odd = url_of(address, ours), odd_url(address, ours, values[number % AT_A_TIME])
            asks = [("get", right), ("post", right), *([("get", odd)] if odd != right else [])]
            for method, url in asks:
                answer = ask(client, method, url, fields)
                assert answer.status_code != 500, (method, url, fields)

    try_it()


def ask(client: Client, method: str, url: str, fields: dict[str, str]) -> HttpResponseBase:
    """Ask, and take back whatever the answer changed, the log-in included."""
    cookies = SimpleCookie(client.cookies)
    before = transaction.savepoint()
    try:
        # Half characters can't be sent by anybody.
        sent = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
        answer: HttpResponseBase = getattr(client, method)(url, sent)
        if answer.streaming:
            b"".join(answer)
        return answer
    finally:
        transaction.savepoint_rollback(before)
        client.cookies = cookies


def odd_url(address: Address, full: FullPractice, value: str) -> str:
    """The address with a made-up value in place of every id in it, but for the practice's own name."""
    text = quote(value.encode("utf-8", "replace"), safe="") or "0"
    digits = "".join(letter for letter in value if letter in string.digits) or "7"
    made_up = address.path.replace("<slug>", full.practice.slug)
    made_up = re.sub(r"<(pk|version|object_id)>", digits, made_up)
    return re.sub(r"<\w+>", text.replace("\\", ""), made_up)
