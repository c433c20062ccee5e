"""Xero's accounting API: paged reads, batch writes with an outcome per element, and look-ups after lost answers.

Creates are PUT and updates are POST by id, because POST silently updates whatever matches. Batches carry
``summarizeErrors=false`` so that one bad element holds back only itself, and ``unitdp=4`` on reads and writes so
that unit prices keep four places.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.answers import Answer
from connectors.base import Outcome, Page, ReadPlan, Row, TokenSource, Window, Write
from connectors.errors import NotFound, Rejected, Unclear, Unreadable
from connectors.fields import text
from connectors.http import ApiSession
from connectors.records import Kind
from connectors.xero import allocations, failures, identity, parse, render

ACCOUNTING = "/api.xro/2.0"
PAGE_SIZE = 1000
DEFAULT_PAGE = 100
NUMBERS_PER_LOOKUP = 40
SETTINGS_MINUTES = 60
"""Accounts, tax rates and the like seldom change; the first read and a person's request read them at once."""

_PAGED = {
    Kind.CONTACT,
    Kind.INVOICE,
    Kind.CREDIT_NOTE,
    Kind.PAYMENT,
    Kind.OVERPAYMENT,
    Kind.PREPAYMENT,
    Kind.BANK_TRANSACTION,
}
_SLOW = (
    Kind.ORGANISATION,
    Kind.ACCOUNT,
    Kind.TAX_RATE,
    Kind.TRACKING_CATEGORY,
    Kind.BRANDING_THEME,
    Kind.CURRENCY,
    Kind.STAFF,
    Kind.ITEM,
    Kind.CREDIT_NOTE,
    Kind.OVERPAYMENT,
    Kind.PREPAYMENT,
    Kind.BATCH_PAYMENT,
    Kind.REPEATING_INVOICE,
)
_INCREMENTAL = _PAGED | {Kind.ACCOUNT, Kind.ITEM, Kind.STAFF, Kind.BATCH_PAYMENT}

READ_PLANS = (
    *(
        ReadPlan(kind=kind, incremental=kind in _INCREMENTAL, every_minutes=SETTINGS_MINUTES)
        for kind in _SLOW
    ),
    ReadPlan(kind=Kind.CONTACT),
    ReadPlan(kind=Kind.INVOICE),
    ReadPlan(kind=Kind.PAYMENT),
    ReadPlan(kind=Kind.BANK_TRANSACTION, nightly=True, optional=True),
)


