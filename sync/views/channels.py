"""Who is told about what: the channels of a practice."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role
from sync.alerts import channels, recipients
from sync.alerts.forms import FORMS, ChannelForm, WebhookChannelForm
from sync.models import Channel, ChannelKind
from sync.pages.alerts import MUTES, channel_rows


@practice_view(Role.STAFF)
def alert_channels(request: PracticeRequest, practice: Practice) -> HttpResponse:
    return render(
        request,
        "sync/alert_channels.html",
        {"rows": channel_rows(practice), "kinds": ChannelKind.choices, "mutes": MUTES.items()},
    )


@practice_view(Role.ADMIN)
def alert_channel_add(request: PracticeRequest, practice: Practice, kind: str) -> HttpResponse:
    if kind not in FORMS:
        raise Http404("No such kind of channel")
    form = FORMS[kind](_posted(request), practice=practice)
    if request.method == "POST" and form.is_valid():
        try:
            channel = channels.add(
                practice,
                kind=form.KIND,
                actor=request.user,
                values=form.cleaned_data,
                address=form.address({}),
            )
        except channels.Refused as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, f"Added {channel.name}. Send a test to see that it gets through.")
            return _saved(request, practice, channel, form)
    return _form_page(request, form, label=ChannelKind(kind).label)


@practice_view(Role.ADMIN)
def alert_channel(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    channel = _channel(practice, pk)
    # The form works on a copy, so that a refused value never shows up in the page's heading.
    form = FORMS[channel.kind](_posted(request), practice=practice, instance=_channel(practice, pk))
    if request.method == "POST" and form.is_valid():
        try:
            channels.change(
                channel,
                actor=request.user,
                values=form.cleaned_data,
                address=form.address if form.changes_address() else None,
            )
        except channels.Refused as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, "Saved.")
            return _saved(request, practice, channel, form)
    return _form_page(request, form, label=ChannelKind(channel.kind).label, channel=channel)


@require_POST
@practice_view(Role.ADMIN)
def alert_channel_test(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    channel = _channel(practice, pk)
    try:
        outcome = channels.send_test(channel, actor=request.user)
    except channels.Refused as refusal:
        messages.error(request, str(refusal))
        return _back(practice)
    status = f" Status {outcome.status}." if outcome.status else ""
    said = f" Answer: {outcome.text}" if outcome.text else ""
    if outcome.ok:
        messages.success(request, f"{channel.name} took the test in {outcome.ms:,} ms.{status}{said}")
    else:
        messages.error(request, f"{channel.name} did not take the test ({outcome.ms:,} ms).{status}{said}")
    return _back(practice)


@require_POST
@practice_view(Role.ADMIN)
def alert_channel_switch(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    channel = _channel(practice, pk)
    on = request.POST.get("on") == "1"
    channels.switch(channel, actor=request.user, on=on)
    messages.success(request, f"{channel.name} is {'on' if on else 'off'}.")
    return _back(practice)


@require_POST
@practice_view(Role.ADMIN)
def alert_channel_mute(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    channel = _channel(practice, pk)
    hours = request.POST.get("hours", "")
    if hours in MUTES:
        channels.mute(channel, actor=request.user, until=timezone.now() + timedelta(hours=int(hours)))
        messages.success(request, f"{channel.name} is muted {MUTES[hours]}. Alerts are still seen here.")
    else:
        channels.mute(channel, actor=request.user, until=None)
        messages.success(request, f"{channel.name} is no longer muted.")
    return _back(practice)


@require_POST
@practice_view(Role.ADMIN)
def alert_channel_ask(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """Mail those again who have not agreed yet."""
    channel = _channel(practice, pk)
    if channel.kind == ChannelKind.EMAIL:
        _ask(request, channel, again=True)
    return _back(practice)


@require_POST
@practice_view(Role.ADMIN)
def alert_channel_delete(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    channel = _channel(practice, pk)
    channels.delete(channel, actor=request.user)
    messages.success(request, f"Deleted {channel.name}.")
    return _back(practice)


def _channel(practice: Practice, pk: int) -> Channel:
    rows = Channel.objects.select_related("practice").defer("address")
    found: Channel = get_object_or_404(rows, practice=practice, pk=pk)
    return found


def _saved(request: PracticeRequest, practice: Practice, channel: Channel, form: ChannelForm) -> HttpResponse:
    """Back to the list; a new signing key is shown right here, as it is stored encrypted and never shown again."""
    if channel.kind == ChannelKind.EMAIL:
        _ask(request, channel, again=False)
    if isinstance(form, WebhookChannelForm) and form.new_key:
        facts = {"channel": channel, "key": form.new_key}
        return render(request, "sync/alert_channel_key.html", facts)
    return _back(practice)


def _ask(request: PracticeRequest, channel: Channel, *, again: bool) -> None:
    try:
        asked = recipients.ask(channel, actor=request.user, again=again)
    except recipients.NotNow as refusal:
        messages.error(request, str(refusal))
        return
    if asked:
        messages.info(request, f"Asked {', '.join(asked)} by mail. They are told once they agree.")


def _form_page(
    request: PracticeRequest, form: ChannelForm, *, label: str, channel: Channel | None = None
) -> HttpResponse:
    facts = {"form": form, "label": label, "channel": channel}
    return render(request, "sync/alert_channel.html", facts, status=422 if form.errors else 200)


def _posted(request: PracticeRequest) -> QueryDict | None:
    """What was sent, an empty form included; ``None`` when the page was only opened."""
    return request.POST if request.method == "POST" else None


def _back(practice: Practice) -> HttpResponse:
    return redirect("alert_channels", slug=practice.slug)
