"""The "test" button: a dozen named checks of a connection, each with a result, a sentence and its duration.

Reads only. The result is stored on the connection, so the page shows the last test with its age.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.utils import timezone

from connectors.answers import Answer
from connectors.errors import ConnectorError, NeedsReconnect
from connectors.ignition.client import IgnitionClient
from connectors.xero.client import XeroClient
from practices.connections import client_for
from practices.features import missing_features
from practices.models import Connection, Provider, User
from practices.secrets import DecryptionError
from practices.templatetags.formats import day
from practices.tenants import Organisation, Tenant, describe, tenants_of

CLOCK_SECONDS = 60
"""A clock further off than this makes "changed since" reads and lifetimes of tokens unreliable."""

LISTS = {
    "/Contacts": "Contacts",
    "/Invoices": "Invoices",
    "/Payments": "Payments",
    "/Accounts": "Accounts",
    "/TaxRates": "Tax rates",
}
NEEDED_ACTIONS = {
    "CreateContact": "create contacts",
    "CreateApprovedInvoice": "create approved invoices",
    "CreateInvoicePayment": "record payments",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """``result`` is ok, warn, fail or skip (not tried because an earlier one failed)."""

    name: str
    result: str
    detail: str
    ms: int = 0


Check = Callable[[], tuple[str, str]]
"""Gives (result, sentence); a :class:`ConnectorError` counts as a failure with its own sentence."""


def run_probes(connection: Connection, *, actor: User | None) -> list[Probe]:
    """Check everything this connection is used for and store the outcome in ``last_probe``.

    A dead credential flags the connection, as any other use of it would.
    """
    probes = list(_ignition(connection) if connection.provider == Provider.IGNITION else _xero(connection))
    connection.last_probe = {
        "at": timezone.now().isoformat(),
        "by": actor.email if actor else "",
        "ok": all(probe.result in ("ok", "warn") for probe in probes),
        "probes": [asdict(probe) for probe in probes],
    }
    Connection.objects.filter(pk=connection.pk).update(last_probe=connection.last_probe)
    connection.refresh_from_db(fields=["state", "state_reason"])
    return probes


def _ignition(connection: Connection) -> Iterator[Probe]:
    seen: list[Answer] = []
    names = ["Clients", "Proposals", "Invoices", "Payments", "Collections"]
    try:
        client = client_for(connection, on_answer=seen.append)
    except NeedsReconnect as error:
        yield Probe(name="Credentials accepted", result="fail", detail=error.user_message)
        yield from _skipped([f"{name} readable" for name in names] + ["Clock"])
        return
    assert isinstance(client, IgnitionClient)  # noqa: S101  narrows the type
    first = _try("Credentials accepted", lambda: _ignition_list(client, "clients", "Ignition let us in."))
    yield first
    if first.result == "fail":
        yield from _skipped([f"{name} readable" for name in names] + ["Clock"])
        return
    for name in names:
        yield _try(f"{name} readable", lambda name=name: _ignition_list(client, name.lower()))  # type: ignore[misc]
    yield _try("Clock", lambda: _clock(seen[-1].date if seen else None))


def _ignition_list(client: IgnitionClient, path: str, said: str = "") -> tuple[str, str]:
    params = {"limit": "1"}
    if path == "collections":
        # Without dates Ignition reads the current week; a wider window is slow and proves no more.
        params["date_from"] = timezone.now().date().isoformat()
    body = client.get_json(f"/reporting/{path}", params)
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        return "fail", "The answer is not the list that was expected."
    return "ok", said or ("Readable." if body["data"] else "Readable; nothing there yet.")


def _clock(theirs: datetime | None) -> tuple[str, str]:
    if theirs is None:
        return "warn", "The provider did not say what time it is."
    gap = abs((datetime.now(UTC) - theirs).total_seconds())
    if gap > CLOCK_SECONDS:
        return "warn", f"Clocks differ by {gap:.0f} seconds. Changes may be picked up late."
    return "ok", f"Clocks agree within {max(1, round(gap))} s."


def _xero(connection: Connection) -> Iterator[Probe]:
    rest = ["Organisation still connected", "Organisation readable", "Permissions given"]
    rest += [f"{name} readable" for name in LISTS.values()]
    rest += ["What the connecting person may do", "Locked periods", "Kind of organisation", "Clock"]
    seen: list[Answer] = []
    tenants: list[Tenant] = []
    try:
        client = client_for(connection, on_answer=seen.append)
    except NeedsReconnect as error:
        yield Probe(name="Access token works", result="fail", detail=error.user_message)
        yield from _skipped(rest)
        return
    assert isinstance(client, XeroClient)  # noqa: S101  narrows the type

    def reach() -> tuple[str, str]:
        tenants.extend(tenants_of(client))
        return "ok", f"Xero let us in; the consent reaches {len(tenants)} organisation(s)."

    first = _try("Access token works", reach)
    yield first
    if first.result == "fail":
        yield from _skipped(rest)
        return
    tenant = next((one for one in tenants if one.external_id == connection.tenant_external_id), None)
    if tenant is None:
        gone = f"{connection.tenant_name} is no longer in the consent: someone disconnected it inside Xero."
        yield Probe(name="Organisation still connected", result="fail", detail=gone)
        yield from _skipped(rest[1:])
        return
    yield Probe(name="Organisation still connected", result="ok", detail=f"{tenant.name} is in the consent.")
    found: list[Organisation] = []
    yield _try("Organisation readable", lambda: _organisation(client, tenant, connection, found))
    yield _try("Permissions given", lambda: _scopes(connection))
    for path, name in LISTS.items():
        yield _try(f"{name} readable", lambda path=path, name=name: _xero_list(client, path, name))  # type: ignore[misc]
    yield _try("What the connecting person may do", lambda: _actions(client))
    details = found[0].details if found else connection.tenant_details
    yield _try("Locked periods", lambda: _locks(details))
    yield _try("Kind of organisation", lambda: _kind(details))
    yield _try("Clock", lambda: _clock(seen[-1].date if seen else None))


def _organisation(
    client: XeroClient, tenant: Tenant, connection: Connection, found: list[Organisation]
) -> tuple[str, str]:
    organisation = describe(client.organisation(), tenant)
    found.append(organisation)
    Connection.objects.filter(pk=connection.pk).update(
        tenant_name=organisation.name, tenant_details=organisation.details
    )
    details = organisation.details
    text = f"{organisation.name}, {details['country']}, {details['currency']}."
    if not details["can_invoice"]:
        return "fail", f"{text} Its Xero plan ({details['edition'].lower()}) can't issue invoices."
    return "ok", text


def _scopes(connection: Connection) -> tuple[str, str]:
    missing = missing_features(connection)
    if missing:
        return "fail", f"Not allowed: {', '.join(missing)}. Reconnect and allow everything asked for."
    return "ok", "Everything needed was allowed."


def _xero_list(client: XeroClient, path: str, name: str) -> tuple[str, str]:
    paged = path in ("/Contacts", "/Invoices", "/Payments")
    body = client.get_json(path, {"page": "1", "pageSize": "1", "summaryOnly": "true"} if paged else None)
    rows = body.get(path.strip("/")) if isinstance(body, dict) else None
    if not isinstance(rows, list):
        return "fail", "The answer is not the list that was expected."
    if not rows and not paged:
        return "fail", f"There are no {name.lower()} in this organisation."
    return "ok", "Readable." if rows else "Readable; nothing there yet."


def _actions(client: XeroClient) -> tuple[str, str]:
    body = client.get_json("/Organisation/Actions")
    rows = body.get("Actions") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        return "warn", "Xero did not say what the connecting person may do."
    allowed = {row.get("Name") for row in rows if isinstance(row, dict) and row.get("Status") == "ALLOWED"}
    lacking = [words for action, words in NEEDED_ACTIONS.items() if action not in allowed]
    if lacking:
        return "fail", f"The person who connected may not {', '.join(lacking)} in Xero."
    return "ok", f"May {', '.join(NEEDED_ACTIONS.values())}."


def _locks(details: dict[str, Any]) -> tuple[str, str]:
    days = [details.get("period_lock_date"), details.get("year_lock_date")]
    locked = max((value for value in days if value), default="")
    if not locked:
        return "ok", "Nothing is locked."
    words = f"Locked up to {day(date.fromisoformat(locked))}."
    if date.fromisoformat(locked) >= timezone.localdate():
        return "fail", f"{words} Xero refuses every new document until that changes."
    return "ok", f"{words} Documents dated earlier are held back."


def _kind(details: dict[str, Any]) -> tuple[str, str]:
    if details.get("is_demo"):
        return "warn", "This is a Xero demo company: Xero resets it about once a month and every id changes."
    return "ok", "A real organisation, not a demo company."


def _try(name: str, check: Check) -> Probe:
    started = time.monotonic()
    try:
        result, detail = check()
    except ConnectorError as error:
        result, detail = "fail", error.user_message
    except DecryptionError:
        result, detail = "fail", "The stored access can't be decrypted. Reconnect, or tell the operator."
    return Probe(name=name, result=result, detail=detail, ms=int((time.monotonic() - started) * 1000))


def _skipped(names: list[str]) -> Iterator[Probe]:
    for name in names:
        yield Probe(name=name, result="skip", detail="Not tried, because an earlier check failed.")
