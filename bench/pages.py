"""How long pages take with a million rows behind them, and whether their number of queries grows with that.

Requests go through the whole of Django in this process: middleware, session, view and template, with the database
beside it. The web server's share is measured with the webhooks.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import big, machine, stage
from bench.big_practice import Big
from bench.figures import EXACTLY, Row, percentile
from sync.incidents.records import CHANGES, changes_of, sort_of
from sync.models import (
    Attempt,
    Change,
    Event,
    Incident,
    IncidentState,
    Kind,
    Mismatch,
    ReconcileRun,
    Run,
    Snapshot,
)

SMALL = 20_000
"""Changes of the practice that the number of queries is compared with. Among fewer some filters find nothing."""
WARM, TIMES = 3, 30
MOST_MS = 200

Path = Callable[[Big], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One page: how long each request took, in milliseconds, the queries of one, and its size.

    ``cpu_ms`` is what one request takes of a processor here, ``database_cpu_ms`` over there: whatever else runs on the
    machine, these stay as they are.
    """

    ms: list[float]
    queries: list[str]
    size: int
    cpu_ms: float
    database_cpu_ms: float


def pages() -> dict[str, Path]:
    """Every page that shows rows, each also at its worst: filtered, searched, far back."""
    plain = {
        "home": "",
        "plan": "plan/",
        "plan, held invoices": "plan/?kind=invoice&group=you",
        "activity": "activity/",
        "activity, failed runs": "activity/?state=failed",
        "activity, far back": "activity/?page=900",
        "activity, of one week": "activity/?since=2026-03-02&until=2026-03-08",
        "changes": "changes/",
        "changes, parked": "changes/?state=parked",
        "changes, done": "changes/?state=done",
        "changes, of one cause": "changes/?reason=period_locked",
        "changes, refused": "changes/?reason=rejected",
        "changes, unclear": "changes/?reason=unclear",
        "changes, name searched": "changes/?q=carmen+chen",
        "changes, nothing found": "changes/?q=no+such+thing",
        "changes, page 2,000": "changes/?page=2000",
        "changes, largest first": "changes/?sort=-amount",
        "changes, by name": "changes/?sort=title",
        "changes, amount": "changes/?least=9050",
        "changes, of contacts": "changes/?kind=contact&verb=create",
        "problems": "problems/",
        "problems, resolved": "problems/?tab=resolved",
        "problems, resolved, far back": "problems/?tab=resolved&page=90",
        "live changes": "events/",
        "live changes, waiting": "events/?state=waiting",
        "live changes, of one kind": "events/?kind=payment&system=xero",
        "live changes, one record": "events/?q=ign_invoice_77",
        "alerts": "alerts/",
        "alerts, over": "alerts/?show=over",
        "contacts": "contacts/",
        "contacts, held": "contacts/?standing=you",
        "contacts, searched": "contacts/?q=abbott+cafe",
        "contacts, not linked": "contacts/?linked=no",
        "contacts, only in Xero": "contacts/?system=target",
        "contacts, by e-mail": "contacts/?sort=email",
        "invoices": "invoices/",
        "invoices, parked": "invoices/?standing=parked",
        "invoices, in agreement": "invoices/?standing=in_sync",
        "invoices, drafts": "invoices/?status=draft",
        "invoices, searched": "invoices/?q=PROP-77",
        "invoices, not linked": "invoices/?linked=no",
        "invoices, amount": "invoices/?least=9050",
        "invoices, one month": "invoices/?since=2026-03-01&until=2026-03-31",
        "invoices, changed last": "invoices/?sort=-updated",
        "invoices, largest first": "invoices/?sort=-amount",
        "invoices, only in Xero": "invoices/?system=target",
        "payments": "payments/",
        "payments, held": "payments/?standing=you",
        "payments, not linked": "payments/?linked=no",
        "payments, largest first": "payments/?sort=-amount",
        "to review": "reviews/",
        "reviewed": "reviews/?show=decided",
        "API calls": "calls/",
        "connections": "connections/",
        "audit trail": "audit/",
    }
    found: dict[str, Path] = {name: _at(path) for name, path in plain.items()}
    return found | {
        "changes, number searched": lambda big: f"changes/?q=INV-{big.sizes.invoices // 7:07}",
        "invoices, page 1,500": lambda big: f"invoices/?page={big.sizes.invoices // 60}",
        "one run": lambda big: f"activity/{_busiest_run(big)}/",
        "changes, of one run": lambda big: f"changes/?run={_busiest_run(big)}",
        "one change": lambda big: f"changes/{_last(big, Change)}/",
        "one report": lambda big: f"events/{_last(big, Event)}/",
        "one problem": lambda big: f"problems/{_largest_problem(big).pk}/",
        "one problem, searched": lambda big: f"problems/{_largest_problem(big).pk}/?q={_part_of_title(big)}",
        "one problem, page 5": lambda big: f"problems/{_largest_problem(big).pk}/?page=5",
        "one contact": lambda big: f"records/{_record(big, Kind.CONTACT)}/",
        "one invoice": lambda big: f"records/{_record(big, Kind.INVOICE)}/",
        "one payment": lambda big: f"records/{_record(big, Kind.PAYMENT)}/",
    }


