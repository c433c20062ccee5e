"""What the support team sees of syncing, and the few things it may do: audited, each under their own name."""

from collections import defaultdict

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from practices import audit
from practices.models import Practice
from practices.record_admin import RecordAdmin
from practices.support import acting
from sync import decisions, runs
from sync.alert_admin import AlertAdmin, ChannelAdmin, DeliveryAdmin  # noqa: F401  register themselves
from sync.approval_admin import ApprovalAdmin, NoticeAdmin, RuleUseAdmin, ToldAdmin  # noqa: F401  the same
from sync.close_admin import WorkingsAdmin  # noqa: F401  registers itself and its neighbours
from sync.event_admin import EventAdmin  # noqa: F401  registers itself
from sync.incident_admin import IncidentAdmin  # noqa: F401  registers itself
from sync.models import (
    Attempt,
    Budget,
    Change,
    ChangeState,
    Cursor,
    Flow,
    Link,
    ParkedAs,
    Review,
    ReviewState,
    Run,
    Snapshot,
    Trigger,
)
from sync.reconcile_admin import MismatchAdmin, ReconcileRunAdmin  # noqa: F401  register themselves
from sync.rehearsal_admin import RehearsalAdmin, RehearsalRowAdmin  # noqa: F401  register themselves
from sync.reporting_admin import SavedViewAdmin  # noqa: F401  registers itself and its neighbours

PARKED_BY_SUPPORT = "Stopped by the support team. It is not sent before someone retries it."


@admin.register(Flow)
class FlowAdmin(RecordAdmin):
    list_display = ("practice", "source", "target", "kind", "mode", "changed_at", "changed_by")
    list_display_links = ("kind",)
    list_filter = ("mode", "kind", "source", "target")
    list_select_related = ("practice", "changed_by")
    ordering = ("practice", "pk")
    exact_fields = ("pk",)


@admin.register(Cursor)
class CursorAdmin(RecordAdmin):
    list_display = ("practice", "connection", "kind", "variant", "since", "completed_at", "full_completed_at")
    list_display_links = ("kind",)
    list_filter = ("connection__provider", "kind")
    list_select_related = ("practice", "connection")
    ordering = ("-pk",)
    exact_fields = ("pk", "connection__tenant_external_id")


@admin.register(Snapshot)
class SnapshotAdmin(RecordAdmin):
    list_display = (
        "practice",
        "connection",
        "kind",
        "title",
        "external_id",
        "status",
        "date",
        "amount",
        "currency",
        "standing",
        "received_at",
    )
    list_display_links = ("external_id",)
    list_filter = ("connection__provider", "kind", "standing")
    list_select_related = ("practice", "connection")
    ordering = ("-pk",)
    exact_fields = ("external_id", "party_external_id", "number", "reference", "email")


@admin.register(Link)
class LinkAdmin(RecordAdmin):
    list_display = (
        "practice",
        "kind",
        "source_external_id",
        "target_external_id",
        "method",
        "confidence",
        "confirmed_by",
        "created_at",
    )
    list_display_links = ("source_external_id",)
    list_filter = ("kind", "method", "target_connection__provider")
    list_select_related = ("practice", "confirmed_by")
    ordering = ("-pk",)
    exact_fields = ("source_external_id", "target_external_id")


