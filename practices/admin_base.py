"""What all our admin pages share: rows are looked at, never edited; acts are actions that leave a trace."""

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

COMPARISONS = frozenset({"exact", "isnull", "in", "gte", "lt"})
"""How filters compare. Others are for guessing values, or break on odd ones."""


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """No add, change or delete, not even for superusers. Everybody of the support team may look."""

    show_full_result_count = False
    unasked_fields = frozenset({"password", "secret", "token_hash", "lease_token"})
    """Not shown, so not to be guessed letter by letter in the address bar either."""

    list_per_page = 50
    list_max_show_all = 200

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_support(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return is_support(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the filters beside the lists put in the address bar."""
        *fields, last = lookup.split("__")
        if not self.unasked_fields.isdisjoint([*fields, last]) or (fields and last not in COMPARISONS):
            return False
        return super().lookup_allowed(lookup, value, request)


def is_support(request: HttpRequest) -> bool:
    """An active member of the support team who logged in with a second factor, where that is required."""
    user = request.user
    return bool(user.is_active and user.is_staff) and not _lacks_second_factor(request)


def support_login(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """In place of the admin's own log-in page: people log in where everybody does, second factor included."""
    target = request.GET.get("next", "")
    if not request.user.is_authenticated:
        return redirect_to_login(target or request.get_full_path())
    if not request.user.is_staff:
        raise PermissionDenied("This part is for the support team.")
    if _lacks_second_factor(request):
        messages.warning(request, "Set up two-step log-in first: the support team always uses it.")
        return redirect("mfa_index")
    ours = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=ours, require_https=request.is_secure())
    # Not by redirect(): it would take a word for the name of a page.
    return HttpResponseRedirect(target) if safe else redirect("admin:index")


def _lacks_second_factor(request: HttpRequest) -> bool:
    return bool(getattr(settings, "REQUIRE_MFA", True)) and not is_mfa_enabled(request.user)
