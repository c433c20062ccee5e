"""Ignition over HTTP: the nine reporting lists, OAuth, and the optional partner-style writes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.ignition import oauth, writes
from sandbox.ignition.access import READ_SCOPE, WRITE_SCOPE, admit, limit_headers
from sandbox.ignition.listing import page_of
from sandbox.ignition.refusals import Refused, refusal
from sandbox.ignition.state import RESOURCES, IgnitionPractice
from sandbox.web import Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.world import World

router = Router()
BASE = "/external/api/v1"

router.add("GET", "/oauth2/authorize", oauth.show_consent)
router.add("POST", "/oauth2/authorize", oauth.decide_consent)
router.add("POST", "/oauth2/token", oauth.exchange)
router.add("POST", "/oauth2/revoke", oauth.revoke)


@router.route("GET", BASE + "/reporting/{resource}")
def list_resource(world: World, request: Request, resource: str) -> Response:
    """One page of a resource: `{"data": [...], "meta": {"pagination": {...}}}`."""
    return _answer(world, request, READ_SCOPE, lambda practice: _list(world, practice, request, resource))


@router.route("POST", BASE + "/{resource}")
def create(world: World, request: Request, resource: str) -> Response:
    """Create a client, contact or invoice; 403 unless the practice has partner writes switched on."""
    return _answer(
        world, request, WRITE_SCOPE, lambda practice: writes.create(practice, resource, request.json())
    )


@router.route("PATCH", BASE + "/{resource}/{slug}")
def change(world: World, request: Request, resource: str, slug: str) -> Response:
    """Change a client or contact; 403 unless the practice has partner writes switched on."""
    return _answer(
        world, request, WRITE_SCOPE, lambda practice: writes.change(practice, resource, slug, request.json())
    )


def _list(world: World, practice: IgnitionPractice, request: Request, resource: str) -> Response:
    if resource not in RESOURCES:
        raise Refused(404, "There is no such resource.")
    page = page_of(practice, resource, request, world.clock.today(practice.time_zone))
    if resource == "collections" and practice.collections_delay and not request.arg("cursor"):
        _wait(world, practice.collections_delay)
    pagination = {
        "has_more": page.next_cursor is not None,
        "next_cursor": page.next_cursor,
        "limit": page.limit,
    }
    return json_response({"data": page.rows, "meta": {"pagination": pagination}})


def _answer(
    world: World, request: Request, scope: str, act: Callable[[IgnitionPractice], Response]
) -> Response:
    practice = None
    try:
        practice = admit(world.ignition.values(), request, world.clock.now(), scope)
        response = act(practice)
    except Refused as problem:
        response = refusal(problem)
    if practice is not None:
        response.headers.update(limit_headers(practice))
    return response


def _wait(world: World, seconds: float) -> None:
    """Let other calls through while this one is slow; the world is locked around every handler."""
    world.lock.release()
    try:
        time.sleep(seconds)
    finally:
        world.lock.acquire()
