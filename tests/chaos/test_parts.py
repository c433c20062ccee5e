"""The parts of the chaos program do what they say: processes die and come back, faults are as many as promised."""

import itertools
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest
import requests

from chaos import options, pace
from chaos.business import Business, Service
from chaos.control import Control, Refused
from chaos.expected import TAXES
from chaos.fleet import Fleet, children_of
from chaos.people import People
from chaos.relay import Relay
from chaos.weather import FAULT_SHARE, KINDS, TOKEN_PATH, Weather
from sandbox.seed.practices import open_empty
from sandbox.server import Running, running
from sandbox.world import World

CHILD = "import time; time.sleep(60)"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {CHILD!r}]); {CHILD}"


def until(true: Callable[[], Any], seconds: float = 10) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


class TestFleet:
    def test_what_is_killed_takes_its_children_along_and_comes_back(self, tmp_path: Path) -> None:
        fleet = Fleet(tmp_path)
        fleet.start("one", (sys.executable, "-c", PARENT), os.environ)
        try:
            (child,) = until(lambda: fleet.children("one"))
            first = fleet.pid("one")
            assert fleet.kill("one")
            assert fleet.pid("one") is None
            until(lambda: not Path(f"/proc/{child}").exists() or _is_dead(child))
            fleet.tend(0.0)
            fleet.tend(10.0)
            assert fleet.pid("one") not in {None, first}
            assert fleet.starts() == {"one": 2}
        finally:
            fleet.stop()

    def test_what_is_held_stays_down_until_it_is_released(self, tmp_path: Path) -> None:
        fleet = Fleet(tmp_path)
        fleet.start("beat", (sys.executable, "-c", PARENT), os.environ)
        try:
            fleet.kill("beat", hold=True)
            for now in (0.0, 100.0):
                fleet.tend(now)
            assert fleet.pid("beat") is None
            fleet.release("beat")
            for now in (200.0, 300.0):
                fleet.tend(now)
            assert fleet.pid("beat")
        finally:
            fleet.stop()

    def test_stopping_leaves_nothing_behind_and_may_be_repeated(self, tmp_path: Path) -> None:
        fleet = Fleet(tmp_path)
        stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_DFL); " + PARENT
        fleet.start("one", (sys.executable, "-c", stubborn), os.environ)
        (child,) = until(lambda: fleet.children("one"))
        fleet.stop()
        fleet.stop()
        until(lambda: _is_dead(child))

    def test_children_are_only_ones_own(self) -> None:
        reader, _ = os.pipe()
        child = os.fork()
        if not child:
            os.read(reader, 1)
            os._exit(0)
        try:
            assert child in children_of(os.getpid())
            assert child not in children_of(os.getppid())
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


class _Receiver(BaseHTTPRequestHandler):
    got: list[tuple[str, bytes, str]] = []  # noqa: RUF012 - emptied by each test

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, body, self.headers.get("X-Sync-Signature", "")))
        self.send_response(202)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Any:
    _Receiver.got.clear()
    server = HTTPServer(("127.0.0.1", 0), _Receiver)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class TestRelay:
    def send(self, relay: Relay, number: int) -> int:
        headers = {"X-Sync-Signature": f"v1={number}"}
        return requests.post(
            f"{relay.url}/hooks/x/", data=b"%d" % number, headers=headers, timeout=5
        ).status_code

    def test_an_honest_one_passes_everything_on_as_it_is(self, receiver: str, dice: Random) -> None:
        relay = Relay(receiver, dice)
        relay.is_honest = True
        relay.start()
        assert [self.send(relay, number) for number in range(5)] == [202] * 5
        relay.stop()
        assert _Receiver.got == [("/hooks/x/", b"%d" % number, f"v1={number}") for number in range(5)]

    def test_a_bad_one_loses_doubles_and_shuffles(self, receiver: str, dice: Random) -> None:
        relay = Relay(receiver, dice)
        relay.start()
        for number in range(60):
            self.send(relay, number)
        seen = relay.seen
        until(lambda: len(_Receiver.got) == 60 - seen["lost"] + seen["doubled"])
        relay.stop()
        assert min(seen["lost"], seen["doubled"], seen["delayed"], seen["passed"]) > 3
        order = [int(body) for _, body, _ in _Receiver.got]
        assert order != sorted(order)

    def test_without_a_receiver_the_sender_is_told(self, dice: Random) -> None:
        relay = Relay("http://127.0.0.1:9", dice)
        relay.is_honest = True
        relay.start()
        assert self.send(relay, 1) == 502
        relay.stop()


@pytest.fixture
def outside() -> Any:
    world = World(seed=1)
    open_empty(world, "harbour", country="AU")
    with running(world) as served:
        yield served


