"""The way through a provider's consent page and back.

What must survive the detour (practice, provider, state, verifier) waits in the browser's session under the
state, so two tabs don't disturb each other. An answer whose state we don't hold is refused.
"""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from connectors import oauth
from connectors.errors import ConnectorError
from practices.access import PracticeRequest, membership_of, needs_second_factor, practice_view
from practices.connecting import (
    ConnectRefused,
    DifferentOrganisation,
    connect_ignition_oauth,
    connect_xero,
    store_xero_grant,
    used_elsewhere,
)
from practices.connections import connection_of, xero_client
from practices.models import Connection, Grant, Membership, Practice, Provider, Role, User
from practices.oauth_apps import oauth_app, offers_oauth, redirect_uri
from practices.tenants import Tenant, tenants_of
from practices.tokens import drop_unused
from practices.views.connections import refused_page

CONSENTS_KEPT = 5
"""Consents begun in one browser and not finished; older ones are forgotten."""


@require_POST
@practice_view(Role.ADMIN)
def consent_begin(request: PracticeRequest, practice: Practice, provider: str) -> HttpResponse:
    if provider not in Provider.values:
        raise Http404("No such provider")
    if not offers_oauth(provider):
        messages.error(request, f"This installation is not registered at {Provider(provider).label}.")
        return redirect("connections", slug=practice.slug)
    consent = oauth.begin(oauth_app(provider), redirect_uri(provider))
    begun: dict[str, Any] = request.session.get("consents", {})
    begun[consent.state] = {"slug": practice.slug, "provider": provider, "verifier": consent.verifier}
    request.session["consents"] = dict(list(begun.items())[-CONSENTS_KEPT:])
    return redirect(consent.url)


@login_required
def connection_callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Where the provider sends the browser back to. Only a consent begun in this very session is finished."""
    if provider not in Provider.values:
        raise Http404("No such provider")
    state = request.GET.get("state", "")
    begun: dict[str, Any] = request.session.get("consents", {})
    kept = begun.pop(state, None)
    request.session["consents"] = begun
    if kept is None or kept["provider"] != provider:
        return render(
            request, "practices/consent_unknown.html", {"label": Provider(provider).label}, status=400
        )
    membership = _may_connect(cast("User", request.user), kept["slug"])
    practice = membership.practice
    if needs_second_factor(membership.user, membership):
        return redirect("second_factor_needed", slug=practice.slug)
    try:
        tokens = oauth.finish(
            oauth_app(provider),
            redirect_uri(provider),
            request.GET.dict(),
            state=state,
            verifier=kept["verifier"],
        )
        if provider == Provider.XERO:
            grant = store_xero_grant(tokens)
            request.session["xero_grants"] = {
                **request.session.get("xero_grants", {}),
                practice.slug: grant.pk,
            }
            return redirect("xero_choose", slug=practice.slug)
        connect_ignition_oauth(practice, actor=cast("User", request.user), tokens=tokens)
    except DifferentOrganisation as different:
        request.session["different"] = [different.provider, different.expected, different.found]
        return redirect("connection_different", slug=practice.slug)
    except ConnectRefused as refusal:
        messages.error(request, str(refusal))
    except ConnectorError as error:
        messages.error(request, error.user_message)
    else:
        messages.success(request, "Ignition is connected. Nothing is written to it.")
    return redirect("connections", slug=practice.slug)


@practice_view(Role.ADMIN)
def connection_different(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """A consent led to another account than before."""
    kept = request.session.get("different")
    if not kept:
        return redirect("connections", slug=practice.slug)
    provider, expected, found = kept
    return refused_page(request, DifferentOrganisation(provider=provider, expected=expected, found=found))


@practice_view(Role.ADMIN)
def xero_choose(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Which of the organisations that the consent reaches; straight through when it is the one we had."""
    grant = Grant.objects.filter(pk=request.session.get("xero_grants", {}).get(practice.slug)).first()
    if grant is None:
        messages.info(request, "That consent is not waiting any more. Please start again.")
        return redirect("connections", slug=practice.slug)
    earlier = connection_of(practice, Provider.XERO)
    try:
        if request.method == "POST":
            return _chosen(request, practice, grant, request.POST.get("tenant", ""))
        tenants = tenants_of(xero_client(grant))
        if earlier is not None and earlier.tenant_external_id:
            return _back_to_same(request, practice, grant, earlier, tenants)
    except ConnectorError as error:
        messages.error(request, error.user_message)
        return redirect("connections", slug=practice.slug)
    taken = used_elsewhere([tenant.external_id for tenant in tenants], practice)
    mine = _practices_by_tenant(request.user, taken)
    choices = [
        {
            "tenant": tenant,
            "reason": ""
            if tenant.is_organisation and tenant.external_id not in taken
            else _why_not(tenant.is_organisation, mine.get(tenant.external_id, "")),
        }
        for tenant in tenants
    ]
    free = sum(not choice["reason"] for choice in choices)
    return render(request, "practices/xero_choose.html", {"choices": choices, "free": free})


