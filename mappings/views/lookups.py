"""Look-up tables: one table's editor, its file, and deleting it while nothing uses it.

Tables are known by their names, which people choose freely; so a name is sent as ``?name=`` and not in the path.
"""

import dataclasses
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from mappings import sections
from mappings.fieldmaps import Lookup
from mappings.pages import lookup_form, lookup_list
from mappings.pages.inputs import SAVE
from mappings.pages.lookup_form import LookupInput
from mappings.sections import State
from mappings.views.files import as_file, refused_file, sent_file
from mappings.views.frame import frame
from mappings.views.saving import keep, outdated_words, tab_url
from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role


@practice_view()
def mapping_lookup(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """One table; without a name a new one."""
    state = sections.state_of(practice)
    stored = _stored(request.GET.get("name", ""), state)
    return _show(request, state, lookup_form.of_lookup(stored), stored)


@require_POST
@practice_view(Role.ADMIN)
def mapping_lookup_edit(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """A press of any button in a table's editor. Only “Save in the draft” stores anything."""
    state = sections.state_of(practice)
    was = request.POST.get("was", "")
    stored = lookup_list.named(was, state.choices)
    form = lookup_form.of_post(request.POST, stored)
    if was and stored is None:
        form.name = was
        said = "The table was deleted in the meantime, so nothing was saved."
        messages.error(request, f"{said} What you sent is below; saving it makes the table again.")
        return _show(request, state, form, None, status=409)
    if request.POST.get("action") != SAVE:
        lookup_form.act(form, request.POST)
        return _show(request, state, form, stored)
    tables = lookup_form.check(form, stored, state)
    if not form.is_right:
        return _show(request, state, form, stored, status=422)
    choices = dataclasses.replace(state.choices, lookups=tables)
    if keep(request, practice, state, choices, what=f"the look-up table “{form.name}”"):
        return redirect(tab_url(practice, "lookups"))
    state = sections.state_of(practice)
    messages.error(request, outdated_words(state, kept_here=True))
    return _show(request, state, form, stored, status=409)


@require_POST
@practice_view(Role.ADMIN)
def mapping_lookup_delete(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Take a table out of the draft, unless something would break without it."""
    if not request.POST.get("name"):
        return _unnamed(request, practice)
    state = sections.state_of(practice)
    stored = _needed(request.POST["name"], state)
    used = list(lookup_list.used_by(stored.name, state.choices))
    if used:
        messages.error(request, f"“{stored.name}” was not deleted. It is used by {', '.join(used)}.")
        return redirect(tab_url(practice, "lookups"))
    rest = tuple(item for item in state.choices.lookups if item.name != stored.name)
    choices = dataclasses.replace(state.choices, lookups=rest)
    if not keep(request, practice, state, choices, what=f"the look-up table “{stored.name}” (deleted)"):
        messages.error(request, outdated_words(sections.state_of(practice), kept_here=False))
    return redirect(tab_url(practice, "lookups"))


@practice_view()
def mapping_lookup_export(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """A table as a CSV file that can be edited and imported again."""
    if not request.GET.get("name"):
        return _unnamed(request, practice)
    stored = _needed(request.GET["name"], sections.state_of(practice))
    return as_file(practice, slugify(stored.name) or "table", lookup_form.write_csv(stored))


@require_POST
@practice_view(Role.ADMIN)
def mapping_lookup_import(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Put a CSV file's rows in place of a table's, in the draft; with any wrong row, only say what is wrong."""
    if not request.POST.get("name"):
        return _unnamed(request, practice)
    state = sections.state_of(practice)
    stored = _needed(request.POST["name"], state)
    back = f"{reverse('mapping_lookup', args=[practice.slug])}?{urlencode({'name': stored.name})}"
    content, problems = sent_file(request)
    item = stored
    if not problems:
        item, problems = lookup_form.read_csv(content, stored)
    if problems:
        return refused_file(request, problems, back=back, title=stored.name)
    choices = dataclasses.replace(state.choices, lookups=lookup_form.put(state.choices.lookups, item))
    if not keep(request, practice, state, choices, what=f"the look-up table “{stored.name}”, from a file"):
        messages.error(request, outdated_words(sections.state_of(practice), kept_here=False))
    return redirect(back)


def _unnamed(request: PracticeRequest, practice: Practice) -> HttpResponse:
    messages.error(request, "Choose a table.")
    return redirect(tab_url(practice, "lookups"))


def _show(
    request: HttpRequest, state: State, form: LookupInput, stored: Lookup | None, *, status: int = 200
) -> HttpResponse:
    others = sorted(
        (item.name for item in state.choices.lookups if stored is None or item.name != stored.name),
        key=str.casefold,
    )
    context = {
        **frame(state),
        "tab": "lookups",
        "form": form,
        "stored": stored,
        "others": others,
        "used_by": list(lookup_list.used_by(stored.name, state.choices)) if stored else [],
        "most_shown": lookup_form.MOST_SHOWN,
    }
    return render(request, "mappings/lookup.html", context, status=status)


def _stored(name: str, state: State) -> Lookup | None:
    """The table of that name; ``None`` without a name."""
    return _needed(name, state) if name else None


def _needed(name: str, state: State) -> Lookup:
    found = lookup_list.named(name, state.choices)
    if found is None:
        raise Http404("No such table")
    return found
