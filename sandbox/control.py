"""The control interface under /_sandbox/: seeds, clock, faults, limits, connections, hooks, state.

Every POST takes a JSON object and answers JSON; what cannot be done is a 400 with `error`.
"""

from __future__ import annotations

import functools
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox import pages
from sandbox.calls import as_dict
from sandbox.ignition.state import RESOURCES
from sandbox.seed import seed_demo, seed_practice
from sandbox.web import BadBody, Handler, Request, Response, Router, html_response, json_response

if TYPE_CHECKING:
    from sandbox.world import World

router = Router()
LISTED_CALLS = 500


class BadControl(ValueError):
    """The control request cannot be carried out; the text says why."""


def settings_of(request: Request) -> dict[str, Any]:
    """The JSON object of a control request; an empty body is an empty object."""
    data = request.json() if request.body.strip() else {}
    if not isinstance(data, dict):
        raise BadControl("the body must be a JSON object")
    return data


def control(handler: Handler) -> Handler:
    """Turn everything a caller can get wrong into a 400."""

    @functools.wraps(handler)
    def guarded(world: World, request: Request, **params: str) -> Response:
        try:
            return handler(world, request, **params)
        except (BadBody, ValueError, TypeError) as error:
            return json_response({"error": str(error)}, 400)
        except KeyError as error:
            return json_response({"error": f"unknown: {error.args[0] if error.args else ''}"}, 404)

    return guarded


@router.route("GET", "")
@router.route("GET", "/_sandbox")
def index(world: World, request: Request) -> Response:
    return html_response(pages.index(world))


@router.route("POST", "/_sandbox/reset")
@control
def reset(world: World, request: Request) -> Response:
    """{seed}: an empty world. The clock stays."""
    seed = settings_of(request).get("seed")
    world.reset(None if seed is None else int(seed))
    world.calls.reset()
    return json_response({"seed": world.seed})


@router.route("POST", "/_sandbox/seed")
@control
def seed(world: World, request: Request) -> Response:
    """{practice, country, clients, months, seed, native_share, clean, name}, or {demo: true}."""
    settings = settings_of(request)
    if settings.pop("demo", False):
        return json_response({key: report.as_dict() for key, report in seed_demo(world).items()})
    key = str(settings.pop("practice"))
    for name in ("clients", "months", "seed"):
        if name in settings:
            settings[name] = int(settings[name])
    if "native_share" in settings:
        settings["native_share"] = float(settings["native_share"])
    if "clean" in settings:
        settings["clean"] = bool(settings["clean"])
    report = seed_practice(world, key, country=str(settings.pop("country", "AU")), **settings)
    return json_response(report.as_dict())


@router.route("GET", "/_sandbox/clock")
@control
def read_clock(world: World, request: Request) -> Response:
    return json_response(world.clock.dump())


@router.route("POST", "/_sandbox/clock")
@control
def move_clock(world: World, request: Request) -> Response:
    """{advance: seconds}, {set: ISO moment}, {speed: factor}."""
    settings = settings_of(request)
    if "set" in settings:
        moment = datetime.fromisoformat(str(settings["set"]).replace("Z", "+00:00"))
        world.clock.set(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if "advance" in settings:
        world.clock.advance(float(settings["advance"]))
    if "speed" in settings:
        world.clock.speed = float(settings["speed"])
    return json_response(world.clock.dump())


@router.route("GET", "/_sandbox/faults")
@control
def read_faults(world: World, request: Request) -> Response:
    return json_response(
        {
            "hang": world.faults.hang,
            "rules": [asdict(rule) for rule in world.faults.rules],
            "script": [asdict(step) for step in world.faults.script],
        }
    )


@router.route("POST", "/_sandbox/faults")
@control
def set_faults(world: World, request: Request) -> Response:
    """{rules: [...], script: [...], hang: seconds, seed: n, clear: true}; see sandbox.faults."""
    world.faults.configure(settings_of(request))
    return read_faults(world, request)


@router.route("GET", "/_sandbox/calls")
@control
def read_calls(world: World, request: Request) -> Response:
    """?since=marker&host=&tenant=&list=N: counts since the marker, the newest N calls, and a new marker."""
    since, wanted = int(request.arg("since") or 0), int(request.arg("list") or LISTED_CALLS)
    filters = {"host": request.arg("host") or "", "tenant": request.arg("tenant") or ""}
    listed = list(world.calls.since(since, **filters))
    return json_response(
        {
            "marker": world.calls.last,
            "total": len(listed),
            "writes": sum(call.write for call in listed),
            "counts": world.calls.counts(since, **filters),
            "calls": [as_dict(call) for call in listed[-wanted:]] if wanted else [],
        }
    )


@router.route("POST", "/_sandbox/calls/reset")
@control
def reset_calls(world: World, request: Request) -> Response:
    world.calls.reset()
    return json_response({"marker": world.calls.last})


@router.route("POST", "/_sandbox/limits")
@control
def set_limits(world: World, request: Request) -> Response:
    """Xero: {tenant?, minute, day, concurrent, app_minute}; Ignition: {practice, hourly}; null is off."""
    settings = settings_of(request)
    if "practice" in settings:
        practice = world.ignition[str(settings["practice"])]
        practice.hourly_limit = None if settings["hourly"] is None else int(settings["hourly"])
        return json_response({"practice": practice.key, "hourly": practice.hourly_limit})
    tenant = settings.pop("tenant", None)
    if tenant is not None and tenant not in world.xero.organisations:
        raise KeyError(tenant)
    changes = {name: None if value is None else int(value) for name, value in settings.items()}
    return json_response(asdict(world.xero.limits.configure(tenant, changes)))


@router.route("POST", "/_sandbox/apps")
@control
def register_app(world: World, request: Request) -> Response:
    """{client_id, secret, name, provider, redirect_uris, any_loopback}: register or replace an app."""
    settings = settings_of(request)
    world.register_app(**settings)
    return json_response({"client_id": settings["client_id"]})


@router.route("GET", "/_sandbox/dump")
@control
def dump(world: World, request: Request) -> Response:
    """Counts of everything; with ?tenant= or ?practice= the full state of that one as well."""
    answer: dict[str, Any] = {
        "now": world.clock.now().isoformat(),
        "xero": {
            tenant: {
                "name": ledger.name,
                "country": ledger.country,
                **{kind: len(shelf) for kind, shelf in ledger.shelves.items()},
            }
            for tenant, ledger in world.xero.organisations.items()
        },
        "ignition": {
            key: {"name": practice.name, **{name: len(practice.rows(name)) for name in RESOURCES}}
            for key, practice in world.ignition.items()
        },
        "connections": [asdict(entry) for entry in world.xero.connections.values()],
    }
    if tenant := request.arg("tenant"):
        ledger = world.xero.organisations[tenant]
        answer["organisation"] = {kind: list(shelf.values()) for kind, shelf in ledger.shelves.items()}
        answer["notes"] = ledger.notes
    if key := request.arg("practice"):
        answer["practice"] = world.ignition[key].dump()["rows"]
    return json_response(answer)
