"""Reading what decides about causes: a fixed number of queries, whatever the practice holds."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    DecimalField,
    Min,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Least, Left, NullIf, StrIndex

from practices.features import missing_features
from practices.models import AuthKind, Connection, ConnectionState, Practice
from sync import budget, schedule, throttle
from sync.incidents.causes import BY_MODE, WITHOUT_CHANGE, ConnectionFacts, Facts, Pile, RunFacts
from sync.incidents.subjects import OWN_FIGURES, TOLD_APART
from sync.models import (
    OPEN_CHANGE_STATES,
    OPEN_RUN_STATES,
    SYNCED_KINDS,
    Budget,
    Change,
    ChangeState,
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

MOST_SAID = 501
"""One more than a message holds."""
_SAID = Left(
    "message",
    Coalesce(
        Least(*(NullIf(StrIndex("message", Value(words)), Value(0)) for words in OWN_FIGURES)),
        Value(MOST_SAID),
    )
    - Value(1),
)
"""A held record's message without the part that is about this one record."""
_TAX = Cast(KT("values__tax"), DecimalField(max_digits=18, decimal_places=2))
_IS_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"


UNSENT = (ChangeState.PENDING, ChangeState.IN_FLIGHT)
TRIED_AGAIN = Q(state=ChangeState.PENDING, tries__gt=0) | (
    Q(state=ChangeState.IN_FLIGHT) & (Q(tries__gt=1) | Q(look_up_first=True))
)
"""Changes that were tried without a clear end and are tried again by themselves."""


def gather(practice: Practice, now: datetime) -> Facts:
    """What is true of a practice at ``now``."""
    connections = list(
        Connection.objects.filter(practice=practice)
        .exclude(state=ConnectionState.DISCONNECTED)
        .select_related("grant")
        .defer("grant__secret")
        .order_by("pk")
    )
    return Facts(
        base_currency=practice.base_currency,
        connections=_connections(connections, now),
        piles=_piles(practice),
        waiting_records=_waiting_records(practice, connections),
        unreadable=_unreadable(practice, connections),
        reviews=_reviews(practice),
        open_runs=_open_runs(practice),
        ended_runs=_ended_runs(practice, connections),
        overdue_since=schedule.overdue(practice, now),
    )


def _connections(connections: Sequence[Connection], now: datetime) -> list[ConnectionFacts]:
    day = now.astimezone(UTC).date()
    spent = {row.connection_id: row for row in Budget.objects.filter(connection__in=connections, day=day)}
    return [_connection(item, spent.get(item.pk)) for item in connections]


def _connection(connection: Connection, row: Budget | None) -> ConnectionFacts:
    grant = connection.grant
    unused = grant is not None and grant.auth_kind == AuthKind.OAUTH2
    limits, spent = budget.limits_of(connection.provider), budget.spent_of(row)
    return ConnectionFacts(
        pk=connection.pk,
        provider=connection.provider,
        state=connection.state,
        resumes_at=connection.resumes_at,
        renewed_at=(grant.refreshed_at or grant.created_at) if grant is not None and unused else None,
        missing=tuple(missing_features(connection)),
        day_left=throttle.day_left(limits, spent) if row is not None else None,
        day_limit=throttle.day_limit(limits, spent),
    )