@require_POST
@practice_view(Role.ADMIN)
def xero_cancel(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Give the consent back when no organisation was chosen."""
    waiting: dict[str, int] = request.session.get("xero_grants", {})
    grant = Grant.objects.filter(pk=waiting.pop(practice.slug, None)).first()
    request.session["xero_grants"] = waiting
    if grant is not None:
        drop_unused(grant)
    messages.info(request, "Nothing was connected.")
    return redirect("connections", slug=practice.slug)


def _may_connect(user: User, slug: str) -> Membership:
    try:
        membership = membership_of(user, slug)
    except Membership.DoesNotExist:
        raise Http404("No such practice for you") from None
    if not membership.may(Role.ADMIN):
        raise PermissionDenied("Only owners and admins connect a practice.")
    return membership


def _chosen(
    request: PracticeRequest, practice: Practice, grant: Grant, tenant_external_id: str
) -> HttpResponse:
    try:
        connection = connect_xero(
            practice, actor=request.user, grant=grant, tenant_external_id=tenant_external_id
        )
    except DifferentOrganisation as different:
        drop_unused(grant)
        return refused_page(request, different)
    except ConnectRefused as refusal:
        messages.error(request, str(refusal))
        # A reconnect has no other choice to offer: back to the cards, not to the list that leads here again.
        return redirect("connections" if request.method == "GET" else "xero_choose", slug=practice.slug)
    _forget_waiting(request, practice)
    messages.success(
        request, f"{connection.tenant_name} is connected. Nothing is written until you switch it on."
    )
    return redirect("connections", slug=practice.slug)


def _back_to_same(
    request: PracticeRequest, practice: Practice, grant: Grant, earlier: Connection, tenants: list[Tenant]
) -> HttpResponse:
    """A reconnect needs no choice: it is the same organisation or none."""
    if any(tenant.external_id == earlier.tenant_external_id for tenant in tenants):
        return _chosen(request, practice, grant, earlier.tenant_external_id)
    _forget_waiting(request, practice)
    drop_unused(grant)
    found = ", ".join(tenant.name for tenant in tenants if tenant.is_organisation) or "no organisation at all"
    return refused_page(
        request, DifferentOrganisation(provider=Provider.XERO, expected=earlier.tenant_name, found=found)
    )


def _forget_waiting(request: PracticeRequest, practice: Practice) -> None:
    waiting: dict[str, int] = request.session.get("xero_grants", {})
    waiting.pop(practice.slug, None)
    request.session["xero_grants"] = waiting


def _practices_by_tenant(user: User, tenant_external_ids: set[str]) -> dict[str, str]:
    """Names of the practices that hold these tenants, as far as this person is a member of them."""
    rows = Connection.objects.filter(
        provider=Provider.XERO,
        tenant_external_id__in=tenant_external_ids,
        practice__in=user.memberships.values("practice"),
    )
    return dict(rows.values_list("tenant_external_id", "practice__name"))


def _why_not(is_organisation: bool, practice_name: str) -> str:
    if not is_organisation:
        return "This is a Practice Manager account without a ledger."
    return f"Connected to {practice_name} here." if practice_name else "Connected to another practice here."
