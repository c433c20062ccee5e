"""Connections of a practice: cards, test, disconnect, and the two ways to connect that end on one page."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from connectors.errors import ConnectorError
from practices.access import PracticeRequest, practice_view
from practices.cards import cards_of
from practices.connecting import ConnectRefused, DifferentOrganisation, connect_ignition_key
from practices.connections import connection_of
from practices.disconnect import disconnect
from practices.forms import ApiKeyForm
from practices.hooks import live_of
from practices.models import Connection, Practice, Provider, Role
from practices.oauth_apps import offers_oauth
from practices.probes import run_probes


@practice_view()
def connections(request: PracticeRequest, practice: Practice) -> HttpResponse:
    facts = {"cards": cards_of(practice), "live": live_of(practice)}
    return render(request, "practices/connections.html", facts)


@sensitive_post_parameters("api_key")
@practice_view(Role.ADMIN)
def connect_ignition(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """The API key first, the consent second and only where this installation is registered."""
    form = ApiKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            connect_ignition_key(practice, actor=request.user, api_key=form.cleaned_data["api_key"])
        except DifferentOrganisation as different:
            return refused_page(request, different)
        except ConnectRefused as refusal:
            form.add_error("api_key", str(refusal))
        except ConnectorError as error:
            form.add_error(None, f"{error.user_message} The key was not saved; please try again.")
        else:
            messages.success(request, "Ignition is connected. Nothing is written to it.")
            return redirect("connections", slug=practice.slug)
    facts = {
        "form": form,
        "offers_oauth": offers_oauth(Provider.IGNITION),
        "connection": connection_of(practice, Provider.IGNITION),
    }
    return render(request, "practices/connect_ignition.html", facts, status=422 if form.errors else 200)


@require_POST
@practice_view(Role.STAFF)
def connection_test(request: PracticeRequest, practice: Practice, provider: str) -> HttpResponse:
    connection = _existing(practice, provider)
    probes = run_probes(connection, actor=request.user)
    failed = sum(probe.result == "fail" for probe in probes)
    if failed:
        messages.error(
            request, f"{connection.get_provider_display()}: {failed} of {len(probes)} checks failed."
        )
    else:
        messages.success(request, f"{connection.get_provider_display()}: all {len(probes)} checks passed.")
    return redirect("connections", slug=practice.slug)


@practice_view(Role.ADMIN)
def connection_disconnect(request: PracticeRequest, practice: Practice, provider: str) -> HttpResponse:
    connection = _existing(practice, provider)
    if request.method != "POST":
        return render(request, "practices/disconnect.html", {"connection": connection})
    disconnect(practice, actor=request.user, provider=provider)
    messages.success(request, f"{connection.get_provider_display()} is disconnected. Its history is kept.")
    return redirect("connections", slug=practice.slug)


def refused_page(request: PracticeRequest, different: DifferentOrganisation) -> HttpResponse:
    """Names both organisations; nothing was changed."""
    facts = {
        "different": different,
        "provider": different.provider,
        "label": Provider(different.provider).label,
    }
    return render(request, "practices/different_organisation.html", facts, status=409)


def _existing(practice: Practice, provider: str) -> Connection:
    connection = connection_of(practice, provider) if provider in Provider.values else None
    if connection is None:
        raise Http404("No such connection")
    return connection
