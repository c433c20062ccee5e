"""What every call passes before its handler: token, organisation, limits, scope, idempotency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.web import Request, Response, encode_json, html_response, json_response
from sandbox.xero import scopes
from sandbox.xero.books import Mode
from sandbox.xero.ledger import Ledger
from sandbox.xero.memory import LONGEST_KEY
from sandbox.xero.organisations import bearer_of
from sandbox.xero.tokens import TokenSet

if TYPE_CHECKING:
    from sandbox.world import World

# The limit Xero states for one request body.
LARGEST_BODY = 3_500_000


class Refused(Exception):
    """The call ends here with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(str(response.status))
        self.response = response


@dataclass(slots=True)
class Call:
    """An admitted call to one organisation."""

    world: World
    ledger: Ledger
    request: Request
    granted: TokenSet

    @property
    def unitdp(self) -> int:
        return 4 if self.request.arg("unitdp") == "4" else 2

    @property
    def mode(self) -> Mode:
        return Mode(unitdp=self.unitdp, app=self.granted.client_id)

    def need(self, families: tuple[str, ...], *, write: bool) -> None:
        """Raises Refused when the grant is too narrow; refreshing the token would not help."""
        if not scopes.allowed(self.granted.scopes, families, write=write):
            body = _gateway_error(self.world, 401, "Unauthorized", "AuthorizationUnsuccessful")
            raise Refused(json_response(body, 401, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}))


def signed_in(world: World, request: Request) -> TokenSet:
    """The token set behind the bearer token. Raises Refused."""
    if not request.headers.get("user-agent"):
        raise Refused(
            html_response("<html><head><title>403 Forbidden</title></head><body>Forbidden</body></html>", 403)
        )
    found = world.xero.tokens.bearer(bearer_of(request))
    if found is None:
        raise Refused(_unauthorised(world, "AuthenticationUnsuccessful"))
    granted, expires = found
    now = world.clock.now()
    if now.timestamp() >= expires:
        raise Refused(_unauthorised(world, f"TokenExpired: token expired at {now:%m/%d/%Y %H:%M:%S}"))
    return granted


def enter(world: World, request: Request) -> tuple[Call, dict[str, str]]:
    """Admit a call to an organisation; with it come the headers its answer must carry. Raises Refused."""
    granted = signed_in(world, request)
    tenant = request.headers.get("xero-tenant-id", "").lower()
    ledger = world.xero.organisations.get(tenant)
    known = world.xero.connection_to(granted.client_id, granted.user_id, tenant)
    if ledger is None or known is None or not world.xero.has_access(granted.user_id, ledger):
        raise Refused(
            json_response(_gateway_error(world, 403, "Forbidden", "AuthenticationUnsuccessful"), 403)
        )
    now = world.clock.now().timestamp()
    verdict = world.xero.limits.check(granted.client_id, tenant, now, request.in_flight)
    if verdict.refusal is not None:
        headers = {"X-Rate-Limit-Problem": verdict.refusal.problem, **verdict.headers}
        if verdict.refusal.retry_after is not None:
            headers["Retry-After"] = str(verdict.refusal.retry_after)
        raise Refused(Response(429, b"", headers))
    if ledger.offline:
        body = _gateway_error(world, 503, "Service Unavailable", "The organisation is offline")
        raise Refused(json_response(body, 503, verdict.headers))
    return Call(world, ledger, request, granted), verdict.headers


def check_format(request: Request) -> None:
    """The sandbox speaks JSON only; Xero would answer XML to anything else. Raises Refused."""
    accepted = request.headers.get("accept", "").lower()
    if "json" not in accepted:
        text = "Xero answers XML unless the Accept header asks for application/json; the sandbox has no XML."
        raise Refused(Response(406, text.encode(), {"Content-Type": "text/plain; charset=utf-8"}))
    if len(request.body) > LARGEST_BODY:
        raise Refused(
            Response(413, b"The request body is larger than 3.5 MB.", {"Content-Type": "text/plain"})
        )


def idempotency_key(request: Request) -> str | None:
    """The key of a write, None without one. Raises Refused for one that is too long."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method not in ("PUT", "POST", "PATCH"):
        return None
    if not 1 <= len(key) <= LONGEST_KEY:
        raise Refused(
            json_response(
                {
                    "ErrorNumber": 12,
                    "Type": "IdempotencyException",
                    "Message": f"The Idempotency-Key must have 1 to {LONGEST_KEY} characters.",
                },
                400,
            )
        )
    return key


def not_found() -> Response:
    """Xero's 404 is a page, not JSON."""
    return html_response(
        "<html><body><h1>The resource you're looking for cannot be found</h1></body></html>", 404
    )


def validation(messages: list[str]) -> Response:
    """A whole-request 400 that concerns no single element."""
    return json_response(
        {
            "ErrorNumber": 10,
            "Type": "ValidationException",
            "Message": "A validation exception occurred",
            "Elements": [{"ValidationErrors": [{"Message": message} for message in messages]}],
        },
        400,
    )


def bad_data(message: str) -> Response:
    return json_response({"ErrorNumber": 14, "Type": "PostDataInvalidException", "Message": message}, 400)


def bad_query(message: str) -> Response:
    return json_response({"ErrorNumber": 16, "Type": "QueryParseException", "Message": message}, 400)


def _unauthorised(world: World, detail: str) -> Response:
    return Response(
        401,
        encode_json(_gateway_error(world, 401, "Unauthorized", detail)),
        {"Content-Type": "application/json", "WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def _gateway_error(world: World, status: int, title: str, detail: str) -> dict[str, object]:
    return {
        "Type": None,
        "Title": title,
        "Status": status,
        "Detail": detail,
        "Instance": world.new_id(),
        "Extensions": {},
    }
