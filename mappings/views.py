"""The mapping page: look at what is in force, propose a change, confirm it, go back.

A change is never stored before it is confirmed: the confirmation page carries the proposed choices, signed.
"""

from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from mappings import csv_tables, sections, services, tables
from mappings.differences import Difference, differences
from mappings.forms import ImportForm
from mappings.models import MappingSet, SetState
from mappings.sections import Outcome, State
from mappings.spec import Choices, choices_from_json, choices_to_json
from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role

ROWS_ON_A_PAGE = 50
LARGEST_FILE = 1_000_000
"""Bytes; five thousand rows take about a third of it."""
LONGEST_VERSION = 10
"""Digits; no version has more, and Python refuses to read thousands of them."""
PROPOSAL_SALT = "mapping proposal"
PROPOSAL_SECONDS = 12 * 60 * 60


@practice_view()
def mapping(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """One section at a time: ``?tab=services&q=book&only=unmapped&page=2``."""
    tab = request.GET.get("tab", "invoices")
    if tab not in sections.TITLES:
        raise Http404("No such part of the mapping")
    return _page(request, practice, tab, sections.state_of(practice))


@require_POST
@practice_view(Role.ADMIN)
def mapping_review(request: PracticeRequest, practice: Practice, section: str) -> HttpResponse:
    """What the sent section would change, for the person to confirm."""
    state = sections.state_of(practice)
    if section not in sections.EDITABLE or (section == sections.SUGGESTIONS and state.version):
        raise Http404("No such part of the mapping")
    outcome = sections.proposed(section, state, request.POST.dict())
    if not outcome.is_valid:
        return _page(request, practice, section, state, outcome)
    return _confirmation(request, practice, state, outcome.choices, section)


@require_POST
@practice_view(Role.ADMIN)
def mapping_publish(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Put confirmed choices in force."""
    try:
        proposal = signing.loads(
            request.POST.get("proposal", ""), salt=PROPOSAL_SALT, max_age=PROPOSAL_SECONDS
        )
    except signing.BadSignature:
        proposal = {}
    if proposal.get("practice") != practice.pk:
        messages.error(request, "This confirmation has run out. Make the change once more.")
        return redirect("mapping", slug=practice.slug)
    try:
        made = services.publish(
            practice,
            choices_from_json(proposal["choices"]),
            actor=request.user,
            note=request.POST.get("note", "").replace("\x00", "").strip(),
            expected_version=proposal["version"],
        )
    except services.Outdated:
        _say_outdated(request)
        return redirect("mapping", slug=practice.slug)
    messages.success(request, f"Version {made.version} of the mapping is in force.")
    return redirect(_tab_url(practice, str(proposal.get("tab", ""))))


@practice_view()
def mapping_version(request: PracticeRequest, practice: Practice, version: int) -> HttpResponse:
    """One version: who made it, what it changed, and what going back to it would change now."""
    ours = MappingSet.objects.for_practice(practice).select_related("created_by")
    shown = get_object_or_404(ours, version=version)
    before = ours.filter(version__lt=version).order_by("-version").first()
    state = sections.state_of(practice)
    choices = choices_from_json(shown.choices)
    earlier = choices_from_json(before.choices) if before else Choices()
    context = {
        "shown": shown,
        "changed": differences(earlier, choices, state.view),
        "would_change": differences(state.in_force, choices, state.view),
        "state": state,
        "is_published": shown.state == SetState.PUBLISHED,
    }
    return render(request, "mappings/version.html", context)


@require_POST
@practice_view(Role.ADMIN)
def mapping_restore(request: PracticeRequest, practice: Practice, version: int) -> HttpResponse:
    """Go back to an earlier version by publishing its choices again."""
    in_force = request.POST.get("in_force", "")
    try:
        expected = int(in_force[:LONGEST_VERSION]) if in_force.isdecimal() else None
        made = services.roll_back(practice, version, request.user, expected_version=expected)
        messages.success(
            request, f"Version {made.version} is in force, with the choices of version {version}."
        )
    except MappingSet.DoesNotExist:
        raise Http404("No such version") from None
    except services.Outdated:
        _say_outdated(request)
    return redirect(_tab_url(practice, "versions"))


@practice_view()
def mapping_export(request: PracticeRequest, practice: Practice, table: str) -> HttpResponse:
    """A value table as a CSV file that can be edited and imported again."""
    if table not in csv_tables.FORMATS:
        raise Http404("No such table")
    state = sections.state_of(practice)
    # The byte order mark makes spreadsheets read the file as UTF-8.
    text = "\ufeff" + csv_tables.write_csv(table, state.view, state.choices)
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    name = f"{practice.slug}-mapping-{table}-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
@practice_view(Role.ADMIN)
def mapping_import(request: PracticeRequest, practice: Practice, table: str) -> HttpResponse:
    """Read a CSV file and show what it would change; with any wrong row, only what is wrong."""
    if table not in csv_tables.FORMATS:
        raise Http404("No such table")
    state = sections.state_of(practice)
    form = ImportForm(request.POST, request.FILES)
    choices, problems = state.choices, ["Choose a CSV file that is not empty."]
    if form.is_valid():
        file = form.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            problems = ["The file is larger than 1 MB."]
        else:
            choices, problems = csv_tables.read_csv(table, file.read(), state.view, state.choices)
    if problems:
        context = {"problems": problems, "tab": table, "title": sections.TITLES[table]}
        return render(request, "mappings/import_problems.html", context, status=422)
    return _confirmation(request, practice, state, choices, table)


def _page(
    request: PracticeRequest, practice: Practice, tab: str, state: State, sent: Outcome | None = None
) -> HttpResponse:
    """A section's page; with ``sent``, a form that was refused and why."""
    form = sent.form if sent and sent.form is not None else sections.form_of(tab, state)
    rows = sections.rows_of(tab, state)
    search, only = request.GET.get("q", "").replace("\x00", ""), request.GET.get("only", "")
    only = only if only in {"unmapped", "gone"} else ""
    shown: Any = tables.narrowed(rows, search=search, only=only)
    if tab == "versions":
        shown = MappingSet.objects.for_practice(practice).select_related("created_by").order_by("-version")
    context = {
        "state": state,
        "tab": tab,
        "tabs": _tabs(state),
        "form": form,
        "fields": sections.fields_of(form, state),
        "row_count": len(rows),
        "unmapped": sum(row.state == "unmapped" for row in rows),
        "page": Paginator(shown, ROWS_ON_A_PAGE).get_page(request.GET.get("page")),
        "search": search,
        "only": only,
        "problems": sent.problems if sent else [],
        "can_fill": tab == "taxes" and any(row.suggestion and not row.value for row in rows),
    }
    return render(request, f"mappings/{tab}.html", context, status=422 if sent else 200)


def _confirmation(
    request: PracticeRequest, practice: Practice, state: State, choices: Choices, tab: str
) -> HttpResponse:
    changed: list[Difference] = differences(state.in_force, choices, state.view)
    if not changed and state.version:
        messages.info(request, "Nothing was different, so no new version was made.")
        return redirect(_tab_url(practice, tab))
    proposal = {
        "practice": practice.pk,
        "version": state.version,
        "tab": tab,
        "choices": choices_to_json(choices),
    }
    context = {
        "changed": changed,
        "proposal": signing.dumps(proposal, salt=PROPOSAL_SALT, compress=True),
        "state": state,
        "tab": tab if tab in sections.TITLES else "invoices",
    }
    return render(request, "mappings/review.html", context)


def _tabs(state: State) -> list[dict[str, Any]]:
    """The tabs with how much is missing or broken in each."""
    gaps = state.gaps
    missing = {
        "invoices": int(gaps.sales_account),
        "taxes": len(gaps.labels) + int(gaps.default_tax),
        "payments": int(gaps.clearing),
    }
    return [
        {"key": key, "title": title, "missing": missing.get(key, 0)} for key, title in sections.TITLES.items()
    ]


def _say_outdated(request: PracticeRequest) -> None:
    messages.error(
        request,
        "Someone published another version in the meantime, so nothing was changed. "
        "Look at what is in force now and make your change once more.",
    )


def _tab_url(practice: Practice, tab: str) -> str:
    return f"/p/{practice.slug}/mapping/" + (f"?tab={tab}" if tab in sections.TITLES else "")
