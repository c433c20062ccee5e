"""The practice at a glance: connections, flows with their numbers, what waits for somebody, the last run."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from mappings.models import MappingSet, SetState
from practices.models import Connection, ConnectionState, Practice
from sync.costs import Cost, of_sync
from sync.filters import ASKS, HELD_BY_MODE, LEFT, READY, STANDINGS, UNPLANNED
from sync.models import (
    SYNCED_KINDS,
    Kind,
    Mode,
    Purpose,
    Review,
    ReviewState,
    Run,
    RunState,
    Snapshot,
    Standing,
)
from sync.owing import open_groups
from sync.pages.changes import Cause, causes
from sync.pages.desk import Card, codes_on_desk, home_problems
from sync.pages.sides import Sides, sides_of
from sync.pages.speed import Lag, lags
from sync.pages.words import LIST_PAGES, MODE_MEANS

REVIEWED = "review"
"""These Changes are shown as what they wait for: the reviews."""
PROBLEMS_SHOWN = 6
DONE_STATES = (RunState.DONE, RunState.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that is a link to exactly the records it counts."""

    code: str
    label: str
    count: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCard:
    """One kind: its mode and where its records stand. ``agree`` of ``relevant`` are in agreement."""

    sides: Sides
    figures: Sequence[Figure]
    total: int
    url: str
    agree: int
    relevant: int

    @property
    def means(self) -> str:
        return MODE_MEANS[self.sides.mode]

    @property
    def percent(self) -> int:
        """Rounded down, so that it says 100 only when everything agrees."""
        return 100 * self.agree // self.relevant if self.relevant else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the set-up list. The first that isn't ``done`` is the one to do now."""

    title: str
    text: str
    url: str
    button: str
    done: bool
    now: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    connections: Sequence[tuple[str, Connection | None]]
    flows: Sequence[FlowCard]
    steps: Sequence[Step]
    problems: Sequence[Card]
    problem_count: int
    healing: int
    causes: Sequence[Cause]
    reviews: int
    open_run: Run | None
    last_run: Run | None
    lags: Sequence[Lag]
    costs: Sequence[Cost]

    @property
    def steps_done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def set_up(self) -> bool:
        return self.steps_done == len(self.steps)

    @property
    def ready(self) -> bool:
        """Whether both systems are connected, so that a sync can be started."""
        return all(
            item is not None and item.state == ConnectionState.CONNECTED for _, item in self.connections
        )

    @property
    def has_read(self) -> bool:
        return any(card.total for card in self.flows)


def overview(practice: Practice, *, plan_seen: bool) -> Overview:
    """A fixed number of queries, whatever the practice holds."""
    sides = sides_of(practice)
    first = sides[Kind.CONTACT]
    runs = list(
        Run.objects.filter(practice=practice)
        .exclude(purpose=Purpose.LIVE)
        .select_related("actor")
        .order_by("-queued_at", "-pk")[:2]
    )
    open_run = next((run for run in runs if run.is_open), None)
    last_run = next((run for run in runs if not run.is_open), None)
    problems, problem_count, healing = home_problems(practice, PROBLEMS_SHOWN)
    on_desk = codes_on_desk(practice)
    connections = ((first.source_name, first.source), (first.target_name, first.target))
    return Overview(
        connections=connections,
        flows=_flow_cards(practice, sides),
        steps=_steps(practice, sides, has_run=_has_run(practice, last_run), plan_seen=plan_seen),
        problems=problems,
        problem_count=problem_count,
        healing=healing,
        causes=sorted(
            (
                cause
                for cause in causes(open_groups(practice))
                if cause.needs_somebody and cause.code != REVIEWED and (cause.kind, cause.code) not in on_desk
            ),
            key=lambda cause: cause.follows,
        ),
        reviews=Review.objects.filter(practice=practice, state=ReviewState.OPEN).count(),
        open_run=open_run,
        last_run=last_run,
        lags=lags(practice, timezone.now()),
        costs=of_sync(practice),
    )


def _has_run(practice: Practice, last_run: Run | None) -> bool:
    if last_run is not None and last_run.state in DONE_STATES:
        return True
    return Run.objects.filter(practice=practice, state__in=DONE_STATES).exists()


def _flow_cards(practice: Practice, sides: Mapping[Kind, Sides]) -> list[FlowCard]:
    sources = {item.source.pk for item in sides.values() if item.source}
    rows = (
        Snapshot.objects.filter(connection__in=sources, kind__in=SYNCED_KINDS)
        .order_by()
        .values_list("kind", "standing", "standing_reason")
        .annotate(n=Count("*"))
    )
    numbers: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for kind, standing, reason, count in rows:
        numbers[kind][_code(standing, reason)] += count
    return [_flow_card(practice, item, numbers[kind]) for kind, item in sides.items()]


def _flow_card(practice: Practice, sides: Sides, numbers: Mapping[str, int]) -> FlowCard:
    url = reverse(LIST_PAGES[sides.kind], kwargs={"slug": practice.slug})
    figures = [
        Figure(code, label, numbers.get(code, 0), f"{url}?standing={code}")
        for code, label in STANDINGS
        if numbers.get(code) or code in {Standing.IN_SYNC, READY, ASKS}
    ]
    total = sum(numbers.values())
    return FlowCard(
        sides=sides,
        figures=figures,
        total=total,
        url=url,
        agree=numbers.get(Standing.IN_SYNC, 0),
        relevant=total - numbers.get(Standing.FILTERED, 0) - numbers.get(LEFT, 0),
    )


def _code(standing: str, reason: str) -> str:
    if standing == Standing.HELD:
        return next((code for code, held in HELD_BY_MODE.items() if held == reason), ASKS)
    return standing or UNPLANNED


def _steps(practice: Practice, sides: Mapping[Kind, Sides], *, has_run: bool, plan_seen: bool) -> list[Step]:
    first = sides[Kind.CONTACT]
    writing = any(item.mode != Mode.WATCH for item in sides.values())
    slug = {"slug": practice.slug}
    links = {name: reverse(name, kwargs=slug) for name in ("connections", "mapping", "plan", "activity")}
    checked = (
        writing
        or MappingSet.objects.filter(
            practice=practice, state=SetState.PUBLISHED, created_by__isnull=False
        ).exists()
    )
    plain = (
        (
            f"Connect {first.source_name}",
            "With an API key or by logging in. Only reads.",
            links["connections"],
            "Connect",
            _usable(first.source),
        ),
        (
            f"Connect {first.target_name}",
            "You choose the organisation. Nothing is written to it yet.",
            links["connections"],
            "Connect",
            _usable(first.target),
        ),
        (
            "Read both systems",
            "Starts by itself once both are connected, and takes a few minutes.",
            links["activity"],
            "See activity",
            has_run,
        ),
        (
            "Check the mapping",
            f"Accounts and tax types are suggested from {first.target_name}'s own. Look once, then save.",
            links["mapping"],
            "Check",
            has_run and checked,
        ),
        (
            "Look at the plan",
            "What would be written, record by record, before it is.",
            links["plan"],
            "Look",
            writing or (has_run and plan_seen),
        ),
        (
            "Switch writing on",
            "One kind at a time. You can go back with one click.",
            links["plan"],
            "Choose",
            writing,
        ),
    )
    current = next((index for index, row in enumerate(plain) if not row[4]), len(plain))
    return [
        Step(title=title, text=text, url=url, button=button, done=done, now=index == current)
        for index, (title, text, url, button, done) in enumerate(plain)
    ]


def _usable(connection: Connection | None) -> bool:
    return connection is not None and connection.state != ConnectionState.DISCONNECTED
