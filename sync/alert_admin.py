"""What the support team sees of alerts: who was told what and when, never the addresses themselves."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from practices.record_admin import RecordAdmin
from sync.models import Alert, Channel, Delivery


@admin.register(Channel)
class ChannelAdmin(RecordAdmin):
    list_display = (
        "practice",
        "name",
        "kind",
        "shown",
        "is_on",
        "muted_until",
        "severity",
        "digest",
        "last_sent_at",
        "failing_since",
        "last_error",
    )
    list_display_links = ("name",)
    list_filter = ("kind", "is_on", "digest")
    list_select_related = ("practice",)
    ordering = ("practice", "pk")
    exact_fields = ("pk",)
    secret_fields: ClassVar[tuple[str, ...]] = ("address",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        # Not even decrypted: one address that no key opens must not take the page down.
        rows: QuerySet[Channel] = super().get_queryset(request).defer("address")
        return rows


@admin.register(Alert)
class AlertAdmin(RecordAdmin):
    list_display = (
        "id",
        "practice",
        "event",
        "severity",
        "title",
        "count",
        "amount",
        "currency",
        "created_at",
        "over_at",
    )
    list_filter = ("event", "severity")
    list_select_related = ("practice",)
    ordering = ("-pk",)
    exact_fields = ("pk", "key", "incident__pk")


@admin.register(Delivery)
class DeliveryAdmin(RecordAdmin):
    list_display = (
        "id",
        "practice",
        "alert",
        "channel",
        "state",
        "tries",
        "status",
        "message",
        "not_before",
        "claimed_at",
        "sent_at",
    )
    list_filter = ("state", "channel__kind")
    list_select_related = ("practice", "alert", "channel")
    ordering = ("-pk",)
    exact_fields = ("pk", "alert__key", "channel__pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rows: QuerySet[Delivery] = super().get_queryset(request)
        return rows.select_related("practice", "alert", "channel").defer("channel__address")
