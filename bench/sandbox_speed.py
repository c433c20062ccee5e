"""How many calls the sandbox answers, so that it is known not to be what the other figures measure."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

from bench import machine
from bench.figures import AT_LEAST, Row
from bench.office import Office, access_token, open_office
from bench.programs import start_sandbox, supervised
from connectors.http import USER_AGENT

CLIENTS, MONTHS = 250, 18
SECONDS = 10
CALLERS = 4
CALLS_A_SECOND = 300
LATELY = "2100-01-01T00:00:00"
PLAIN = {"User-Agent": USER_AGENT, "Accept": "application/json"}
"""What every call of the app carries; Xero turns away who does not say who is asking."""

Call = tuple[str, str, dict[str, str], str]
"""Method, path, headers, body."""


def measure(size: int) -> Iterator[Row]:
    """``size`` plays no part."""
    with supervised("sandbox") as supervisor:
        control = start_sandbox(supervisor, settings.XERO_API_URL)
        office = open_office(control, slug="harbour", clients=CLIENTS, months=MONTHS)
        pid = supervisor.pid("sandbox")
        for name, calls, bar in (
            ("lists with nothing new, and single contacts written", _small(office), CALLS_A_SECOND),
            ("pages of 1,000 invoices", _pages(office), None),
        ):
            began, spent = time.perf_counter(), machine.cpu_seconds(pid)
            answered = _call(calls)
            spent = machine.cpu_seconds(pid) - spent
            took = time.perf_counter() - began
            yield Row(
                part="sandbox",
                what=f"calls answered by one core in a second: {name}",
                measured=round(answered / spent, 1),
                unit="/s",
                bar=bar,
                rule=AT_LEAST,
                note=f"{answered:,} in {took:.1f} s, {spent:.1f} s of a processor",
            )


def _small(office: Office) -> list[Call]:
    xero = _xero(office)
    ignition = {**PLAIN, "Authorization": f"Bearer ign-{office.practice.slug}-key"}
    since = {**xero, "If-Modified-Since": LATELY}
    body = json.dumps({"Contacts": [{"Name": "Counted NUMBER"}]})
    return [
        ("GET", "/api.xro/2.0/Invoices?page=1&pageSize=1000", since, ""),
        (
            "GET",
            "/external/api/v1/reporting/clients?limit=250&updated_from=2100-01-01T00:00:00Z",
            ignition,
            "",
        ),
        ("GET", "/api.xro/2.0/Contacts?page=1&pageSize=1000", since, ""),
        (
            "PUT",
            "/api.xro/2.0/Contacts?summarizeErrors=false",
            {**xero, "Content-Type": "application/json"},
            body,
        ),
    ]


def _pages(office: Office) -> list[Call]:
    return [("GET", "/api.xro/2.0/Invoices?page=1&pageSize=1000", _xero(office), "")]


def _xero(office: Office) -> dict[str, str]:
    return {**PLAIN, "Authorization": f"Bearer {access_token(office)}", "xero-tenant-id": office.tenant}


def _call(calls: list[Call]) -> int:
    """These calls by turns, by several at once, for so many seconds; how many were answered. Raises on a refusal."""
    answered: list[int] = []
    refused: list[str] = []

    def caller(number: int) -> None:
        address = urlsplit(settings.XERO_API_URL)
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        done, ends = 0, time.monotonic() + SECONDS
        while time.monotonic() < ends:
            method, path, headers, body = calls[done % len(calls)]
            own = body.replace("NUMBER", f"{number} {time.monotonic_ns()}")
            connection.request(method, path, own.encode() or None, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status not in {200, 304}:
                refused.append(f"{method} {path}: {answer.status} {text[:200]!r}")
                break
            done += 1
        answered.append(done)

    callers = [threading.Thread(target=caller, args=(number,)) for number in range(CALLERS)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    if refused:
        raise RuntimeError(refused[0])
    return sum(answered)
