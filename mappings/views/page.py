"""The mapping page, one tab at a time, and saving a tab's form in the draft."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from mappings import currencies_table, sections, services_table, staff_table, tables
from mappings.forms import FIELD_PREFIX
from mappings.models import MappingSet, SetState
from mappings.pages import field_list, lookup_list, rule_list
from mappings.sections import Outcome, State
from mappings.tracked import categories
from mappings.views.copying import copied_from
from mappings.views.frame import frame
from mappings.views.saving import keep, outdated_words, tab_url
from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role

ROWS_ON_A_PAGE = 50


@practice_view()
def mapping(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """One section at a time: ``?tab=services&q=book&only=unmapped&page=2``."""
    tab = request.GET.get("tab", "invoices")
    if tab not in sections.TITLES:
        raise Http404("No such part of the mapping")
    return show(request, practice, tab, sections.state_of(practice))


@require_POST
@practice_view(Role.ADMIN)
def mapping_save(request: PracticeRequest, practice: Practice, section: str) -> HttpResponse:
    """Keep the sent section in the draft."""
    state = sections.state_of(practice)
    if section not in sections.EDITABLE or (
        section == sections.SUGGESTIONS and (state.version or state.draft)
    ):
        raise Http404("No such part of the mapping")
    outcome = sections.proposed(section, state, request.POST.dict())
    tab = sections.tab_of(section)
    if not outcome.is_valid:
        return show(request, practice, tab, state, outcome, status=422)
    if keep(request, practice, state, outcome.choices, what=_what(section)):
        return (
            redirect("mapping_draft", practice.slug)
            if section == sections.SUGGESTIONS
            else _back(practice, tab)
        )
    state = sections.state_of(practice)
    messages.error(request, outdated_words(state, kept_here=True))
    return show(
        request, practice, tab, state, sections.proposed(section, state, request.POST.dict()), status=409
    )


def show(
    request: PracticeRequest,
    practice: Practice,
    tab: str,
    state: State,
    sent: Outcome | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """A section's page; with ``sent``, a form that was not saved, as it was filled in."""
    shown_as = sections.as_sent(state, sent)
    form = sent.form if sent and sent.form is not None else sections.form_of(tab, state)
    rows = sections.rows_of(tab, shown_as)
    search, only = request.GET.get("q", "").replace("\x00", ""), request.GET.get("only", "")
    only = only if only in {"unmapped", "gone"} else ""
    shown: Any = tables.narrowed(rows, search=search, only=only)
    if sent is not None and tab == "services":
        shown = [row for row in rows if f"{FIELD_PREFIX}{row.key}" in request.POST]
    if tab == "versions":
        ours = MappingSet.objects.for_practice(practice).exclude(state=SetState.DRAFT)
        shown = ours.select_related("created_by").order_by("-version")
    page = Paginator(shown, ROWS_ON_A_PAGE).get_page(request.GET.get("page"))
    if tab == "services":
        page.object_list = tables.with_selects(page.object_list, state.view, shown_as.choices)
    context = {
        **frame(state),
        "tab": tab,
        "form": form,
        "fields": sections.fields_of(form, state),
        "row_count": len(rows),
        "unmapped": sum(row.state == "unmapped" for row in rows),
        "page": page,
        "search": search,
        "only": only,
        "problems": sent.problems if sent else [],
        "can_fill": tab == "taxes" and any(row.suggestion and not row.value for row in rows),
        **_more(request, practice, tab, state, sent),
    }
    return render(request, f"mappings/{tab}.html", context, status=status)


def _more(
    request: PracticeRequest, practice: Practice, tab: str, state: State, sent: Outcome | None
) -> dict[str, Any]:
    """What single tabs show besides."""
    if tab == "services":
        columns = services_table.columns(state.view, state.choices)
        return {"columns": columns, "items": sorted(state.view.facts.items or ())}
    if tab == "staff":
        shown = sections.as_sent(state, sent)
        found = staff_table.rows(state.view, shown.choices)
        missing = sum(not row.in_target for row in found)
        tracked = categories(state.view, shown.choices.tracking_by_staff)
        return {"staff": found, "columns": tracked, "not_in_xero": missing}
    if tab == "currencies":
        shown = sections.as_sent(state, sent)
        return {
            "currencies": currencies_table.rows(state.view, shown.choices),
            "not_switched_on": currencies_table.not_switched_on(state.view),
        }
    if tab == "fields":
        return field_list.listed(state)
    if tab == "rules":
        form = sent.form if sent and sent.form is not None else sections.form_of("approvals", state)
        return {**rule_list.listed(practice, state), "approvals": form}
    if tab == "lookups":
        return {"lookups": lookup_list.listed(state)}
    if tab == "versions" and request.may_admin:
        return {"copy_from": copied_from(request.user, practice)}
    return {}


def _what(section: str) -> str:
    """The section in the words of the audit trail."""
    return {"approvals": "approvals", sections.SUGGESTIONS: "the app's suggestions"}.get(
        section, sections.TITLES.get(section, section)
    ).lower()


def _back(practice: Practice, tab: str) -> HttpResponse:
    return redirect(tab_url(practice, tab))
