"""The value tables as CSV files: out, and into the draft."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from mappings import csv_tables, sections
from mappings.forms import ImportForm
from mappings.views.saving import keep, outdated_words, tab_url
from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role

LARGEST_FILE = 1_000_000
"""Bytes; five thousand rows take about a third of it."""


@practice_view()
def mapping_export(request: PracticeRequest, practice: Practice, table: str) -> HttpResponse:
    """A value table as a CSV file that can be edited and imported again."""
    if table not in csv_tables.FORMATS:
        raise Http404("No such table")
    state = sections.state_of(practice)
    return as_file(practice, table, csv_tables.write_csv(table, state.view, state.choices))


@require_POST
@practice_view(Role.ADMIN)
def mapping_import(request: PracticeRequest, practice: Practice, table: str) -> HttpResponse:
    """Take a CSV file into the draft; with any wrong row, only say what is wrong."""
    if table not in csv_tables.FORMATS:
        raise Http404("No such table")
    state = sections.state_of(practice)
    content, problems = sent_file(request)
    choices = state.choices
    if not problems:
        choices, problems = csv_tables.read_csv(table, content, state.view, state.choices)
    title = sections.TITLES[table]
    if problems:
        return refused_file(request, problems, back=tab_url(practice, table), title=title)
    if not keep(request, practice, state, choices, what=f"{title.lower()}, from a file"):
        messages.error(request, outdated_words(sections.state_of(practice), kept_here=False))
    return redirect(tab_url(practice, table))


def sent_file(request: PracticeRequest) -> tuple[bytes, list[str]]:
    """The content of the file that was sent, and what is wrong with it as a file."""
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return b"", ["Choose a CSV file that is not empty."]
    file = form.cleaned_data["file"]
    if file.size > LARGEST_FILE:
        return b"", ["The file is larger than 1 MB."]
    return file.read(), []


def refused_file(request: PracticeRequest, problems: list[str], *, back: str, title: str) -> HttpResponse:
    context = {"problems": problems, "back": back, "title": title}
    return render(request, "mappings/import_problems.html", context, status=422)


def as_file(practice: Practice, name: str, text: str) -> HttpResponse:
    """A CSV text to download. The byte order mark makes spreadsheets read it as UTF-8."""
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    file = f"{practice.slug}-mapping-{name}-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    return response
