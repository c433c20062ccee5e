"""What the support team sees of reported changes, and looking at them again: audited, under their own name."""

from collections import defaultdict

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from practices.models import Practice
from practices.record_admin import RecordAdmin
from practices.support import acting
from sync import replay
from sync.models import Event


@admin.register(Event)
class EventAdmin(RecordAdmin):
    list_display = (
        "id",
        "practice",
        "connection",
        "kind",
        "action",
        "external_id",
        "state",
        "received_at",
        "handled_at",
        "repeats",
        "replays",
    )
    list_filter = ("state", "connection__provider", "kind", "source")
    list_select_related = ("practice", "connection")
    ordering = ("-pk",)
    exact_fields = ("external_id", "provider_event_id", "pk")
    actions = ("look_again",)

    @admin.action(description="Look again at what they report", permissions=["view"])
    def look_again(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        """Practice by practice. What waits anyway, and what came from an ended connection, stays as it is."""
        by_practice: dict[int, list[int]] = defaultdict(list)
        for practice_id, pk in queryset.values_list("practice_id", "pk"):
            by_practice[practice_id].append(pk)
        moved = 0
        for practice in Practice.objects.filter(pk__in=by_practice).order_by("pk"):
            chosen = Event.objects.filter(pk__in=by_practice[practice.pk])
            moved += replay.again(practice, chosen, actor=acting(request), what="chosen by the support team")
        self.message_user(request, f"{moved} {'is' if moved == 1 else 'are'} looked at again.")
