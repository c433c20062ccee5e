"""Around the report: when everything is compared, how it went over time, saved views and their mails."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from practices.access import PracticeRequest, practice_view
from practices.audit import record
from practices.models import Practice, Role
from sync.models import ReconcileRun, ReportSchedule, SavedView
from sync.pages import history as pages
from sync.pages.reports import comparison_shown, is_open, view_lines
from sync.reconcile.asking import schedule_of
from sync.reconcile.due import next_of
from sync.report import mailing, saved, schedules
from sync.report.forms import CompareScheduleForm, ReportScheduleForm
from sync.report.header import header_of
from sync.views.asked import is_fragment, posted_text


@practice_view()
def reconciliation_progress(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """How the comparison in progress is doing, for the page that waits for it."""
    if not is_fragment(request):
        return redirect("reconciliation", slug=practice.slug)
    found = comparison_shown(practice)
    facts = {"comparison": found, "is_open": found is not None and is_open(found), "has_ended": True}
    return render(request, "sync/report_progress.html", facts)


@practice_view(Role.ADMIN)
def compare_schedule(request: PracticeRequest, practice: Practice) -> HttpResponse:
    schedule = schedule_of(practice)
    form = CompareScheduleForm(_posted(request), practice=practice, instance=schedule)
    if request.method == "POST" and form.is_valid():
        made = form.save(commit=False)
        made.next_at = next_of(made, timezone.now())
        after = ", and after each sync" if made.after_sync else ""
        with transaction.atomic():
            made.save()
            said = f"Compares everything {schedules.when(made)}{after}"
            record(practice, request.user, "comparison.scheduled", said, object=made)
        messages.success(request, f"{said}.")
        return redirect("reconciliation", slug=practice.slug)
    facts = {"form": form, "next_at": schedule_of(practice).next_at}
    return render(request, "sync/report_schedule.html", facts, status=_status(request))


@practice_view()
def comparisons(request: PracticeRequest, practice: Practice) -> HttpResponse:
    page = pages.comparisons(practice, request.GET)
    facts = {
        "history": pages.history(practice, timezone.now()),
        "page": page,
        "sheet": page.sheet,
        "filter": page.filter,
    }
    return render(request, "sync/report_history.html", facts)


@practice_view()
def comparison(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    found = get_object_or_404(ReconcileRun.objects.select_related("actor"), practice=practice, pk=pk)
    facts = {
        "run": found,
        "head": header_of(found),
        "kinds": pages.count_lines(found),
        "took": pages.took(found),
        "is_open": is_open(found),
    }
    return render(request, "sync/report_comparison.html", facts)


@practice_view()
def report_views(request: PracticeRequest, practice: Practice) -> HttpResponse:
    lines = view_lines(practice, request.membership)
    return render(request, "sync/report_saved.html", {"lines": lines})


@require_POST
@practice_view(Role.STAFF)
def report_view_save(request: PracticeRequest, practice: Practice) -> HttpResponseRedirect:
    """Keep what is filtered on the report under a name, and go back to it."""
    query = posted_text(request, "query", most=4 * saved.LONGEST_QUERY)
    try:
        made = saved.save(
            practice,
            request.user,
            name=posted_text(request, "name", most=80),
            query=query,
            is_shared=request.POST.get("is_shared") == "on",
        )
    except saved.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("reconciliation", slug=practice.slug)
    messages.success(request, f"Saved as “{made.name}”.")
    return _report(practice, made.query)


@require_POST
@practice_view(Role.STAFF)
def report_view_change(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponseRedirect:
    view = _view(request, practice, pk)
    if not saved.may_change(view, request.membership):
        messages.error(request, "Only who saved it, or an admin, may change this view.")
        return _back(practice)
    try:
        saved.change(
            view,
            request.user,
            name=posted_text(request, "name", most=80),
            is_shared=request.POST.get("is_shared") == "on",
        )
    except saved.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Saved.")
    return _back(practice)


@require_POST
@practice_view(Role.STAFF)
def report_view_delete(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponseRedirect:
    view = _view(request, practice, pk)
    if not saved.may_change(view, request.membership):
        messages.error(request, "Only who saved it, or an admin, may delete this view.")
    else:
        saved.delete(view, request.user)
        messages.success(request, f"Deleted “{view.name}”.")
    return _back(practice)


@practice_view(Role.STAFF)
def report_mail_add(request: PracticeRequest, practice: Practice) -> HttpResponse:
    start = {"view": request.GET.get("view"), "people": [request.user.pk]}
    form = ReportScheduleForm(_posted(request), practice=practice, user=request.user, initial=start)
    return _mail_page(request, practice, form, None)


@practice_view(Role.STAFF)
def report_mail(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    found = _schedule(request, practice, pk)
    form = ReportScheduleForm(_posted(request), practice=practice, user=request.user, instance=found)
    return _mail_page(request, practice, form, _schedule(request, practice, pk))


@require_POST
@practice_view(Role.STAFF)
def report_mail_delete(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponseRedirect:
    schedules.delete(_schedule(request, practice, pk), request.user)
    messages.success(request, "It is mailed to nobody any more.")
    return _back(practice)


@csrf_exempt  # mail programs send this by themselves when somebody presses their button; the link is the permission
@require_http_methods(["GET", "POST"])
def report_stop(request: HttpRequest, token: str) -> HttpResponse:
    """The link under every mail. Looking changes nothing: programs that check mails open links, too."""
    found = mailing.asked_to_stop(token)
    if found is None:
        return render(request, "sync/report_stop.html", {"schedule": None}, status=404)
    schedule, user = found
    if request.method == "POST":
        schedules.leave(schedule, user)
    facts = {"schedule": schedule, "email": user.email, "done": request.method == "POST"}
    return render(request, "sync/report_stop.html", facts)


def _mail_page(
    request: PracticeRequest, practice: Practice, form: ReportScheduleForm, found: ReportSchedule | None
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "people"}
        made = schedules.save(
            practice,
            request.user,
            people=form.cleaned_data["people"],
            values=values,
            schedule=found,
        )
        messages.success(request, f"“{made.view.name}” is mailed {schedules.when(made)}.")
        return _back(practice)
    any_view = saved.views_of(practice, request.user).exists()
    facts = {"form": form, "schedule": found, "any_view": any_view}
    return render(request, "sync/report_mails.html", facts, status=_status(request))


def _view(request: PracticeRequest, practice: Practice, pk: int) -> SavedView:
    return get_object_or_404(saved.views_of(practice, request.user), pk=pk)


def _schedule(request: PracticeRequest, practice: Practice, pk: int) -> ReportSchedule:
    """Mails of a view that this member sees."""
    rows = ReportSchedule.objects.select_related("view", "practice", "made_by")
    seen = saved.views_of(practice, request.user)
    found: ReportSchedule = get_object_or_404(rows, practice=practice, pk=pk, view__in=seen)
    return found


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _status(request: HttpRequest) -> int:
    return 422 if request.method == "POST" else 200


def _report(practice: Practice, query: str) -> HttpResponseRedirect:
    address = reverse("reconciliation", kwargs={"slug": practice.slug})
    return HttpResponseRedirect(f"{address}?{query}" if query else address)


def _back(practice: Practice) -> HttpResponseRedirect:
    return redirect("report_views", slug=practice.slug)