class XeroClient:
    """Reads and writes one organisation."""

    provider = failures.PROVIDER

    def __init__(
        self,
        *,
        api_url: str,
        tokens: TokenSource,
        tenant_external_id: str,
        on_answer: Callable[[Answer], None] | None = None,
        before_call: Callable[[], None] | None = None,
    ) -> None:
        self._tenant = {"xero-tenant-id": tenant_external_id}
        self.session = ApiSession(
            provider=failures.PROVIDER,
            base_url=api_url,
            tokens=tokens,
            classify=failures.classify,
            on_answer=on_answer,
            before_call=before_call,
        )

    def get_json(self, path: str, params: Mapping[str, str] | None = None, tenant: bool = True) -> Any:
        """GET an accounting path such as ``/Organisation``, or with ``tenant=False`` a path of the host."""
        if not tenant:
            return self.session.get_json(path, params)
        return self.session.get_json(ACCOUNTING + path, params, **self._tenant)

    def connections(self) -> list[dict[str, Any]]:
        """The tenants that this token reaches."""
        found = self.get_json("/connections", tenant=False)
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    def delete_connection(self, connection_external_id: str) -> None:
        self.session.call("DELETE", f"/connections/{connection_external_id}")

    def organisation(self) -> dict[str, Any]:
        body = self.get_json("/Organisation")
        found = body.get("Organisations") if isinstance(body, dict) else None
        if not found:
            raise Unreadable("Xero did not describe the organisation.", provider=self.provider)
        return dict(found[0])

    def read_plans(self) -> Sequence[ReadPlan]:
        return READ_PLANS

    def read_page(self, plan: ReadPlan, window: Window, resume: str | None) -> Page:
        path, name, _, _ = parse.SHAPES[plan.kind]
        number, _, first_before = (resume or "1").partition(" ")
        page = int(number)
        params = _list_params(plan.kind, page)
        headers = dict(self._tenant)
        if window.since is not None and plan.incremental:
            headers["If-Modified-Since"] = _since(window.since)
        answer = self.session.call("GET", ACCOUNTING + path, params=params, headers=headers)
        body = self.session.read(answer) if answer.status != 304 else {name: []}
        data = body.get(name) if isinstance(body, dict) else None
        if not isinstance(data, list):
            raise Unreadable(
                f"Xero sent a list without {name}.", provider=self.provider, status=answer.status
            )
        rows = parse.rows(plan.kind, data)
        first = rows[0].external_id if rows else ""
        # A list that knows no pages gives the same one again.
        following = None if first and first == first_before else _next(plan.kind, body, page, len(data))
        return Page(
            rows=rows,
            next=f"{following} {first}" if following else None,
            read_at=answer.date,
            total=_total(body),
        )

    def read_one(self, kind: Kind, external_id: str) -> Row:
        path, name, _, _ = parse.SHAPES[kind]
        params = {"unitdp": "4"} if kind is Kind.INVOICE else None
        body = self.get_json(f"{path}/{external_id}", params)
        found = body.get(name) if isinstance(body, dict) else None
        if not found:
            raise NotFound("Xero does not know this record.", provider=self.provider, status=404)
        return parse.row(kind, found[0])

    def write(
        self, kind: Kind, verb: str, writes: Sequence[Write], *, idempotency_key: str
    ) -> Sequence[Outcome]:
        if kind in allocations.KINDS:
            return [self._allocate(kind, write, idempotency_key) for write in writes[: allocations.AT_ONCE]]
        path, name, _, _ = parse.SHAPES[kind]
        params = {"summarizeErrors": "false", **({"unitdp": "4"} if kind is Kind.INVOICE else {})}
        body = {name: [render.element(kind, write.values, write.external_id) for write in writes]}
        # A payment is never changed, only posted anew; a POST of one deletes it.
        is_new = verb == "create" or kind is Kind.PAYMENT
        try:
            answer = self.session.call(
                "PUT" if is_new else "POST",
                ACCOUNTING + path,
                params=params,
                body=body,
                headers={**self._tenant, "Idempotency-Key": idempotency_key},
            )
        except Rejected as error:
            if not error.elements:
                raise
            # The batch was judged as a whole: the elements listed were refused, the others may exist already.
            return _outcomes(kind, writes, list(error.elements), listed_only=True)
        try:
            data = answer.json()[name]
        except (ValueError, KeyError, TypeError) as error:
            raise Unclear(
                "Xero's answer could not be read, so it will be looked up before anything is sent again.",
                provider=self.provider,
                status=answer.status,
                detail=repr(error)[:200],
            ) from error
        return _outcomes(kind, writes, data if isinstance(data, list) else [], listed_only=False)

    def _allocate(self, kind: Kind, write: Write, idempotency_key: str) -> Outcome:
        answer = self.session.call(
            "PUT",
            f"{ACCOUNTING}{parse.SHAPES[kind][0]}/{write.external_id}/Allocations",
            params={"summarizeErrors": "false"},
            body=allocations.body(write),
            headers={**self._tenant, "Idempotency-Key": idempotency_key},
        )
        try:
            data = answer.json()
        except ValueError:
            data = None
        return allocations.outcome(kind, write, data, self.read_one)

    def find(self, kind: Kind, writes: Sequence[Write], *, since: datetime) -> dict[str, Row]:
        if kind in allocations.KINDS:
            return allocations.find(kind, writes, self.read_one)
        rows = self._candidates(kind, writes, since)
        found = {}
        for write in writes:
            match = next((row for row in rows if identity.is_found(kind, write, row.raw)), None)
            if match is not None:
                found[write.key] = match
        return found

    def add_note(self, kind: Kind, external_id: str, text: str) -> None:
        path = parse.SHAPES[kind][0]
        self.session.call(
            "PUT",
            f"{ACCOUNTING}{path}/{external_id}/History",
            body={"HistoryRecords": [{"Details": text[:2500]}]},
            headers=self._tenant,
        )

    def _candidates(self, kind: Kind, writes: Sequence[Write], since: datetime) -> list[Row]:
        rows: list[Row] = []
        if kind is Kind.INVOICE:
            numbers = [write.natural_key for write in writes]
            for start in range(0, len(numbers), NUMBERS_PER_LOOKUP):
                params = {
                    "InvoiceNumbers": ",".join(numbers[start : start + NUMBERS_PER_LOOKUP]),
                    "unitdp": "4",
                    "page": "1",
                    "pageSize": str(PAGE_SIZE),
                }
                body = self.get_json("/Invoices", params)
                data = body.get("Invoices") if isinstance(body, dict) else None
                if not isinstance(data, list):
                    raise Unreadable("Xero sent a list without Invoices.", provider=self.provider)
                rows.extend(parse.rows(kind, data))
            return rows
        plan = ReadPlan(kind=kind)
        resume: str | None = None
        while True:
            page = self.read_page(plan, Window(since=since), resume)
            rows.extend(page.rows)
            resume = page.next
            if resume is None:
                return rows


