"""Ignition's reporting API: read-only lists with cursors.

Facts that shape this file: archived, deleted and cancelled records appear only when asked for by ``state``;
invoices without dates mean the current month and collections the current week; collections take no
``updated_from``; a list may repeat an object on the next page.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from connectors.answers import Answer
from connectors.base import Page, ReadPlan, TokenSource, Window
from connectors.errors import Unreadable
from connectors.http import ApiSession
from connectors.ignition import failures, parse
from connectors.records import Kind

PAGE_LIMIT = 250
"""The largest page seen to be accepted."""
COLLECTIONS_READ_SECONDS = 90
"""A wide window of collections takes Ignition up to half a minute for its first page."""
FIRST_DAY = date(2013, 1, 1)
"""Before Ignition existed: the start of a whole-history window."""
AHEAD_DAYS = 396
DAILY = 24
"""A voided invoice just leaves the list, so what vanished is looked for every day."""
TRAILING_COLLECTION_DAYS = 14
NIGHT_COLLECTION_DAYS = 60
"""Fees and payouts land on old collection rows, up to about a month later; a wide window is slow at Ignition."""

_PATHS = {
    Kind.CONTACT: "clients",
    Kind.PERSON: "contacts",
    Kind.SERVICE: "services",
    Kind.PROPOSAL: "proposals",
    Kind.INVOICE: "invoices",
    Kind.PAYMENT: "payments",
    Kind.COLLECTION: "collections",
    Kind.DEAL: "deals",
    Kind.DEAL_STAGE: "deal_stages",
}

READ_PLANS = (
    ReadPlan(kind=Kind.CONTACT),
    ReadPlan(kind=Kind.CONTACT, variant="archived", nightly=True),
    ReadPlan(kind=Kind.PERSON),
    ReadPlan(kind=Kind.DEAL_STAGE),
    ReadPlan(kind=Kind.DEAL),
    ReadPlan(kind=Kind.SERVICE),
    ReadPlan(kind=Kind.SERVICE, variant="deleted", nightly=True),
    ReadPlan(kind=Kind.PROPOSAL),
    ReadPlan(kind=Kind.PROPOSAL, variant="archived", nightly=True),
    ReadPlan(kind=Kind.INVOICE, sweep_hours=DAILY),
    ReadPlan(kind=Kind.PAYMENT),
    ReadPlan(kind=Kind.PAYMENT, variant="cancelled", nightly=True),
    ReadPlan(
        kind=Kind.COLLECTION,
        incremental=False,
        trailing_days=TRAILING_COLLECTION_DAYS,
        night_days=NIGHT_COLLECTION_DAYS,
    ),
)


class IgnitionClient:
    """Reads one practice's Ignition account."""

    provider = failures.PROVIDER

    def __init__(
        self,
        *,
        api_url: str,
        tokens: TokenSource,
        on_answer: Callable[[Answer], None] | None = None,
        before_call: Callable[[], None] | None = None,
    ) -> None:
        self.session = ApiSession(
            provider=failures.PROVIDER,
            base_url=api_url,
            tokens=tokens,
            classify=failures.classify,
            read_seconds=COLLECTIONS_READ_SECONDS,
            on_answer=on_answer,
            before_call=before_call,
        )

    def get_json(self, path: str, params: Mapping[str, str] | None = None, tenant: bool = True) -> Any:
        """GET a path below the API's base, e.g. ``/reporting/clients``."""
        return self.session.get_json(path, params)

    def read_plans(self) -> Sequence[ReadPlan]:
        return READ_PLANS

    def read_page(self, plan: ReadPlan, window: Window, resume: str | None) -> Page:
        answer = self.session.call(
            "GET", f"/reporting/{_PATHS[plan.kind]}", params=_params(plan, window, resume)
        )
        body = self.session.read(answer)
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, list):
            raise Unreadable(
                "Ignition sent a list without data.", provider=self.provider, status=answer.status
            )
        return Page(rows=parse.rows(plan.kind, data), next=_next(body, resume), read_at=answer.date)


def _params(plan: ReadPlan, window: Window, resume: str | None) -> dict[str, str]:
    params = {"limit": str(PAGE_LIMIT)}
    if plan.variant:
        params["state"] = plan.variant
    if window.since is not None and plan.incremental:
        params["updated_from"] = window.since.strftime("%Y-%m-%dT%H:%M:%SZ")
    if plan.kind in {Kind.INVOICE, Kind.COLLECTION}:
        today = window.date_to or date.today()  # noqa: DTZ011 - only ever a far edge of a window
        params["date_from"] = (window.date_from or FIRST_DAY).isoformat()
        params["date_to"] = (today + timedelta(days=AHEAD_DAYS)).isoformat()
    if resume:
        params["cursor"] = resume
    return params


def _next(body: dict[str, Any], resume: str | None) -> str | None:
    """The next cursor; a list that says there is more but gives none, or the same one again, has ended."""
    meta = body.get("meta")
    pagination = meta.get("pagination") if isinstance(meta, dict) else None
    if not isinstance(pagination, dict):
        return None
    cursor = pagination.get("next_cursor")
    if pagination.get("has_more", True) in {False, "false"} or not cursor or str(cursor) == resume:
        return None
    return str(cursor)
