"""The API host: /connections and /api.xro/2.0, from the request to the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.web import BadBody, Request, Response, json_response, text_response
from sandbox.xero import documents_api, money_api, setup_api
from sandbox.xero.gateway import (
    Call,
    Refused,
    bad_data,
    check_format,
    enter,
    idempotency_key,
    not_found,
    signed_in,
    validation,
)
from sandbox.xero.organisations import bearer_of
from sandbox.xero.payload import UnknownId, ValidationFailed

if TYPE_CHECKING:
    from sandbox.world import World

BASE = "/api.xro/2.0/"
_ROUTERS = (documents_api.router, money_api.router, setup_api.router)


def answer(world: World, request: Request) -> Response:
    """Answer a call to the API host. Never raises for anything a caller can send."""
    path = request.path.lower().rstrip("/")
    try:
        if path == "/connections" or path.startswith("/connections/"):
            return _connections(world, request)
        if path.startswith(BASE.rstrip("/")):
            return _organisation_call(world, request)
    except Refused as refusal:
        return refusal.response
    return text_response("The sandbox has nothing at this address.", 404)


def remember_answer(world: World, request: Request, response: Response) -> None:
    """Keep an injected server error in the idempotency memory, as a failing Xero would."""
    key = request.headers.get("idempotency-key")
    found = world.xero.tokens.bearer(bearer_of(request))
    if key and found is not None:
        world.xero.memory.remember(found[0].client_id, key, request, response, world.clock.now().timestamp())


def _connections(world: World, request: Request) -> Response:
    granted = signed_in(world, request)
    own = world.xero.connections_of(granted.client_id, granted.user_id)
    tail = request.path.rstrip("/").split("/")[2:]
    if request.method == "DELETE" and len(tail) == 1:
        found = next((entry for entry in own if entry.id == tail[0].lower()), None)
        if found is None:
            return not_found()
        del world.xero.connections[found.id]
        return Response(204)
    if request.method != "GET" or tail:
        return not_found()
    event = request.arg("authEventId")
    return json_response(
        [
            {
                "id": entry.id,
                "authEventId": entry.auth_event_id,
                "tenantId": entry.tenant_id,
                "tenantType": "ORGANISATION",
                "tenantName": world.xero.organisations[entry.tenant_id].name,
                "createdDateUtc": entry.created,
                "updatedDateUtc": entry.updated,
            }
            for entry in own
            if not event or entry.auth_event_id == event.lower()
        ]
    )


def _organisation_call(world: World, request: Request) -> Response:
    call, headers = enter(world, request)
    try:
        check_format(request)
        key = idempotency_key(request)
        now = world.clock.now().timestamp()
        response = world.xero.memory.recall(call.granted.client_id, key, request, now) if key else None
        if response is None:
            response = _routed(call)
            if key:
                world.xero.memory.remember(call.granted.client_id, key, request, response, now)
    except Refused as refusal:
        response = refusal.response
    response.headers.update(headers)
    return response


def _routed(call: Call) -> Response:
    path = call.request.path[len(BASE) - 1 :]
    known = False
    for router in _ROUTERS:
        found = router.match(call.request.method, path)
        if found is not None:
            handler, params = found
            try:
                return handler(call, **params)
            except Refused as refusal:
                return refusal.response
            except UnknownId:
                return not_found()
            except ValidationFailed as failure:
                return validation(failure.messages)
            except BadBody as error:
                return bad_data(str(error))
        known = known or bool(router.methods(path))
    return text_response("The method is not implemented for this resource.", 501) if known else not_found()
