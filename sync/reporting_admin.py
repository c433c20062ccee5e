"""What the support team sees around the report: schedules, views, mails, notes, verdicts and closed months."""

from django.contrib import admin

from practices.record_admin import RecordAdmin
from sync.models import (
    CompareSchedule,
    MismatchNote,
    PairVerdict,
    ReportMail,
    ReportRecipient,
    ReportSchedule,
    SavedView,
    SignOff,
)


@admin.register(CompareSchedule)
class CompareScheduleAdmin(RecordAdmin):
    list_display = ("practice", "cadence", "weekday", "monthday", "hour", "after_sync", "next_at")
    list_display_links = ("cadence",)
    list_filter = ("cadence", "after_sync")
    list_select_related = ("practice",)
    ordering = ("-pk",)
    exact_fields = ("pk",)


@admin.register(SavedView)
class SavedViewAdmin(RecordAdmin):
    list_display = ("practice", "name", "owner", "is_shared", "created_at")
    list_display_links = ("name",)
    list_filter = ("is_shared",)
    list_select_related = ("practice", "owner")
    ordering = ("-pk",)
    exact_fields = ("pk",)


@admin.register(ReportSchedule)
class ReportScheduleAdmin(RecordAdmin):
    list_display = ("practice", "view", "cadence", "hour", "format", "made_by", "next_at")
    list_display_links = ("view",)
    list_filter = ("cadence", "format")
    list_select_related = ("practice", "view", "made_by")
    ordering = ("-pk",)
    exact_fields = ("pk",)


@admin.register(ReportRecipient)
class ReportRecipientAdmin(RecordAdmin):
    list_display = ("practice", "schedule", "user")
    list_display_links = ("schedule",)
    list_select_related = ("practice", "schedule__view", "user")
    ordering = ("-pk",)
    exact_fields = ("pk",)


@admin.register(ReportMail)
class ReportMailAdmin(RecordAdmin):
    list_display = ("practice", "schedule", "to", "due_at", "attempts", "sent_at", "given_up_at", "message")
    list_display_links = ("due_at",)
    list_select_related = ("practice", "schedule__view", "to")
    ordering = ("-pk",)
    exact_fields = ("pk",)


@admin.register(MismatchNote)
class MismatchNoteAdmin(RecordAdmin):
    list_display = ("practice", "mismatch", "author", "text", "created_at")
    list_display_links = ("text",)
    list_select_related = ("practice", "mismatch", "author")
    ordering = ("-pk",)
    exact_fields = ("pk",)


@admin.register(PairVerdict)
class PairVerdictAdmin(RecordAdmin):
    list_display = (
        "practice",
        "kind",
        "left_external_id",
        "right_external_id",
        "verdict",
        "decided_by",
        "decided_at",
    )
    list_display_links = ("left_external_id",)
    list_filter = ("verdict", "kind")
    list_select_related = ("practice", "decided_by")
    ordering = ("-pk",)
    exact_fields = ("left_external_id", "right_external_id")


@admin.register(SignOff)
class SignOffAdmin(RecordAdmin):
    list_display = ("practice", "starts_on", "ends_on", "signed_by", "signed_at", "withdrawn_at", "note")
    list_display_links = ("starts_on",)
    list_select_related = ("practice", "signed_by")
    ordering = ("-pk",)
    exact_fields = ("pk",)
