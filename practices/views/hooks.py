"""Secrets for live changes: made, replaced and taken back on the connections page. Each is shown once."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from practices import hooks
from practices.access import PracticeRequest, practice_view
from practices.connections import connection_of
from practices.forms import ONE_LINE
from practices.models import HookSecret, Practice, Provider, Role

LONGEST_LABEL = 60


@require_POST
@practice_view(Role.ADMIN)
def hook_secret_make(request: PracticeRequest, practice: Practice) -> HttpResponse:
    connection = connection_of(practice, Provider.IGNITION)
    label = _label(request)
    if connection is None:
        messages.error(request, "Connect Ignition first.")
        return redirect("connections", slug=practice.slug)
    if not label:
        messages.error(request, "Say on one line what will use the secret, for example “Zapier”.")
        return redirect("connections", slug=practice.slug)
    try:
        fresh = hooks.make(connection, actor=request.user, label=label)
    except hooks.HookRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("connections", slug=practice.slug)
    return _shown_once(request, fresh)


@require_POST
@practice_view(Role.ADMIN)
def hook_secret_replace(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    try:
        fresh = hooks.replace(practice, pk, actor=request.user)
    except HookSecret.DoesNotExist:
        raise Http404("No such secret") from None
    except hooks.HookRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("connections", slug=practice.slug)
    return _shown_once(request, fresh, replaced=True)


@require_POST
@practice_view(Role.ADMIN)
def hook_secret_revoke(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    try:
        label = hooks.revoke(practice, pk, actor=request.user)
    except HookSecret.DoesNotExist:
        raise Http404("No such secret") from None
    messages.success(request, f"“{label}” was taken back. Who still uses that secret is refused from now on.")
    return redirect("connections", slug=practice.slug)


def _shown_once(request: PracticeRequest, fresh: hooks.Fresh, *, replaced: bool = False) -> HttpResponse:
    facts = {
        "secret": fresh,
        "address": hooks.address_of(fresh.row.connection),
        "replaced": replaced,
        "hours": int(hooks.OVERLAP.total_seconds() // 3600),
    }
    return render(request, "practices/hook_secret.html", facts)


def _label(request: PracticeRequest) -> str:
    text = str(request.POST.get("label", "")).strip()[:LONGEST_LABEL]
    try:
        ONE_LINE(text)
    except ValidationError:
        return ""
    return text