@admin.register(Review)
class ReviewAdmin(RecordAdmin):
    list_display = ("practice", "kind", "title", "source_external_id", "state", "decided_by", "decided_at")
    list_display_links = ("title",)
    list_filter = ("state", "kind", "source_connection__provider")
    list_select_related = ("practice", "decided_by")
    ordering = ("-pk",)
    exact_fields = ("source_external_id", "chosen_external_id")
    actions = ("reopen",)

    @admin.action(description="Reopen", permissions=["view"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        """Take decisions back; those that can't be are named."""
        reopened = 0
        for review in queryset.exclude(state=ReviewState.OPEN).select_related("practice"):
            try:
                decisions.decide_review(review, actor=acting(request), choice="reopen")
                reopened += 1
            except decisions.NotAllowed as refusal:
                self.message_user(request, f"{review.title}: {refusal}", messages.ERROR)
        self.message_user(request, f"Reopened {reopened}.")


@admin.register(Run)
class RunAdmin(RecordAdmin):
    list_display = (
        "id",
        "practice",
        "trigger",
        "actor",
        "state",
        "stage",
        "queued_at",
        "started_at",
        "finished_at",
        "mapping_version",
    )
    list_filter = ("state", "trigger")
    list_select_related = ("practice", "actor")
    ordering = ("-pk",)
    exact_fields = ("pk",)
    actions = ("queue_a_sync",)

    @admin.action(description="Queue a sync for their practices", permissions=["view"])
    def queue_a_sync(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """One sync for each practice of the chosen runs; an open one is left to go on."""
        practices = {run.practice_id: run.practice for run in queryset.select_related("practice")}
        for practice in practices.values():
            with transaction.atomic():
                run = runs.start(practice, trigger=Trigger.PERSON, actor=acting(request))
                audit.record(practice, acting(request), "run.queued", "Support queued a sync", object=run)
        self.message_user(request, f"Queued a sync for {_count(len(practices), 'practice')}.")


@admin.register(Change)
class ChangeAdmin(RecordAdmin):
    list_display = (
        "id",
        "practice",
        "kind",
        "verb",
        "title",
        "state",
        "parked_as",
        "reason",
        "amount",
        "currency",
        "tries",
        "created_at",
    )
    list_filter = ("state", "parked_as", "kind", "verb", "connection__provider")
    list_select_related = ("practice",)
    ordering = ("-pk",)
    exact_fields = ("source_external_id", "target_external_id", "natural_key", "key", "pk")
    actions = ("retry", "park")

    @admin.action(description="Retry (parked → waiting to be sent)", permissions=["view"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Change]) -> None:
        """Send parked Changes again, practice by practice, so that each of them is planned for."""
        by_practice: dict[int, list[int]] = defaultdict(list)
        parked = queryset.filter(state=ChangeState.PARKED)
        for practice_id, pk in parked.order_by("practice_id", "pk").values_list("practice_id", "pk"):
            by_practice[practice_id].append(pk)
        retried = 0
        practices = Practice.objects.in_bulk(list(by_practice))
        for practice_id, change_ids in by_practice.items():
            try:
                retried += decisions.retry(change_ids, practice=practices[practice_id], actor=acting(request))
            except decisions.NotAllowed as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
        self.message_user(request, f"Retrying {_count(retried, 'change')}; only parked ones can be.")

    @admin.action(description="Park (waiting to be sent → needs attention)", permissions=["view"])
    def park(self, request: HttpRequest, queryset: QuerySet[Change]) -> None:
        """Stop Changes that are waiting to be sent. What is being sent right now is not touched."""
        parked = 0
        for change in queryset.filter(state=ChangeState.PENDING).select_related("practice"):
            with transaction.atomic():
                moved = Change.objects.filter(pk=change.pk, state=ChangeState.PENDING).update(
                    state=ChangeState.PARKED,
                    parked_as=ParkedAs.INTERNAL,
                    reason="support",
                    message=PARKED_BY_SUPPORT,
                )
                if moved:
                    audit.record(
                        change.practice,
                        acting(request),
                        "change.parked",
                        f"Support parked: {change}",
                        object=change,
                    )
                    parked += 1
        self.message_user(
            request, f"Parked {_count(parked, 'change')}; only those waiting to be sent can be."
        )


@admin.register(Attempt)
class AttemptAdmin(RecordAdmin):
    list_display = (
        "id",
        "practice",
        "kind",
        "verb",
        "started_at",
        "ms",
        "result",
        "status",
        "error",
        "request_id",
    )
    list_filter = ("result", "kind", "connection__provider")
    list_select_related = ("practice",)
    ordering = ("-pk",)
    exact_fields = ("request_id", "idempotency_key", "pk")


@admin.register(Budget)
class BudgetAdmin(RecordAdmin):
    list_display = (
        "practice",
        "connection",
        "day",
        "calls",
        "writes",
        "window_left",
        "day_left",
        "updated_at",
    )
    list_display_links = ("day",)
    list_filter = ("connection__provider",)
    list_select_related = ("practice", "connection")
    ordering = ("-day", "-pk")
    exact_fields = ("pk", "connection__tenant_external_id")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
