"""What the support team sees of comparisons and what they found."""

from django.contrib import admin

from practices.record_admin import RecordAdmin
from sync.models import Mismatch, ReconcileRun


@admin.register(ReconcileRun)
class ReconcileRunAdmin(RecordAdmin):
    list_display = ("practice", "started_at", "trigger", "actor", "found", "fresh", "fixed", "reopened")
    list_display_links = ("started_at",)
    list_filter = ("trigger",)
    list_select_related = ("practice", "actor")
    ordering = ("-pk",)
    exact_fields = ("pk",)


@admin.register(Mismatch)
class MismatchAdmin(RecordAdmin):
    list_display = (
        "practice",
        "kind",
        "client",
        "state",
        "at_stake",
        "currency",
        "first_seen_at",
        "last_seen_at",
    )
    list_display_links = ("kind",)
    list_filter = ("state", "kind")
    list_select_related = ("practice",)
    ordering = ("-pk",)
    exact_fields = ("fingerprint",)
