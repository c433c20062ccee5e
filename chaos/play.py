"""The run itself: a calm start, a storm, the time to settle, and the comparison. Needs Django to be set up."""

import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from django.urls import reverse
from django.utils import timezone

from chaos import office as app
from chaos.checker import Result
from chaos.control import Control
from chaos.damage import Damage
from chaos.fleet import Fleet
from chaos.houses import House, open_houses
from chaos.options import Options
from chaos.relay import Relay
from chaos.weather import Weather
from config.celery import app as celery_app

TICK_SECONDS = 0.1
PEOPLE_EVERY_SECONDS = 1.0
SYNC_PRESSED_EVERY_SECONDS = 12.0
LOOK_EVERY_SECONDS = 6.0
NO_PROGRESS_SECONDS = 20.0
WORKERS = 3
#: Shares of Xero's webhooks that are lost, sent twice, or sent late; the relay does as much to Ignition's.
BAD_HOOKS = {"drop": 0.2, "double": 0.2, "shuffle": 0.3}


@dataclass
class Outcome:
    """What came of a run. ``unsettled`` says what was still open when time was up."""

    results: dict[str, Result]
    unsettled: list[str]
    numbers: dict[str, Any] = field(default_factory=dict)

    def count(self, sort: str) -> int:
        return sum(result.count(sort) for result in self.results.values())

    @property
    def records(self) -> int:
        return sum(result.records for result in self.results.values())

    def explained(self, most: int = 30) -> list[str]:
        """The findings, with what the app's own rows say about each."""
        found = [(key, finding) for key, result in self.results.items() for finding in result.findings]
        out = []
        for key, finding in found[:most]:
            out.append(f"{key}  {finding}")
            out += [f"    {line}" for line in app.open_changes(finding.source)]
        return [*out, f"… and {len(found) - most} more"] if len(found) > most else out


