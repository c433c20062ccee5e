"""Planting mismatches from another process, and the truth about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.control import BadControl, control, router, settings_of
from sandbox.planting import REFS, plant
from sandbox.web import Request, Response, json_response

if TYPE_CHECKING:
    from sandbox.world import World


@router.route("POST", "/_sandbox/plant")
@control
def plant_mismatches(world: World, request: Request) -> Response:
    """{practice, kinds: [refs] or left out for all, each, seed}: answers what was planted."""
    settings = settings_of(request)
    kinds = settings.get("kinds")
    if kinds is not None and not (isinstance(kinds, list) and all(isinstance(ref, str) for ref in kinds)):
        raise BadControl("kinds must be a list of refs")
    made = plant(
        world,
        str(settings["practice"]),
        kinds=kinds,
        each=int(settings.get("each", 1)),
        seed=int(settings.get("seed", 1)),
    )
    return json_response({"planted": [told.as_dict() for told in made]})


@router.route("GET", "/_sandbox/planted")
@control
def planted(world: World, request: Request) -> Response:
    """?practice=: every planted mismatch, of one practice or of all, and which refs there are."""
    key = request.arg("practice")
    if key:
        world.ignition[key]
    listed = [entry for entry in world.truth if not key or entry["practice"] == key]
    return json_response({"planted": listed, "refs": list(REFS)})
