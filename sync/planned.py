"""What one plan says about one source record, on its way to the outbox."""

from dataclasses import dataclass, field
from datetime import date as Day
from decimal import Decimal

from sync.linking import Match
from sync.plan import Decision, is_stopped


@dataclass(slots=True, kw_only=True)
class Planned:
    """Filled in step by step by the planner of its kind, and left alone afterwards.

    ``record_external_id`` is the source snapshot shown for it; a payment's shares have one record and several ids.

    ``found`` is a pair that was recognised just now and is to be remembered; ``undecided`` goes to a person.
    ``depends_on`` names the planned record (kind, source id) whose create has to come first.
    """

    kind: str
    source_external_id: str
    record_external_id: str
    title: str
    decision: Decision
    target_external_id: str = ""
    natural_key: str = ""
    refs: dict[str, str] = field(default_factory=dict)
    depends_on: tuple[str, str] | None = None
    source_digest: str = ""
    amount: Decimal | None = None
    currency: str = ""
    date: Day | None = None
    found: Match | None = None
    undecided: Match | None = None

    @property
    def stopped(self) -> bool:
        """Whether it waits because of the mode."""
        return is_stopped(self.decision)

    def decided(self, decision: Decision) -> "Planned":
        """Itself, with what is to be done."""
        self.decision = decision
        return self
