"""What the support team sees of incidents: read only, with a way to the records behind each."""

from urllib.parse import urlencode

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from practices.record_admin import RecordAdmin
from sync.incidents import causes
from sync.incidents.records import CHANGES, SNAPSHOTS, is_parked, sort_of
from sync.models import ChangeState, Incident


@admin.register(Incident)
class IncidentAdmin(RecordAdmin):
    list_display = (
        "id",
        "practice",
        "title",
        "cause",
        "subject",
        "severity",
        "state",
        "heals",
        "count",
        "amount",
        "currency",
        "records",
        "opened_at",
        "resolved_at",
        "resolution",
    )
    list_display_links = ("id", "title")
    list_filter = (
        "state",
        "severity",
        "heals",
        "resolution",
        "cause",
        ("practice", admin.RelatedOnlyFieldListFilter),
        "connection__provider",
    )
    list_select_related = ("practice",)
    ordering = ("-pk",)
    exact_fields = ("pk", "cause", "subject")

    @admin.display(description="Records")
    def records(self, incident: Incident) -> SafeString | str:
        """A link to the list that its records are in, narrowed as far as that list can be."""
        url = records_url(incident)
        return format_html('<a href="{}">see</a>', url) if url else "-"


def records_url(incident: Incident) -> str:
    sort = sort_of(incident)
    query = {"q": incident.practice.slug}
    if incident.kind:
        query["kind__exact"] = incident.kind
    if sort == SNAPSHOTS:
        return f"{reverse('admin:sync_snapshot_changelist')}?{urlencode(query)}"
    if sort != CHANGES:
        return ""
    if is_parked(incident):
        query["state__exact"] = ChangeState.PARKED
        query["parked_as__exact"] = incident.cause.partition(".")[0]
    elif incident.cause in {causes.TROUBLE, causes.RECONNECT}:
        query["state__exact"] = ChangeState.PENDING
    else:
        query["state__exact"] = ChangeState.HELD
    return f"{reverse('admin:sync_change_changelist')}?{urlencode(query)}"
