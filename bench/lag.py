"""How long a change made in Ignition takes into Xero, in the running demo: from the edit to the moment Xero shows it.

Edits clients of the demo practice through the sandbox's control interface, one after another, and asks the sandbox what
Xero holds until each edit is there. Nothing of the app is asked: only the two outside systems are.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import requests

from bench.figures import percentile
from launcher import envfile, paths

PRACTICE = "demo"
ASK_EVERY = 0.1
PATIENCE_SECONDS = 120


@dataclass
class Edit:
    """One change: which contact it belongs to in Xero, its new name, and when it was made and seen."""

    contact_id: str
    name: str
    made: float
    seen: float | None = None

    @property
    def seconds(self) -> float:
        return (self.seen or float("inf")) - self.made


class Outside:
    """The sandbox: both systems as somebody outside sees them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.tenant = ""

    def control(self, path: str, body: Any = None) -> Any:
        address = f"{self.url}/_sandbox/{path}"
        answer = self.session.get(address) if body is None else self.session.post(address, json=body)
        answer.raise_for_status()
        return answer.json()

    def open(self, organisation: str) -> None:
        held = self.control("dump")["xero"]
        self.tenant = next(tenant for tenant, facts in held.items() if facts["name"] == organisation)

    def names(self, ids: list[str]) -> dict[str, str]:
        """The names of these contacts in Xero now. Xero's own API would count the question as a call."""
        rows = self.control(f"xero/{self.tenant}/contacts?ids={','.join(ids)}")
        return {row["ContactID"]: row["Name"] for row in rows}


def measure(outside: Outside, *, edits: int, every: float) -> list[Edit]:
    """Make the edits, ``every`` so many seconds one, and wait for each to show."""
    clients = _linked(outside)
    if not clients:
        raise SystemExit(
            "No client of the demo can be followed: its sync has not ended, or contacts are only watched."
        )
    mark = str(int(time.time()))[-5:]
    made: list[Edit] = []
    began = time.monotonic()
    last = began
    while len(made) < edits or any(edit.seen is None for edit in made):
        now = time.monotonic()
        if len(made) < edits and now >= began + len(made) * every:
            contact_id, row = clients[len(made) % len(clients)]
            name = f"{row['name'].split(' ~')[0]} ~{mark}.{len(made)}"
            made.append(Edit(contact_id=contact_id, name=name, made=time.monotonic()))
            outside.control(f"ignition/{PRACTICE}/clients", {**row, "name": name})
            last = now
            continue
        _look(outside, [edit for edit in made if edit.seen is None])
        if now - last > PATIENCE_SECONDS:
            break
        time.sleep(ASK_EVERY)
    return made


def _look(outside: Outside, waiting: list[Edit]) -> None:
    for start in range(0, len(waiting), 40):
        part = waiting[start : start + 40]
        names = outside.names([edit.contact_id for edit in part])
        for edit in part:
            if names.get(edit.contact_id) == edit.name:
                edit.seen = time.monotonic()


def _linked(outside: Outside) -> list[tuple[str, dict[str, Any]]]:
    """Clients whose contact in Xero carries the same name and nobody else's: an edit of theirs is written."""
    rows = outside.control(f"dump?practice={PRACTICE}")["practice"]["clients"]
    there = outside.control(f"dump?tenant={outside.tenant}")["organisation"]["contacts"]
    rows = rows.values() if isinstance(rows, dict) else rows
    by_number = {item.get("ContactNumber"): item for item in there if item.get("ContactNumber")}
    found = []
    for row in rows:
        contact = by_number.get(f"IGN-{row['slug'].partition('_')[2]}")
        if contact is not None and contact["ContactStatus"] == "ACTIVE" and contact["Name"] == row["name"]:
            found.append((contact["ContactID"], row))
    return found


def report(made: list[Edit]) -> dict[str, Any]:
    """The figures, in seconds; an edit that never showed took for ever. ``each`` is in the order they were made."""
    seconds = [round(edit.seconds, 2) for edit in made]
    return {
        "edits": len(made),
        "seen": sum(edit.seen is not None for edit in made),
        "p50": percentile(seconds, 0.5),
        "p95": percentile(seconds, 0.95),
        "most": percentile(seconds, 1),
        "each": seconds,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.lag", description=__doc__)
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--every", type=float, default=1.0, help="seconds from one edit to the next")
    parser.add_argument("--bar", type=float, default=3.0, help="seconds within which 95 of 100 have to show")
    given = parser.parse_args()
    environment = envfile.read(paths.DEMO_ENV_FILE)
    if not environment:
        sys.stderr.write("Start the demo first: make demo\n")
        return 2
    manage = [sys.executable, str(paths.BASE_DIR / "manage.py")]
    plain = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    for command in (["mode", PRACTICE, "take_over"], ["sync", PRACTICE, "--json"]):
        subprocess.run([*manage, *command], env=plain, stdout=subprocess.DEVNULL, check=False)
    outside = Outside(environment["XERO_API_URL"])
    outside.open("Harbour Lane Advisory")
    figures = report(measure(outside, edits=given.edits, every=given.every))
    print(json.dumps({name: value for name, value in figures.items() if name != "each"}))
    return 0 if figures["seen"] == figures["edits"] and figures["p95"] <= given.bar else 1


if __name__ == "__main__":
    raise SystemExit(main())