class TestWeather:
    def test_a_fifth_of_the_calls_goes_wrong_and_each_kind_as_often(
        self, outside: Running, dice: Random
    ) -> None:
        weather = Weather(Control(outside.url), dice)
        weather.turn_bad()
        met = Counter(
            fault.kind + str(fault.status if fault.kind == "status" else "")
            for _ in range(20_000)
            if (fault := outside.world.faults.choose("GET", "/api.xro/2.0/Contacts", "xero"))
        )
        assert sum(met.values()) == pytest.approx(20_000 * FAULT_SHARE, rel=0.05)
        assert len(met) == len(KINDS)
        assert min(met.values()) == pytest.approx(max(met.values()), rel=0.3)
        assert (
            outside.world.faults.choose("POST", TOKEN_PATH, "xero-identity") or True
        )  # tokens are not spared
        weather.clear_up()
        assert outside.world.faults.choose("GET", "/", "xero") is None

    def test_tokens_run_out_only_when_the_app_has_the_newest(self, outside: Running, dice: Random) -> None:
        weather = Weather(Control(outside.url), dice)
        weather.set_the_clock()
        requests.post(f"{outside.url}{TOKEN_PATH}", data={}, timeout=5)
        now = datetime.now(UTC)
        asked: list[datetime] = []

        def is_settled(moment: datetime) -> bool:
            asked.append(moment)
            return len(asked) > 1

        assert not weather.let_tokens_run_out(is_settled)
        before = outside.world.clock.now()
        assert weather.let_tokens_run_out(is_settled)
        assert outside.world.clock.now() - before > timedelta(minutes=30)
        assert abs(asked[0] - now) < timedelta(seconds=2), "the sandbox's time, put into ours"


class TestBusiness:
    def business(self, dice: Random, country: str = "AU") -> Business:
        label, (percent, _) = next(iter(TAXES[country].items()))
        services = [Service(label, Decimal(100), percent), Service("Free", Decimal(60), Decimal(0))]
        return Business(country=country, letter="H", dice=dice, services=services)

    def test_totals_have_tax_on_top_inside_or_rounded_once(self, dice: Random) -> None:
        business, seen = self.business(dice), Counter[str]()
        for _ in range(300):
            lines, total = business.lines()
            rates = [Decimal(0) if line["description"] == "Free" else Decimal(10) for line in lines]
            net = sum((line["total"] for line in lines), Decimal(0))
            parts = [
                (line["total"] * rate / 100).quantize(Decimal("0.01"))
                for line, rate in zip(lines, rates, strict=True)
            ]
            seen[
                "inside"
                if total == net
                else "on top"
                if abs(total - net - sum(parts)) < Decimal("0.001")
                else "once"
            ] += 1
            assert all(line["total"] > 0 for line in lines)
            assert abs(total - net - sum(parts)) <= Decimal("0.03") or total == net
        assert seen["inside"] > 20
        assert seen["on top"] > 150

    @pytest.mark.parametrize("country", ["AU", "NZ"])
    def test_names_numbers_and_addresses_never_repeat(self, dice: Random, country: str) -> None:
        business = self.business(dice, country)
        made = [business.client() for _ in range(500)]
        for field in ("slug", "name", "email"):
            assert len({row[field].casefold() for _, row, _ in made}) == 500
        bills = [business.invoice(made[0][0], today=date(2026, 11, 20)) for _ in range(200)]
        assert len({row["reference_number"] for _, row in bills}) == 200

    def test_the_same_seed_makes_the_same_business(self) -> None:
        first, second = (self.business(Random(5)) for _ in range(2))
        assert [first.client() for _ in range(5)] == [second.client() for _ in range(5)]


def test_people_do_everything_they_can(outside: Running, dice: Random) -> None:
    """Whatever the dice say, nothing breaks, and nobody counts what was not done."""
    world = outside.world
    ledger = next(iter(world.xero.organisations.values()))
    business = TestBusiness().business(dice)
    people = People(Control(outside.url), "harbour", ledger.tenant_id, business, dice)
    for _ in range(10):
        people.grow(12)
        people.look_at_xero()
        for _ in range(20):
            people.edit()
    people.finish()
    practice = world.ignition["harbour"]
    assert people.did["client"] == len(practice.clients)
    assert people.did["invoice"] == len(practice.invoices)
    assert people.did["void"] == sum(row["state"] == "voided" for row in practice.invoices)
    assert {row["state"] for row in practice.payments} <= {"collected", "cancelled"}
    money = Counter[str]()
    for row in itertools.chain(practice.collections):
        money[row["invoice"]["slug"]] += row["amount"]["total"]
    totals = {row["slug"]: row["amount"]["total"] for row in practice.invoices}
    assert all(paid <= totals[slug] for slug, paid in money.items())


def test_control_says_what_was_refused(outside: Running) -> None:
    with pytest.raises(Refused, match="unknown"):
        Control(outside.url).get("dump", practice="nobody")


class TestOptions:
    def test_a_run_fits_into_its_minutes(self) -> None:
        given = options.parse(["--minutes", "5", "--seed", "9"])
        assert (given.seed, given.size, given.kills) == (9, 2000, 12)
        assert given.storm_seconds + given.settle_seconds < 300

    @pytest.mark.parametrize(
        "bad", [["--size", "3"], ["--minutes", "0"], ["--minutes", "999"], ["--seed", "x"]]
    )
    def test_nonsense_is_refused(self, bad: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            options.parse(bad)
        assert "error" in capsys.readouterr().err


def test_every_wait_that_is_shortened_is_there() -> None:
    """A renamed one would be shortened nowhere, and the run would only get slow."""
    before = {(place, name): getattr(pace.owner(place), name) for place, name, _ in pace.WAITS}
    assert all(type(value) in {type(before[place, name]), int, float} for place, name, value in pace.WAITS)
