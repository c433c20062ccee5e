"""What the support team sees of mappings. Versions are immutable, so there is nothing to do but look."""

from django.contrib import admin

from mappings.models import MappingSet, ValueMap
from practices.record_admin import RecordAdmin


@admin.register(MappingSet)
class MappingSetAdmin(RecordAdmin):
    list_display = ("practice", "version", "state", "source", "target", "note", "created_by", "published_at")
    list_display_links = ("version",)
    list_filter = ("state", "source", "target")
    list_select_related = ("practice", "created_by")
    ordering = ("-pk",)
    exact_fields = ("pk",)


@admin.register(ValueMap)
class ValueMapAdmin(RecordAdmin):
    list_display = ("practice", "version", "state", "table", "source_value", "target_value")
    list_display_links = ("source_value",)
    list_filter = ("table", "mapping_set__state")
    list_select_related = ("practice", "mapping_set")
    ordering = ("-pk",)
    exact_fields = ("source_value", "target_value")

    @admin.display(description="version")
    def version(self, row: ValueMap) -> int:
        return row.mapping_set.version

    @admin.display(description="state")
    def state(self, row: ValueMap) -> str:
        return row.mapping_set.get_state_display()
