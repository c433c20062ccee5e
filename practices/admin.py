"""The support team's view of people, practices, connections and the audit trail."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from practices import invitations
from practices.admin_base import ReadOnlyAdmin, is_support, support_login
from practices.models import (
    AuditEntry,
    Connection,
    ConnectionState,
    Grant,
    HookSecret,
    Invitation,
    Membership,
    Practice,
    User,
)
from practices.support import acting, set_active
from practices.tokens import needs_reconnect

admin.site.site_header = "Support"
admin.site.site_title = "Support"
admin.site.index_title = "Look things up"
admin.site.login = support_login  # type: ignore[method-assign]
admin.site.has_permission = is_support  # type: ignore[method-assign]

# Registered by others with editable rows or with secrets in them.
for model in (Group, EmailAddress, Authenticator, UserSession):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("email", "name", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name", "memberships__practice__name", "memberships__practice__slug")
    fields = ("email", "name", "is_active", "is_staff", "is_superuser", "date_joined", "last_login")
    actions = ("deactivate", "reactivate")

    @admin.action(description="Deactivate: log out everywhere, no more log-ins")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set(request, queryset, active=False)

    @admin.action(description="Let log in again")
    def reactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set(request, queryset, active=True)

    def _set(self, request: HttpRequest, people: QuerySet[User], *, active: bool) -> None:
        actor = acting(request)
        changed = 0
        for user in people.exclude(pk=actor.pk):
            if set_active(user, active=active, actor=actor):
                self.log_change(request, user, "reactivated" if active else "deactivated")
                changed += 1
        self.message_user(request, f"{changed} changed. Your own account is never touched.", messages.SUCCESS)


@admin.register(Practice)
class PracticeAdmin(ReadOnlyAdmin):
    list_display = ("name", "slug", "country", "base_currency", "time_zone", "created_at")
    list_filter = ("country",)
    search_fields = ("name", "slug")
    ordering = ("name",)


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ("user", "practice", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "practice")
    search_fields = ("user__email", "user__name", "practice__name", "practice__slug")


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ("email", "practice", "role", "created_at", "expires_at", "accepted_at", "revoked_at")
    list_select_related = ("practice",)
    search_fields = ("email", "practice__name", "practice__slug")
    exclude = ("token_hash",)
    actions = ("revoke",)

    @admin.action(description="Withdraw")
    def revoke(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        withdrawn = 0
        for invitation in queryset.select_related("practice").filter(accepted_at=None, revoked_at=None):
            invitations.revoke(invitation.practice, actor=acting(request), invitation_id=invitation.pk)
            withdrawn += 1
        self.message_user(request, f"{withdrawn} withdrawn.", messages.SUCCESS)


@admin.register(Grant)
class GrantAdmin(ReadOnlyAdmin):
    """Credentials without the credentials: the secret is neither shown nor loaded."""

    list_display = ("id", "provider", "auth_kind", "subject", "state", "expires_at", "refreshed_at")
    list_filter = ("provider", "auth_kind", "state")
    search_fields = (
        "subject",
        "connections__practice__name",
        "connections__practice__slug",
        "connections__tenant_external_id",
    )
    fields = (
        "provider",
        "auth_kind",
        "subject",
        "state",
        "scopes",
        "expires_at",
        "refreshed_at",
        "lease_until",
        "created_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Grant]:
        # A value that no key decrypts must not take the page down either.
        return super().get_queryset(request).defer("secret")


@admin.register(HookSecret)
class HookSecretAdmin(ReadOnlyAdmin):
    """Who may report changes, without what they report them with."""

    list_display = (
        "label",
        "practice",
        "connection",
        "created_by",
        "created_at",
        "expires_at",
        "last_used_at",
    )
    list_select_related = ("practice", "connection", "created_by")
    search_fields = ("practice__name", "practice__slug", "label")
    ordering = ("-pk",)
    exclude = ("secret",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[HookSecret]:
        return super().get_queryset(request).defer("secret")


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    list_display = (
        "practice",
        "provider",
        "tenant_name",
        "state",
        "connected_at",
        "last_read_at",
        "last_write_at",
    )
    list_filter = ("provider", "state")
    list_select_related = ("practice",)
    search_fields = ("practice__name", "practice__slug", "tenant_external_id", "tenant_name", "public_id")
    exclude = ("lease_token",)
    actions = ("flag",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        return super().get_queryset(request).select_related("grant").defer("grant__secret")

    @admin.action(description="Flag as needing reconnect: nothing more is read or written")
    def flag(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        flagged = 0
        for connection in queryset.select_related("practice").filter(state=ConnectionState.CONNECTED):
            reason = f"Support asks you to reconnect {connection.get_provider_display()}."
            needs_reconnect(connection, reason, actor=acting(request))
            flagged += 1
        self.message_user(request, f"{flagged} flagged.", messages.SUCCESS)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "practice", "actor_label", "action", "summary")
    list_filter = ("action", "at")
    list_select_related = ("practice",)
    search_fields = ("practice__name", "practice__slug", "actor_label", "action", "object_id", "summary")
    ordering = ("-at", "-pk")
