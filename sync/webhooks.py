"""Where Xero, and senders that know a practice's secret, report that something changed.

A request is checked, its hints are stored, and it is answered; nothing is read or planned here. Every answer has an
empty body. 200: kept, or nothing of ours. 400: genuine, and not what was agreed. 401: not genuine, whatever the
reason. 413: too large. 503: not kept, send it again.
"""

import secrets
import uuid
from collections.abc import Iterable
from http import HTTPStatus

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connectors.hints import BadBody, Hint, storable
from connectors.ignition import webhook as ignition
from connectors.xero import webhook as xero
from practices import hooks
from practices.models import Connection, ConnectionState, HookSecret, Provider
from practices.secrets import DecryptionError
from sync import inbox
from sync.models import EventSource, Pulse

log = structlog.get_logger(__name__)

KEPT_HEADERS = ("Content-Type", "User-Agent", "X-Sync-Event-Id", "X-Sync-Timestamp", "X-Request-Id")
"""Those that say something and hold no secret."""
LONGEST_HEADER = 200

_NOBODYS = secrets.token_urlsafe(32)
"""Compared with what comes in for an address that nobody has, so that it takes as long as any other."""


class _Refused(Exception):
    """Ends a request with this answer."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


@csrf_exempt
@require_POST
def hook_xero(request: HttpRequest) -> HttpResponse:
    """One address for all organisations of this installation's app."""
    try:
        return _xero(request)
    except _Refused as refusal:
        return _refuse(refusal, Provider.XERO)
    except DatabaseError:
        log.exception("webhook_not_kept", provider=Provider.XERO)
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)


@csrf_exempt
@require_POST
def hook_ignition(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One address per connection. A query in it is refused: secrets in addresses end up in logs."""
    try:
        return _ignition(request, public_id)
    except _Refused as refusal:
        return _refuse(refusal, Provider.IGNITION, address=str(public_id))
    except (DatabaseError, DecryptionError):
        log.exception("webhook_not_kept", provider=Provider.IGNITION, address=str(public_id))
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)


def _xero(request: HttpRequest) -> HttpResponse:
    body = _body(request)
    if not xero.is_genuine(body, _header(request, "X-Xero-Signature"), settings.XERO_WEBHOOK_KEY):
        raise _Refused(HTTPStatus.UNAUTHORIZED, "not signed with our key")
    try:
        delivery = xero.parse(body)
    except BadBody as error:
        raise _Refused(HTTPStatus.BAD_REQUEST, str(error)) from error
    if delivery.unreadable:
        log.warning("webhook_events_unreadable", provider=Provider.XERO, why=list(delivery.unreadable)[:5])
    if delivery.is_check:
        Pulse.beat(inbox.XERO_CHECKED)
        return HttpResponse()
    known = _by_tenant(hint.tenant_external_id for hint in delivery.hints)
    ours = [
        (known[hint.tenant_external_id.lower()], hint)
        for hint in delivery.hints
        if hint.tenant_external_id.lower() in known
    ]
    if strangers := len(delivery.hints) - len(ours):
        log.info("webhook_of_strangers", provider=Provider.XERO, events=strangers)
    if ours:
        inbox.store(ours, source=EventSource.WEBHOOK, headers=_kept(request), now=timezone.now())
    return HttpResponse()


def _by_tenant(tenants: Iterable[str]) -> dict[str, Connection]:
    """Connections of these organisations by their id in lower case; of several, the one that is not ended."""
    wanted = {spelling for tenant in tenants for spelling in (tenant, tenant.lower())}
    rows = Connection.objects.filter(provider=Provider.XERO, tenant_external_id__in=sorted(wanted))
    found = sorted(
        rows.only("pk", "practice_id", "provider", "tenant_external_id", "state", "connected_at"),
        key=lambda row: (row.state != ConnectionState.DISCONNECTED, row.connected_at),
    )
    return {row.tenant_external_id.lower(): row for row in found}


def _ignition(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    if request.META.get("QUERY_STRING"):
        raise _Refused(HTTPStatus.BAD_REQUEST, "a query in the address")
    body, now = _body(request), timezone.now()
    rows = hooks.valid_for(public_id, now=now)
    values = [str(row.secret) for row in rows] or [_NOBODYS]
    event_id = _header(request, "X-Sync-Event-Id")
    signature = _header(request, "X-Sync-Signature")
    try:
        if signature:
            said = ignition.Signature(timestamp=_header(request, "X-Sync-Timestamp"), value=signature)
            position = ignition.is_genuine(
                body, said, values, now=now, skew_seconds=settings.HOOK_SKEW_SECONDS
            )
            secret = _opened(rows, position)
            hints, source = [ignition.parse_signed(body, event_id=event_id)], EventSource.WEBHOOK
        else:
            secret = _opened(rows, ignition.knows(_header(request, "X-Sync-Secret"), values))
            hints, source = ignition.parse_loose(body, event_id=event_id, now=now), EventSource.BRIDGE
    except BadBody as error:
        raise _Refused(HTTPStatus.BAD_REQUEST, str(error)) from error
    told: list[tuple[Connection, Hint]] = [(secret.connection, hint) for hint in hints]
    inbox.store(told, source=source, headers=_kept(request), now=now)
    hooks.note_use(secret, now=now)
    return HttpResponse()


def _opened(rows: list[HookSecret], position: int | None) -> HookSecret:
    if position is None or not rows:
        raise _Refused(HTTPStatus.UNAUTHORIZED, "unknown address, wrong or old signature, or wrong secret")
    return rows[position]


def _body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig as error:
        raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large") from error
    except UnreadablePostError as error:
        raise _Refused(HTTPStatus.BAD_REQUEST, "cut off") from error


def _header(request: HttpRequest, name: str) -> str:
    return request.headers.get(name, "")


def _kept(request: HttpRequest) -> dict[str, str]:
    found = ((name, storable(_header(request, name), LONGEST_HEADER)) for name in KEPT_HEADERS)
    return {name: value for name, value in found if value}


def _refuse(refusal: _Refused, provider: str, **facts: str) -> HttpResponse:
    log.warning("webhook_refused", provider=provider, status=int(refusal.status), why=str(refusal), **facts)
    return HttpResponse(status=refusal.status)
