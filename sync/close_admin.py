"""What the support team sees of months that were worked out, and of earlier versions of records."""

from django.contrib import admin

from practices.record_admin import RecordAdmin
from sync.models import MonthFigures, PastRecord, Workings


@admin.register(Workings)
class WorkingsAdmin(RecordAdmin):
    list_display = ("practice", "asked_at", "claimed_at", "made_at", "run", "message")
    list_display_links = ("practice",)
    list_select_related = ("practice", "run")
    ordering = ("-pk",)
    exact_fields = ("pk",)


@admin.register(MonthFigures)
class MonthFiguresAdmin(RecordAdmin):
    list_display = ("practice", "month", "made_at")
    list_display_links = ("month",)
    list_select_related = ("practice",)
    ordering = ("-pk",)
    exact_fields = ("pk",)


@admin.register(PastRecord)
class PastRecordAdmin(RecordAdmin):
    list_display = ("practice", "snapshot", "since", "until", "gone_at")
    list_display_links = ("snapshot",)
    list_select_related = ("practice", "snapshot")
    ordering = ("-pk",)
    exact_fields = ("pk", "snapshot__external_id")