def compared_pages() -> dict[str, Path]:
    """Every page about comparing: the report with its groups and filters, one difference, months, clients, days."""
    report = {
        "": "",
        ", page 2,000": "page=2000",
        ", sorted by client": "sort=client",
        ", oldest first": "sort=since",
        ", worst first": "sort=worst",
        ", by document": "sort=document",
        ", by cause": "by=cause",
        ", by client": "by=client",
        ", by document, grouped": "by=document",
        ", of one cause": "kind=invoice_total",
        ", about payments": "about=payment",
        ", critical": "severity=critical",
        ", accepted": "state=accepted",
        ", in any state": "state=any",
        ", of one owner": "owner=me",
        ", of nobody": "owner=nobody",
        ", new": "age=new",
        ", three months old": "age=90",
        ", one month": "since=2026-03-01&until=2026-03-31",
        ", large": "least=9050",
        ", searched": "q=carmen+chen",
        ", number searched": "q=INV-0000123",
        ", nothing found": "q=no+such+thing",
        ", two filters": "kind=invoice_total&owner=me&least=500",
        ", may be fixed": "unattended=may",
        ", of one client": "client=ign_contact_77",
        ", of one document": "document=INV-0000123",
    }
    plain = {
        "history": "reconciliation/history/",
        "history, by the clock": "reconciliation/history/?trigger=schedule&scope=full",
        "history, far back": "reconciliation/history/?page=60",
        "saved views": "reconciliation/views/",
        "when to compare": "reconciliation/schedule/",
        "close": "reconciliation/close/",
        "close, a tax quarter": "reconciliation/close/?every=bas-quarter",
        "tax": "reconciliation/tax/",
        "tax, a month": "reconciliation/tax/?every=bas-month",
        "clearing account": "reconciliation/clearing/",
        "as of today": "reconciliation/asof/",
        "as of a day long ago": "reconciliation/asof/?day=2026-02-01",
        "as of a day, by money": "reconciliation/asof/?sort=-money",
        **{
            f"who is who{', ' + show if show else ''}": f"clients/graph/?show={show}"
            for show in ("", "linked", "open", "none", "target", "shared", "twins", "twins_target")
        },
        "who is who, searched": "clients/graph/?q=abbott+cafe",
    }
    found: dict[str, Path] = {
        f"report{name}": _at(f"reconciliation/?{query}") for name, query in report.items()
    }
    found |= {name: _at(path) for name, path in plain.items()}
    return found | {
        "one difference": lambda big: f"reconciliation/{_difference(big)}/",
        "one comparison": lambda big: f"reconciliation/history/{_last(big, ReconcileRun)}/",
        "one client in both systems": lambda big: f"clients/graph/{_record(big, Kind.CONTACT)}/",
        "one invoice's thread": lambda big: f"records/{_record(big, Kind.INVOICE)}/thread/",
        "one client's thread": lambda big: f"records/{_record(big, Kind.CONTACT)}/thread/",
        "one payment's thread": lambda big: f"records/{_record(big, Kind.PAYMENT)}/thread/",
        "one invoice on a day": lambda big: f"records/{_record(big, Kind.INVOICE)}/asof/?day=2026-02-01",
    }


