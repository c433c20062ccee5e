"""Control of what leaves the sandbox by itself - webhooks - and of who may come in - connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.control import BadControl, control, router, settings_of
from sandbox.ignition import hooks as ignition_hooks
from sandbox.web import Request, Response, json_response
from sandbox.xero.hooks import CATEGORIES, Hook
from sandbox.xero.tokens import ACCESS_SECONDS, TokenSet

if TYPE_CHECKING:
    from sandbox.world import World

ALL_SCOPES = (
    "openid profile email offline_access accounting.contacts accounting.settings accounting.invoices "
    "accounting.payments accounting.banktransactions"
)


@router.route("GET", "/_sandbox/hooks")
@control
def read_hooks(world: World, request: Request) -> Response:
    return json_response(_hooks(world))


@router.route("POST", "/_sandbox/hooks")
@control
def register_hook(world: World, request: Request) -> Response:
    """Xero: {client_id, url, key, categories, skip_intent, drop, double, shuffle}. Ignition: {practice, url,
    secret}. With {remove: true} the hook goes.
    """
    settings = settings_of(request)
    if "practice" in settings:
        practice = world.ignition[str(settings["practice"])]
        if settings.get("remove"):
            ignition_hooks.unregister(practice)
        else:
            ignition_hooks.register(practice, str(settings["url"]), str(settings["secret"]))
            world.start_courier()
        return json_response(_hooks(world))
    client_id = str(settings.get("client_id", "sandbox-xero-app"))
    if client_id not in world.apps:
        raise KeyError(client_id)
    if settings.get("remove"):
        world.xero.hooks.remove(client_id)
        return json_response(_hooks(world))
    categories = settings.get("categories", list(CATEGORIES))
    if not set(categories) <= set(CATEGORIES):
        raise BadControl(f"categories are {', '.join(CATEGORIES)}")
    world.xero.hooks.register(
        Hook(
            client_id=client_id,
            url=str(settings["url"]),
            key=str(settings["key"]),
            categories=list(categories),
            status="active" if settings.get("skip_intent") else "pending",
            drop=float(settings.get("drop", 0)),
            double=float(settings.get("double", 0)),
            shuffle=float(settings.get("shuffle", 0)),
        )
    )
    return json_response(_hooks(world))


@router.route("POST", "/_sandbox/connections/grant")
@control
def grant(world: World, request: Request) -> Response:
    """{tenant or tenants, client_id, user (e-mail), scope}: consent and token in one step, for tests."""
    settings = settings_of(request)
    tenants = settings.get("tenants") or [settings["tenant"]]
    client_id = str(settings.get("client_id", "sandbox-xero-app"))
    users = world.xero.users.values()
    allowed = [person for person in users if world.xero.organisations_of(person.user_id)]
    person = next((entry for entry in allowed if settings.get("user") in (None, entry.email)), None)
    if person is None or client_id not in world.apps:
        raise KeyError(settings.get("user", client_id))
    event = world.new_id()
    for tenant in tenants:
        world.xero.organisations[tenant]
        world.xero.connect(client_id, person.user_id, tenant, event)
    granted = world.xero.tokens.find(client_id, person.user_id)
    if granted is None:
        granted = TokenSet(client_id, person.user_id, [], event)
        world.xero.tokens.sets.append(granted)
    granted.scopes = str(settings.get("scope", ALL_SCOPES)).split()
    granted.auth_event_id = event
    issued = world.xero.tokens.issue(granted, world.clock.now().timestamp())
    return json_response(
        {
            "access_token": issued.access,
            "refresh_token": issued.refresh,
            "expires_in": ACCESS_SECONDS,
            "token_type": "Bearer",
            "scope": " ".join(issued.scopes),
        }
    )


@router.route("POST", "/_sandbox/connections/revoke")
@control
def revoke(world: World, request: Request) -> Response:
    """{connection}, {tenant} or {client_id}: disconnect as a person does inside Xero; {tokens: true} ends
    the token sets of those people too. Answers how many connections went.
    """
    settings = settings_of(request)
    chosen = [
        entry
        for entry in world.xero.connections.values()
        if settings.get("connection") in (None, entry.id)
        and settings.get("tenant") in (None, entry.tenant_id)
        and settings.get("client_id") in (None, entry.client_id)
    ]
    for entry in chosen:
        del world.xero.connections[entry.id]
        granted = world.xero.tokens.find(entry.client_id, entry.user_id)
        if settings.get("tokens") and granted is not None:
            world.xero.tokens.end(granted)
    return json_response({"revoked": len(chosen)})


def _hooks(world: World) -> dict[str, Any]:
    return {
        "xero": [hook.shown() for hook in world.xero.hooks.hooks.values()],
        "ignition": [
            {"practice": key, "url": practice.hook.url, "queued": len(practice.hints)}
            for key, practice in world.ignition.items()
            if practice.hook is not None
        ],
    }
