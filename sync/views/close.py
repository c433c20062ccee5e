"""A period's tax, its clearing account, and closing it: the pack and the sign-off."""

from collections.abc import Collection
from io import BytesIO

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.audit import record
from practices.models import Practice, Role
from sync import nudge
from sync.close import signing, working
from sync.close.clearing import not_seen
from sync.close.figures import figures_of
from sync.close.gst import tax_report
from sync.close.pack import MOST_LISTED, Pack, build
from sync.close.pack_pdf import MOST_ROWS, write_pack
from sync.close.pack_xlsx import write_xlsx
from sync.close.periods import Period
from sync.close.stakes import OPEN, PARTS, stakes_of
from sync.decisions import NotAllowed
from sync.models import SignOff
from sync.pages.close import accounts, choose
from sync.pages.long_lists import EVERYTHING
from sync.report.header import total_line
from sync.views.asked import is_fragment, posted_text
from sync.zones import zone_of

SHOWN = 50
"""Rows of one list on the page; the files have more."""
PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOT_YET = "The figures have not been worked out yet. Ask for them first."


@practice_view()
def tax(request: PracticeRequest, practice: Practice) -> HttpResponse:
    chosen = choose(practice, request.GET, today=timezone.localdate(), for_tax=True)
    figures = figures_of(practice, chosen.period)
    if asked := _asked_sums(request, (OPEN,)):
        return _sums(request, practice, chosen.period, asked)
    report = tax_report(
        practice,
        figures,
        now=timezone.now(),
        zone=zone_of(practice.time_zone),
        whole=request.GET.get("totals") == EVERYTHING,
    )
    drafts = sorted(figures.drafts, key=lambda item: -abs(item.total))[: 2 * SHOWN]
    facts = {
        "chosen": chosen,
        "figures": figures,
        "report": report,
        "totals": [total_line(item) for item in report.totals],
        "drafts": drafts,
        "more_drafts": figures.draft_count - len(drafts),
    }
    return _page(request, "sync/close_tax.html", facts)


@practice_view()
def clearing(request: PracticeRequest, practice: Practice) -> HttpResponse:
    chosen = choose(practice, request.GET, today=timezone.localdate())
    figures = figures_of(practice, chosen.period)
    facts = {
        "chosen": chosen,
        "figures": figures,
        "accounts": accounts(figures.clearing, chosen.period.ends_on, most=4 * SHOWN),
        "not_seen": not_seen(figures.bank_problem),
    }
    return _page(request, "sync/close_clearing.html", facts)


@practice_view()
def close(request: PracticeRequest, practice: Practice) -> HttpResponse:
    chosen = choose(practice, request.GET, today=timezone.localdate())
    if asked := _asked_sums(request, PARTS):
        return _sums(request, practice, chosen.period, asked)
    whole = request.GET.get("totals") == EVERYTHING
    pack = build(practice, chosen.period, now=timezone.now(), most=SHOWN, most_undated=0, whole=whole)
    facts = {
        "chosen": chosen,
        "figures": pack.figures,
        "pack": pack,
        "accounts": accounts(pack.clearing, chosen.period.ends_on, most=SHOWN),
        "moved": signing.moved_since(pack),
        "seen": signing.digest(pack),
        "refusal": signing.why_not(pack, note="-"),
    }
    return _page(request, "sync/close.html", facts)


@require_POST
@practice_view(Role.STAFF)
def close_work_out(request: PracticeRequest, practice: Practice) -> HttpResponseRedirect:
    """Have the months worked out anew from what was last read."""
    if working.ask(practice, now=timezone.now()):
        record(practice, request.user, "period.worked_out", "Asked for the figures of every month")
        messages.success(request, "The figures are being worked out.")
    else:
        messages.info(request, "The figures are being worked out already.")
    nudge.months_after_commit(practice.pk)
    return _back(request, practice)