class Play:
    """One run from start to end. ``environment`` is what the processes of the app get."""

    def __init__(
        self, options: Options, fleet: Fleet, control: Control, environment: Mapping[str, str], began: float
    ) -> None:
        self._options = options
        self._began = began
        self._dice = Random(options.seed)
        self._fleet = fleet
        self._control = control
        self._environment = environment
        self._weather = Weather(control, Random(options.seed + 1))
        self._relay = Relay(environment["BASE_URL"], Random(options.seed + 2))
        self._damage = Damage(options, Random(options.seed + 3), fleet, self._weather, self._note)
        self._events: list[str] = []
        self._houses: list[House] = []

    def run(self) -> Outcome:
        self._weather.set_the_clock()
        self._houses = open_houses(self._control, seed=self._options.seed, size=self._options.size)
        self._weather.prepare([house.key for house in self._houses])
        records = sum(house.people.records for house in self._houses)
        self._note(f"{len(self._houses)} practices connected, {records} records to begin with")
        self._start_processes()
        self._register_hooks()
        if not self._options.quiet:
            self._weather.turn_bad()
        self._storm()
        self._weather.clear_up()
        unsettled = self._settle()
        results = {house.key: house.compare(self._control) for house in self._houses}
        self._relay.stop()
        return Outcome(results, unsettled, self._numbers())

    def _start_processes(self) -> None:
        python, given = sys.executable, self._environment
        celery = (python, "-m", "celery", "--quiet", "-A", "chaos.worker")
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")
        queues = ",".join(queue.name for queue in celery_app.conf.task_queues)
        for number in range(1, WORKERS + 1):
            pool = ("--pool", "prefork", "--concurrency", "2", "--hostname", f"worker{number}@%h")
            argv = (*celery, "worker", *pool, "--queues", queues, *quiet)
            self._fleet.start(f"worker-{number}", argv, given)
        beat = ("beat", "--scheduler", "celery.beat:Scheduler", "--pidfile", "", "--loglevel", "WARNING")
        self._fleet.start("beat", (*celery, *beat), given)
        bind = given["BASE_URL"].removeprefix("http://")
        web = (python, "-m", "gunicorn", "-c", "python:config.gunicorn", "--bind", bind)
        self._fleet.start("web", web, given)

    def _register_hooks(self) -> None:
        """Let the sandbox report changes, on a way that loses, doubles and shuffles them."""
        self._relay.is_honest = self._options.quiet
        self._relay.start()
        address = f"{self._environment['BASE_URL']}{reverse('hook_xero')}"
        bad = {} if self._options.quiet else BAD_HOOKS
        self._control.post("hooks", {"url": address, "key": self._environment["XERO_WEBHOOK_KEY"], **bad})
        for house in self._houses:
            secret, path = app.make_hook_secret(house.office)
            hook = {"practice": house.key, "url": f"{self._relay.url}{path}", "secret": secret}
            self._control.post("hooks", hook)

    def _storm(self) -> None:
        end = self._options.storm_seconds
        began = time.monotonic()
        people_at = look_at = press_at = 0.0
        while (now := time.monotonic() - began) < end or not self._damage.is_done:
            self._damage.go_on(now)
            if now >= people_at:
                people_at = now + PEOPLE_EVERY_SECONDS
                self._people_work(min(now / (end * 0.9), 1.0))
            if now >= look_at:
                look_at = now + LOOK_EVERY_SECONDS
                for house in self._houses:
                    house.people.look_at_xero()
            if now >= press_at:
                press_at = now + self._dice.uniform(0.5, 1.5) * SYNC_PRESSED_EVERY_SECONDS
                app.press_sync(self._dice.choice(self._houses).office)
            self._fleet.tend(time.monotonic())
            time.sleep(TICK_SECONDS)
        self._people_work(1.0)
        for house in self._houses:
            house.people.finish()
        self._damage.end()

    def _people_work(self, share: float) -> None:
        for house in self._houses:
            house.work(share)

    def _settle(self) -> list[str]:
        """Wait until the app has done everything by itself; what keeps it from that when time is up."""
        self._note("storm over")
        unfinished = self._wait_until_settled(timezone.now())
        if unfinished:
            self._note("did not settle")
            return unfinished
        self._note("settled")
        return self._second_time()

    def _second_time(self) -> list[str]:
        """One more sync finds nothing to write: what was done is known to be done."""
        marker = self._control.get("calls", list=0)["marker"]
        since = timezone.now()
        for house in self._houses:
            app.press_sync(house.office)
        unfinished = self._wait_until_settled(since)
        calls = self._control.get("calls", since=marker, host="xero", list=200)["calls"]
        wrote = [
            f"another sync still wrote: {call['method']} {call['path']}" for call in calls if call["write"]
        ]
        return unfinished + wrote

    def _wait_until_settled(self, since: datetime) -> list[str]:
        """As long as the options allow; longer only while ever less is left, on a machine that has other work."""
        began = progress_at = time.monotonic()
        least = math.inf
        while unfinished := app.unfinished(since):
            self._fleet.tend(time.monotonic())
            now, left = time.monotonic(), app.left_to_do()
            if left < least:
                least, progress_at = left, now
            spent, patience = now - began, self._options.settle_seconds
            if spent > patience and (now - progress_at > NO_PROGRESS_SECONDS or spent > 3 * patience):
                return unfinished
            time.sleep(0.5)
        return []

    def _numbers(self) -> dict[str, Any]:
        return {
            **self._weather.met(),
            "killed": self._damage.killed,
            "token_expiries": self._weather.jumps,
            "webhooks": {"ignition": dict(self._relay.seen), "xero": self._control.get("hooks")["xero"]},
            "starts": self._fleet.starts(),
            "people": {house.key: dict(house.people.did) for house in self._houses},
            "alerts": app.alerts_for_what_healed(),
            "app": app.numbers(),
            "events": self._events,
            "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self._began, 1),
        }

    def _note(self, text: str) -> None:
        line = f"{time.monotonic() - self._began:6.1f} s  {text}"
        self._events.append(line)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
