"""What a run is asked to do."""

import argparse
from dataclasses import dataclass

#: A storm shorter than this hardly meets anything; a longer run than the cap is of no use to anybody who waits.
LEAST_MINUTES, MOST_MINUTES = 0.5, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``size`` is the number of records that have to be in Xero at the end, ``minutes`` the cap for everything."""

    seed: int
    size: int
    kills: int
    minutes: float
    broker: str = ""
    quiet: bool = False

    @property
    def storm_seconds(self) -> float:
        """How long faults, kills and edits go on. The rest of the time is for starting, settling and comparing."""
        return self.minutes * 60 * 0.55

    @property
    def settle_seconds(self) -> float:
        """How long the system may take afterwards to bring everything in order by itself."""
        return max(90.0, self.minutes * 60 * 0.4)


def parse(arguments: list[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m chaos", description="A bad day, compared record by record."
    )
    parser.add_argument("--seed", type=int, default=1, help="everything drawn at random comes from it")
    parser.add_argument("--size", type=int, default=2000, help="records that have to be in Xero at the end")
    parser.add_argument("--kills", type=int, default=12, help="workers that are killed")
    parser.add_argument("--minutes", type=float, default=5.0, help="the longest the whole run may take")
    parser.add_argument("--broker", default="", help="a broker's address instead of the database's own queue")
    parser.add_argument(
        "--quiet", action="store_true", help="no faults, kills or lost webhooks: a day to compare with"
    )
    given = parser.parse_args(arguments)
    if given.size < 20:
        parser.error("--size: at least 20 records")
    if not LEAST_MINUTES <= given.minutes <= MOST_MINUTES:
        parser.error(f"--minutes: between {LEAST_MINUTES:g} and {MOST_MINUTES:g}")
    return Options(
        seed=given.seed,
        size=given.size,
        kills=given.kills,
        minutes=given.minutes,
        broker=given.broker,
        quiet=given.quiet,
    )
