"""What the support team sees of mappings. Versions are immutable; a practice's draft can be edited and published."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mappings import drafts, services
from mappings.differences import differences
from mappings.draft_admin import DraftForm
from mappings.models import MappingSet, SetState, ValueMap
from mappings.sides import TargetView
from mappings.spec import Choices, choices_from_json
from practices.admin_base import is_support
from practices.record_admin import RecordAdmin


@admin.register(MappingSet)
class MappingSetAdmin(RecordAdmin):
    """Drafts have a form and an action; everything else is only looked at."""

    list_display = (
        "practice",
        "version",
        "state",
        "source",
        "target",
        "note",
        "created_by",
        "changed_at",
        "published_at",
    )
    list_display_links = ("version",)
    list_filter = ("state", "source", "target")
    list_select_related = ("practice", "created_by")
    ordering = ("-pk",)
    exact_fields = ("pk",)
    actions = ("publish_drafts",)
    form = DraftForm

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_support(request) and obj is not None and obj.state == SetState.DRAFT

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        shown = ["in_words", *super().get_fields(request, obj)]
        if self.has_change_permission(request, obj):
            return [
                *(item for item in shown if _name(item) not in {"choices", "revision"}),
                "choices",
                "revision",
            ]
        return shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields = self.get_fields(request, obj)
        if self.has_change_permission(request, obj):
            return [item for item in fields if item not in ("choices", "revision")]
        return fields

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Through the same door as the practice's own pages: audited, and refused when somebody was quicker."""
        drafts.save(
            obj.practice,
            choices_from_json(form.cleaned_data["choices"]),
            actor=request.user,  # type: ignore[arg-type]  # support is logged in
            what="by the support team",
            expected=form.cleaned_data["revision"],
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except services.Outdated:
            said = "Somebody saved the draft in the meantime, so nothing was saved."
            self.message_user(request, said, messages.ERROR)
            return redirect("admin:mappings_mappingset_changelist")

    @admin.display(description="in words")
    def in_words(self, row: MappingSet) -> SafeString:
        """Everything that is not at its default, rules as sentences."""
        changed = differences(Choices(), choices_from_json(row.choices), TargetView())
        rows = ((item.section, item.label, item.new) for item in changed)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}, {}: {}</li>", rows))

    @admin.action(description="Publish this draft", permissions=["view"])
    def publish_drafts(self, request: HttpRequest, queryset: QuerySet[MappingSet]) -> None:
        for row in queryset.select_related("practice"):
            self._publish(request, row)

    def _publish(self, request: HttpRequest, row: MappingSet) -> None:
        if row.state != SetState.DRAFT:
            said = f"{row.practice}: version {row.version} is no draft."
            self.message_user(request, said, messages.WARNING)
            return
        try:
            made = drafts.publish(
                row.practice,
                actor=request.user,  # type: ignore[arg-type]  # support is logged in
                note="Published by the support team",
                expected=row.revision,
            )
        except drafts.Unfit as unfit:
            self.message_user(request, f"{row.practice}: {' '.join(unfit.problems)}", messages.ERROR)
        except services.Outdated as outdated:
            self.message_user(request, f"{row.practice}: {outdated}.", messages.ERROR)
        else:
            self.message_user(
                request, f"{row.practice}: version {made.version} is in force.", messages.SUCCESS
            )


def _name(item: Any) -> str:
    return item if isinstance(item, str) else item.__name__


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