@require_POST
@practice_view(Role.ADMIN)
def close_sign(request: PracticeRequest, practice: Practice) -> HttpResponseRedirect:
    chosen = choose(practice, request.POST, today=timezone.localdate())
    pack = build(practice, chosen.period, now=timezone.now(), most=0)
    note, seen = posted_text(request, "note", most=500), posted_text(request, "seen", most=64)
    try:
        signing.sign(pack, actor=request.user, note=note, seen=seen)
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{chosen.period.label} is signed off.")
    return _back(request, practice)


@require_POST
@practice_view(Role.ADMIN)
def close_withdraw(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponseRedirect:
    found = get_object_or_404(SignOff, practice=practice, pk=pk)
    reason = posted_text(request, "reason", most=300)
    if not reason:
        messages.error(request, "Say why it is taken back: whoever looks later has to know.")
    elif signing.withdraw(practice, found.pk, actor=request.user, reason=reason, now=timezone.now()):
        messages.success(request, "The sign-off is taken back. It stays on record.")
    else:
        messages.info(request, "It was taken back already.")
    return _back(request, practice)


@practice_view(Role.STAFF)
def close_xlsx(request: PracticeRequest, practice: Practice) -> HttpResponse:
    return _file(request, practice, "xlsx")


@practice_view(Role.STAFF)
def close_pdf(request: PracticeRequest, practice: Practice) -> HttpResponse:
    return _file(request, practice, "pdf")


def _file(request: PracticeRequest, practice: Practice, ending: str) -> HttpResponse:
    """The pack to keep. Who took it is written down: it has clients' names and amounts in it."""
    chosen = choose(practice, request.GET, today=timezone.localdate())
    most = MOST_ROWS if ending == "pdf" else MOST_LISTED
    pack = build(practice, chosen.period, now=timezone.now(), most=most)
    if not pack.is_worked_out:
        messages.error(request, NOT_YET)
        return redirect(f"{reverse('close', kwargs={'slug': practice.slug})}?{chosen.query}")
    stream = BytesIO()
    (write_pack if ending == "pdf" else write_xlsx)(pack, stream)
    record(
        practice,
        request.user,
        "period.pack",
        f"Took the pack of {chosen.period.label} as {ending.upper()}",
        starts_on=chosen.period.starts_on.isoformat(),
        ends_on=chosen.period.ends_on.isoformat(),
    )
    name = f"{practice.slug}-{slugify(_days(pack))}.{ending}"
    return HttpResponse(
        stream.getvalue(),
        content_type=PDF if ending == "pdf" else XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _days(pack: Pack) -> str:
    return f"close {pack.period.starts_on:%Y-%m} to {pack.period.ends_on:%Y-%m}"


def _page(request: PracticeRequest, template: str, facts: dict[str, object]) -> HttpResponse:
    """The page; while its figures are being worked out its own script asks for the line that says so."""
    if not is_fragment(request):
        return render(request, template, facts)
    answer = render(request, "sync/close_waiting.html", facts)
    if not getattr(facts["figures"], "is_waiting", False):
        answer["HX-Refresh"] = "true"
    return answer


def _asked_sums(request: PracticeRequest, parts: Collection[str]) -> str:
    """Which part of the differences the page's own script wants added up, if it is that what asks."""
    part = request.GET.get("totals", "")
    return part if is_fragment(request) and part in parts else ""


def _sums(request: PracticeRequest, practice: Practice, period: Period, part: str) -> HttpResponse:
    """What all of them come to, however many there are: the page came without it."""
    stakes = stakes_of(practice, period, adding=(part,), whole=True)[part]
    return render(request, "sync/close_sums.html", {"stakes": stakes})


def _back(request: PracticeRequest, practice: Practice) -> HttpResponseRedirect:
    """To the page and period that the form was on."""
    name = request.POST.get("page", "")
    name = name if name in {"tax", "clearing", "close"} else "close"
    chosen = choose(practice, request.POST, today=timezone.localdate(), for_tax=name == "tax")
    return redirect(f"{reverse(name, kwargs={'slug': practice.slug})}?{chosen.query}")