def _piles(practice: Practice) -> list[Pile]:
    """Open Changes, grouped in the database by what they wait for."""
    rows: QuerySet[Any, Any] = (
        Change.objects.filter(practice=practice)
        .filter(state__in=OPEN_CHANGE_STATES)
        .exclude(reason__in=sorted(BY_MODE))
        .order_by()
        .annotate(
            told=Case(
                When(state=ChangeState.HELD, reason__in=TOLD_APART, then=_SAID),
                default=Value(""),
                output_field=CharField(),
            ),
            again=Case(When(TRIED_AGAIN, then=Value(True)), default=Value(False)),
            gst=Case(
                When(
                    Q(state__in=[ChangeState.PARKED, ChangeState.HELD], kind=Kind.INVOICE)
                    & Q(values__tax__regex=_IS_NUMBER),
                    then=_TAX,
                )
            ),
        )
        .values_list(
            "connection_id",
            "kind",
            "state",
            "reason",
            "parked_as",
            "currency",
            "flow__mode",
            "told",
            "again",
        )
        .annotate(n=Count("pk"), total=Sum("amount"), tax=Sum("gst"), soonest=Min("not_before"))
    )
    return [
        Pile(
            connection=connection,
            kind=kind,
            state=state,
            reason=reason,
            parked_as=parked_as,
            said=told.strip(),
            tried=again,
            watched=mode == Mode.WATCH,
            currency=currency,
            count=count,
            amount=amount,
            tax=tax,
            next_at=soonest if again else None,
        )
        for connection, kind, state, reason, parked_as, currency, mode, told, again, count, amount, tax, soonest in rows
    ]


def _waiting_records(practice: Practice, connections: Sequence[Connection]) -> list[Pile]:
    """Records that wait for a person without anything planned to be sent."""
    rows = (
        Snapshot.objects.filter(
            practice=practice, connection__in=connections, kind__in=SYNCED_KINDS, standing=Standing.HELD
        )
        .filter(standing_reason__in=WITHOUT_CHANGE)
        .order_by()
        .values_list("connection_id", "kind", "standing_reason", "currency")
        .annotate(n=Count("pk"), total=Sum("amount"))
    )
    return [
        Pile(
            connection=connection,
            kind=kind,
            state="held",
            reason=reason,
            currency=currency,
            count=count,
            amount=_cents(amount),
        )
        for connection, kind, reason, currency, count, amount in rows
    ]


def _cents(amount: Decimal | None) -> Decimal | None:
    return amount.quantize(Decimal("0.01")) if amount is not None else None


def _unreadable(practice: Practice, connections: Sequence[Connection]) -> list[tuple[int, str, int]]:
    rows = Snapshot.objects.filter(practice=practice, connection__in=connections, gone_at=None)
    counted = rows.exclude(problem="").order_by().values_list("connection_id", "kind").annotate(n=Count("pk"))
    return [(connection, kind, count) for connection, kind, count in counted]


def _reviews(practice: Practice) -> list[tuple[int, str, int]]:
    rows = Review.objects.filter(practice=practice, state=ReviewState.OPEN).order_by()
    counted = rows.values_list("target_connection_id", "kind").annotate(n=Count("pk"))
    return [(connection, kind, count) for connection, kind, count in counted]


def _open_runs(practice: Practice) -> list[RunFacts]:
    rows = Run.objects.filter(practice=practice, state__in=OPEN_RUN_STATES)
    return [_run(run, None) for run in rows]


def _ended_runs(practice: Practice, connections: Sequence[Connection]) -> list[RunFacts]:
    """The last run that ended, of the regular ones and of the live ones, where it failed."""
    rows = Run.objects.filter(practice=practice).exclude(state__in=OPEN_RUN_STATES)
    ended = rows.order_by("-queued_at", "-pk")
    regular = ended.exclude(purpose=Purpose.LIVE).first()
    live = ended.filter(purpose=Purpose.LIVE).first()
    again = None
    if regular is not None and connections and all(item.is_usable for item in connections):
        again = regular.queued_at + schedule.interval(regular.quiet, share_left=1.0)
    failed = [run for run in (regular, live) if run is not None and run.state == RunState.FAILED]
    return [_run(run, again) for run in failed]


def _run(run: Run, again_at: datetime | None) -> RunFacts:
    failures = int(run.progress.get("failures") or 0)
    stage = run.stage
    if not stage and failures:  # a live run has no stages
        stage = f"read {run.progress.get('troubled', '')}"
    return RunFacts(
        state=run.state,
        stage=stage,
        failures=failures,
        message=run.message,
        resumes_at=run.resumes_at,
        again_at=again_at,
    )
