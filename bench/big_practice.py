"""The practice that the large tables belong to, and words that its rows share."""

from dataclasses import dataclass

from bench.bulk import choose
from practices.models import Connection, Practice, User
from sync.models import Flow

FIRST_NAMES = (
    "Ada",
    "Bao",
    "Carmen",
    "Dev",
    "Elise",
    "Farid",
    "Grace",
    "Hana",
    "Ivo",
    "June",
    "Kiri",
    "Liam",
)
LAST_NAMES = (
    "Abbott",
    "Baker",
    "Chen",
    "Dawson",
    "Edwards",
    "Fraser",
    "Gupta",
    "Hughes",
    "Ito",
    "Jansen",
    "Kaur",
)
TRADES = (
    "Plumbing",
    "Cafe",
    "Dental",
    "Transport",
    "Studio",
    "Electrical",
    "Farms",
    "Holdings",
    "Physio",
    "Motors",
)
ENDINGS = ("Pty Ltd", "Trust", "& Co", "Group", "Partners")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many rows there are. ``contacts``, ``invoices`` and ``payments`` are the source's records."""

    changes: int

    @property
    def contacts(self) -> int:
        return self.changes // 50

    @property
    def invoices(self) -> int:
        return self.changes * 9 // 100

    @property
    def payments(self) -> int:
        return self.changes // 20

    @property
    def runs(self) -> int:
        return self.changes // 20

    @property
    def attempts(self) -> int:
        return self.changes // 5

    @property
    def events(self) -> int:
        return self.changes // 5

    @property
    def incidents(self) -> int:
        return max(self.changes // 200, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Big:
    """The practice, somebody who may do everything in it, and its connections."""

    practice: Practice
    owner: User
    source: Connection
    target: Connection
    flows: dict[str, Flow]
    sizes: Sizes

    def url(self, rest: str = "") -> str:
        return f"/p/{self.practice.slug}/{rest}"


def name_of(number: str) -> str:
    """A client's name, by a number; SQL."""
    parts = (
        choose(FIRST_NAMES, number),
        choose(LAST_NAMES, f"{number} / 12"),
        choose(TRADES, f"{number} / 7"),
        choose(ENDINGS, f"{number} / 3"),
        number,
    )
    return " || ' ' || ".join(parts)


def ago(days: str) -> str:
    """An instant that many days before now; SQL."""
    return f"now() - ({days})::float8 * interval '1 day'"
