"""What the support team sees of requests for approval and of rules: read only."""

from django.contrib import admin

from practices.record_admin import RecordAdmin
from sync.models import Approval, Notice, RuleUse, Told


@admin.register(Approval)
class ApprovalAdmin(RecordAdmin):
    list_display = (
        "id",
        "practice",
        "change",
        "state",
        "asked_by",
        "asked_at",
        "expires_at",
        "decided_by",
        "decided_at",
        "note",
        "told_at",
    )
    list_filter = ("state", "own_allowed", ("practice", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("practice", "change", "asked_by", "decided_by")
    ordering = ("-pk",)
    exact_fields = ("pk", "change__pk", "change__natural_key")


@admin.register(Notice)
class NoticeAdmin(RecordAdmin):
    list_display = ("id", "practice", "rule_name", "change", "text", "made_at", "told_at")
    list_filter = (("practice", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("practice", "change")
    ordering = ("-pk",)
    exact_fields = ("pk", "rule_key", "change__pk")


@admin.register(RuleUse)
class RuleUseAdmin(RecordAdmin):
    list_display = ("id", "practice", "rule_key", "records", "skipped", "held", "counted_at")
    list_filter = (("practice", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("practice",)
    ordering = ("-pk",)
    exact_fields = ("pk", "rule_key")


@admin.register(Told)
class ToldAdmin(RecordAdmin):
    list_display = ("id", "practice", "user", "due_upto", "upto", "sent_at", "not_before", "tries")
    list_filter = (("practice", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("practice", "user")
    ordering = ("-pk",)
    exact_fields = ("pk",)
