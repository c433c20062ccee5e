"""The simulated outside world: clock, Ignition practices, Xero organisations, applications, faults, calls."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sandbox import control, control_edits, control_hooks, control_planting
from sandbox.calls import CallLog
from sandbox.clock import Clock
from sandbox.faults import Fault, Faults, NoAnswer
from sandbox.ignition.api import router as ignition_router
from sandbox.ignition.hooks import Courier
from sandbox.ignition.state import IgnitionPractice
from sandbox.web import BadBody, Request, Response, Router, json_response, text_response
from sandbox.xero import accounting, identity
from sandbox.xero.organisations import XeroWorld

CONTROL = "control"
log = logging.getLogger(__name__)


@dataclass(slots=True)
class App:
    """An application registered with a provider. `any_loopback` accepts every loopback redirect address."""

    client_id: str
    secret: str
    name: str
    provider: str
    redirect_uris: list[str] = field(default_factory=list)
    any_loopback: bool = False


def default_apps() -> dict[str, App]:
    known = (
        App("sandbox-xero-app", "sandbox-xero-secret", "Sandbox Xero app", "xero", any_loopback=True),
        App(
            "sandbox-ignition-app",
            "sandbox-ignition-secret",
            "Sandbox Ignition app",
            "ignition",
            any_loopback=True,
        ),
    )
    return {app.client_id: app for app in known}


# Imported for their routes.
_CONTROL_PARTS = (control_edits, control_hooks, control_planting)


class World:
    """All state of the sandbox. `lock` guards it; `handle` is the only way in for HTTP callers.

    ignition: practices by key.  xero: organisations, users, connections, tokens.  apps: by client id.
    random: gives every id, so that the same seed and the same calls make the same world.
    changes: grows with every call that may have changed something.  truth: planted mismatches.
    """

    def __init__(self, *, seed: int = 1, clock: Clock | None = None) -> None:
        self.lock = threading.RLock()
        self.clock = clock or Clock()
        self.calls = CallLog()
        self.changes = 0
        self._courier: Courier | None = None
        self._start(seed)

    def _start(self, seed: int) -> None:
        self.seed = seed
        self.random = Random(seed)  # noqa: S311 - repeatable ids, not secrets
        self.faults = Faults(seed)
        self.apps = default_apps()
        self.ignition: dict[str, IgnitionPractice] = {}
        self.xero = XeroWorld(self.clock, self.random)
        self.truth: list[dict[str, Any]] = []

    def reset(self, seed: int | None = None) -> None:
        """Back to an empty world with the default applications; the clock and the call log stay."""
        # The courier goes on: it looks at whatever practices there are.
        self.xero.hooks.stop()
        self._start(self.seed if seed is None else seed)
        self.changes += 1

    def register_app(self, **facts: Any) -> App:
        """Register or replace an application. Raises TypeError for unknown or missing facts."""
        app = App(**facts)
        self.apps[app.client_id] = app
        return app

    def start_courier(self) -> None:
        """Deliver Ignition's hints from a background thread; the first registered hook starts it."""
        if self._courier is None:
            self._courier = Courier(self)
            self._courier.start()

    def stop(self) -> None:
        """End the background threads."""
        self.xero.hooks.stop()
        if self._courier is not None:
            self._courier.stop()
            self._courier = None

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def handle(self, request: Request) -> Response:
        """Answer a request. Raises NoAnswer when a fault says that no answer arrives."""
        host = host_kind(request.path)
        if host == CONTROL:
            with self.lock:
                if request.method != "GET":
                    self.changes += 1
                return self._route(control.router, request)
        with self.xero.flight(request):
            with self.lock:
                fault = self.faults.choose(request.method, request.path, host)
            status, size = 0, 0
            try:
                response = self._answer(host, request, fault)
                status, size = response.status, len(response.body)
                return response
            finally:
                self._log(host, request, status, size, fault.kind if fault else "")

    def _answer(self, host: str, request: Request, fault: Fault | None) -> Response:
        if fault is None:
            return self._dispatch(host, request)
        hang = self.faults.hang_of(fault)
        if fault.kind == "status":
            response = Response(fault.status, fault.body.encode(), dict(fault.headers))
            if fault.remember:
                with self.lock:
                    accounting.remember_answer(self, request, response)
            return response
        if fault.before:
            raise NoAnswer(fault.kind, hang if fault.kind.startswith("timeout") else 0)
        if fault.kind == "slow":
            time.sleep(hang)
        response = self._dispatch(host, request)
        if fault.kind in ("timeout_after", "drop_after"):
            raise NoAnswer(fault.kind, hang if fault.kind.startswith("timeout") else 0)
        if fault.kind == "malformed":
            response.body = response.body[: len(response.body) // 2] + b"\x00<"
        return response

    def _dispatch(self, host: str, request: Request) -> Response:
        with self.lock:
            if request.method not in ("GET", "HEAD"):
                self.changes += 1
            try:
                if host == "ignition":
                    return self._route(ignition_router, request)
                if host == "xero-identity":
                    return self._route(identity.router, request)
                return accounting.answer(self, request)
            except Exception:
                log.exception("The sandbox failed at %s %s", request.method, request.path)
                return text_response("The sandbox has a fault of its own; see its log.", 500)

    def _route(self, router: Router, request: Request) -> Response:
        found = router.match(request.method, request.path)
        if found is None:
            methods = router.methods(request.path)
            if methods:
                return text_response("Method not allowed.", 405, {"Allow": ", ".join(methods)})
            return text_response("The sandbox has nothing at this address.", 404)
        handler, params = found
        try:
            return handler(self, request, **params)
        except BadBody as error:
            return json_response({"error": "bad_request", "message": str(error)}, 400)

    def _log(self, host: str, request: Request, status: int, size: int, fault: str) -> None:
        query = "&".join(f"{key}={value}" for key, values in request.query.items() for value in values)
        with self.lock:
            self.calls.add(
                at=self.clock.now().isoformat(timespec="milliseconds"),
                host=host,
                method=request.method,
                path=request.path,
                query=query if host != "xero-identity" else "",
                status=status,
                bytes=size,
                write=request.method not in ("GET", "HEAD"),
                tenant=request.headers.get("xero-tenant-id", ""),
                fault=fault,
            )

    def dump(self) -> dict[str, Any]:
        """Everything but faults and the call log, for the state file."""
        version, words, gauss = self.random.getstate()
        return {
            "seed": self.seed,
            "clock": self.clock.dump(),
            "random": [version, list(words), gauss],
            "apps": [
                {name: getattr(app, name) for name in App.__dataclass_fields__} for app in self.apps.values()
            ],
            "ignition": {key: practice.dump() for key, practice in self.ignition.items()},
            "xero": self.xero.dump(),
            "truth": self.truth,
        }

    def load(self, data: dict[str, Any]) -> None:
        """Replace everything by a dumped world. Raises KeyError or ValueError when it is not one."""
        self.reset(int(data["seed"]))
        self.clock.load(data["clock"])
        version, words, gauss = data["random"]
        self.random.setstate((version, tuple(words), gauss))
        self.apps = {entry["client_id"]: App(**entry) for entry in data["apps"]}
        self.ignition = {
            key: IgnitionPractice.load(entry, self.clock) for key, entry in data["ignition"].items()
        }
        self.xero.load(data["xero"])
        self.truth = list(data["truth"])
        if any(practice.hook for practice in self.ignition.values()):
            self.start_courier()


def host_kind(path: str) -> str:
    """Which outside host a path belongs to: control, ignition, xero-identity or xero."""
    lowered = path.lower()
    if lowered == "/" or lowered.startswith("/_sandbox"):
        return CONTROL
    if lowered.startswith(("/external/", "/oauth2/")):
        return "ignition"
    if lowered.startswith(("/identity/", "/connect/", "/.well-known/")):
        return "xero-identity"
    return "xero"