def measure(size: int) -> Iterator[Row]:
    """Rows for every page; ``size`` is the number of Changes."""
    began = time.monotonic()
    small, large = big.make("small", SMALL), big.make("large", size)
    filled = time.monotonic() - began
    yield Row(
        part="pages", what=f"making {size:,} changes and all that belongs to them", measured=filled, unit="s"
    )
    differing: dict[str, tuple[int, int]] = {}
    slowest_small = 0.0
    for name, path in (pages() | compared_pages()).items():
        there, here = timed(small, path), timed(large, path)
        slowest_small = max(slowest_small, percentile(there.ms, 0.95))
        if len(there.queries) < len(here.queries):
            differing[name] = (len(there.queries), len(here.queries))
        yield Row(
            part="pages",
            what=name,
            measured=round(percentile(here.ms, 0.95), 1),
            unit="ms",
            bar=MOST_MS,
            note=_note(here),
            more={
                "ms": [round(one, 1) for one in here.ms],
                "queries": len(here.queries),
                "bytes": here.size,
                "cpu_ms": round(here.cpu_ms, 1),
                "database_cpu_ms": round(here.database_cpu_ms, 1),
            },
        )
    yield Row(
        part="pages",
        what=f"slowest page of a practice with {SMALL:,} changes beside it",
        measured=round(slowest_small, 1),
        unit="ms",
        bar=MOST_MS,
    )
    yield Row(
        part="pages",
        what="pages whose number of queries grows with the size",
        measured=len(differing),
        bar=0,
        rule=EXACTLY,
        note=", ".join(f"{name}: {few} and {many}" for name, (few, many) in differing.items()),
    )


def _note(page: Timed) -> str:
    half = percentile(page.ms, 0.5)
    return f"p50 {half:.0f}, processor {page.cpu_ms:.0f} + {page.database_cpu_ms:.0f} ms, {len(page.queries)} queries"


def timed(big: Big, path: Path) -> Timed:
    """The page, asked for again and again by somebody who is logged in. Raises when it is no page."""
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(big.owner)
    url = big.url(path(big))
    for _ in range(WARM):
        answer = client.get(url)
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(f"{url} gave {answer.status_code}")
    with CaptureQueriesContext(connection) as caught:
        client.get(url)
    queries = [query["sql"] for query in caught.captured_queries]
    took = []
    here, there = time.process_time(), _server_seconds()
    for _ in range(TIMES):
        began = time.perf_counter()
        client.get(url)
        took.append((time.perf_counter() - began) * 1000)
    here, there = time.process_time() - here, _server_seconds() - there
    return Timed(
        ms=took,
        queries=queries,
        size=len(answer.content),
        cpu_ms=here * 1000 / TIMES,
        database_cpu_ms=there * 1000 / TIMES,
    )


def _server_seconds() -> float:
    return machine.server_seconds(stage.postmaster())


def _at(path: str) -> Path:
    return lambda big: path


def _last(big: Big, model: type[Model]) -> int:
    return int(
        model._default_manager.filter(practice=big.practice).order_by("-pk").values_list("pk", flat=True)[0]
    )


def _busiest_run(big: Big) -> int:
    middle = Run.objects.filter(practice=big.practice).order_by("pk")[big.sizes.runs // 2]
    attempt = Attempt.objects.filter(practice=big.practice, run__gte=middle.pk).order_by("run").first()
    return int(attempt.run_id if attempt is not None and attempt.run_id else middle.pk)


def _largest_problem(big: Big) -> Incident:
    """The one with the most planned writes behind it; of the same sort whatever the size."""
    rows = Incident.objects.filter(practice=big.practice).exclude(state=IncidentState.RESOLVED)
    found: list[Incident] = [item for item in rows if sort_of(item) == CHANGES]
    return min(found, key=lambda item: (-item.count, item.cause, item.kind))


def _part_of_title(big: Big) -> str:
    """What is looked for among the records of the largest problem: the end of one's title."""
    titles = changes_of(_largest_problem(big)).order_by("-pk").values_list("title", flat=True)
    return str(titles[0])[-5:]


def _record(big: Big, kind: Kind) -> int:
    found: Snapshot = Snapshot.objects.get(connection=big.source, kind=kind, external_id=f"ign_{kind}_9")
    return found.pk


def _difference(big: Big) -> int:
    """One about an invoice that both systems have."""
    rows = Mismatch.objects.filter(
        practice=big.practice, client_external_id="ign_contact_77", about="invoice"
    )
    return int(rows.exclude(target_external_ids=[]).order_by("pk").values_list("pk", flat=True)[0])
