"""What people were told: the list behind the bell."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from practices.access import PracticeRequest, practice_view
from practices.models import Practice
from sync.alerts import recipients
from sync.pages.alerts import AlertFilter, alert_rows, alerts_of, failing, mark_seen, seen_until
from sync.pages.paging import sheet


@practice_view()
def alerts(request: PracticeRequest, practice: Practice) -> HttpResponse:
    narrowed = AlertFilter(request.GET, queryset=alerts_of(practice))
    query = narrowed.qs
    page = sheet(query, request.GET, count=query.count(), sorts={"newest": "created_at"}, default="-newest")
    seen_at = seen_until(practice, request.membership)
    rows = alert_rows(page.rows, seen_at)
    return render(
        request,
        "sync/alerts.html",
        {
            "sheet": page,
            "rows": rows,
            "filter": narrowed,
            "failing": failing(practice),
            "any_new": any(row.is_new for row in rows),
            "until": timezone.now().isoformat(),
        },
    )


@require_POST
@practice_view()
def alerts_seen(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """What the person's page showed is no longer new; what came after the page was made still is."""
    mark_seen(practice, request.membership, _until(request))
    return redirect("alerts", slug=practice.slug)


@require_http_methods(["GET", "POST"])
def alerts_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link in a mail that asks. Looking changes nothing: programs that check mails open links, too."""
    return _answer(request, token, salt=recipients.CONFIRM)


@csrf_exempt  # mail programs send this by themselves when somebody presses their button; the link is the permission
@require_http_methods(["GET", "POST"])
def alerts_stop(request: HttpRequest, token: str) -> HttpResponse:
    """The link under every mail to somebody who is no member."""
    return _answer(request, token, salt=recipients.STOP)


def _answer(request: HttpRequest, token: str, *, salt: str) -> HttpResponse:
    found = recipients.asked(token, salt=salt)
    facts = {"asked": found, "stopping": salt == recipients.STOP, "done": False}
    if found is None:
        return render(request, "sync/alert_link.html", facts, status=404)
    if request.method == "POST":
        (recipients.stop if salt == recipients.STOP else recipients.confirm)(found)
        facts["done"] = True
    return render(request, "sync/alert_link.html", facts)


def _until(request: HttpRequest) -> datetime:
    try:
        found = parse_datetime(request.POST.get("until", ""))
    except ValueError:
        found = None
    return found if found is not None and timezone.is_aware(found) else timezone.now()
