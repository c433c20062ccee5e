"""How long a change takes from Ignition into Xero, through everything: web server, workers, beat and database.

The demo's practices in the demo's processes, set up anew for this, with the providers' own limits on calls.
"""

import sys
import time
from collections.abc import Iterator

from django.conf import settings

from bench import lag, stage
from bench.figures import EXACTLY, Row
from bench.programs import own_environment, start_sandbox, start_web, start_workers, supervised

EDITS = 100
EVERY_SECONDS = 1.0
MOST_SECONDS = 3.0
REST_SECONDS = 75
"""Between the first sync and the first edit: what Xero reports of our own writes is looked at after half a minute, and
calls count for a minute. Both would be charged to the edits."""
ORGANISATION = "Harbour Lane Advisory"


def measure(size: int) -> Iterator[Row]:
    """``size`` plays no part."""
    environment = own_environment()
    with supervised("whole") as supervisor:
        start_sandbox(supervisor, settings.XERO_API_URL, "--seed-demo", limited=True)
        stage.manage(environment, "seed_demo")
        start_web(supervisor, environment)
        start_workers(supervisor, environment)
        sys.stderr.write("  writing the demo practice …\n")
        stage.manage(environment, "mode", lag.PRACTICE, "take_over")
        stage.manage(environment, "sync", lag.PRACTICE, "--json")
        time.sleep(REST_SECONDS)
        outside = lag.Outside(settings.XERO_API_URL)
        outside.open(ORGANISATION)
        figures = lag.report(lag.measure(outside, edits=EDITS, every=EVERY_SECONDS))
    yield Row(
        part="lag",
        what=f"{EDITS} edits in Ignition, one a second: 95 of 100 in Xero within",
        measured=figures["p95"],
        unit="s",
        bar=MOST_SECONDS,
        note=f"p50 {figures['p50']} s, most {figures['most']} s",
        more=figures,
    )
    yield Row(
        part="lag",
        what="edits that never showed",
        measured=figures["edits"] - figures["seen"],
        bar=0,
        rule=EXACTLY,
    )
