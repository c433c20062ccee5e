"""What the support team sees of rehearsals."""

from django.contrib import admin

from practices.record_admin import RecordAdmin
from sync.models import Rehearsal, RehearsalRow


@admin.register(Rehearsal)
class RehearsalAdmin(RecordAdmin):
    list_display = ("practice", "draft_version", "state", "days", "total", "asked_by", "asked_at", "ended_at")
    list_display_links = ("draft_version",)
    list_filter = ("state",)
    list_select_related = ("practice", "asked_by")
    ordering = ("-pk",)
    exact_fields = ("pk",)


@admin.register(RehearsalRow)
class RehearsalRowAdmin(RecordAdmin):
    list_display = ("practice", "rehearsal", "kind", "title", "before", "after", "is_written")
    list_display_links = ("title",)
    list_filter = ("kind", "after", "is_written")
    list_select_related = ("practice", "rehearsal")
    ordering = ("-pk",)
    exact_fields = ("source_external_id",)