def _outcomes(
    kind: Kind, writes: Sequence[Write], data: list[Any], *, listed_only: bool
) -> tuple[Outcome, ...]:
    """One outcome per write. With ``listed_only`` the answer names just the elements that were refused."""
    elements = [item for item in data if isinstance(item, dict)]
    matched = identity.match(kind, writes, elements, complete=not listed_only)
    return tuple(
        Outcome(ok=False, unclear=True) if item is None else _outcome(kind, item, refused=listed_only)
        for item in matched
    )


def _outcome(kind: Kind, element: dict[str, Any], *, refused: bool) -> Outcome:
    """A refused element repeats what was asked for, not what is stored: only its messages are kept."""
    said = failures.refusal(element)
    if refused or said:
        return Outcome(ok=False, messages=said or (failures.UNSAID,), raw=element)
    row = parse.row(kind, element)
    if row.external_id in {"", parse.ZERO_ID} or row.external_id.startswith("unreadable"):
        return Outcome(ok=False, unclear=True, raw=element)
    warnings = tuple(
        text(item, "Message") for item in element.get("Warnings") or [] if isinstance(item, dict)
    )
    return Outcome(ok=True, external_id=row.external_id, record=row.record, raw=element, warnings=warnings)


def _list_params(kind: Kind, page: int) -> dict[str, str]:
    params: dict[str, str] = {}
    if kind in _PAGED:
        params.update({"page": str(page), "pageSize": str(PAGE_SIZE)})
    if kind in {Kind.CONTACT, Kind.TRACKING_CATEGORY}:
        params["includeArchived"] = "true"
    if kind in {Kind.INVOICE, Kind.CREDIT_NOTE, Kind.BANK_TRANSACTION}:
        params["unitdp"] = "4"
    return params


def _since(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _next(kind: Kind, body: dict[str, Any], page: int, count: int) -> str | None:
    if kind not in _PAGED:
        return None
    pagination = body.get("pagination")
    if isinstance(pagination, dict) and pagination.get("pageCount") is not None:
        return str(page + 1) if page < int(pagination["pageCount"]) else None
    # Without a word about pages: a list may have been cut at any full hundred, so only a broken one is the last.
    return str(page + 1) if count and count % DEFAULT_PAGE == 0 else None


def _total(body: dict[str, Any]) -> int | None:
    pagination = body.get("pagination")
    count = pagination.get("itemCount") if isinstance(pagination, dict) else None
    return int(count) if isinstance(count, int) else None
