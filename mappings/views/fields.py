"""One field of Xero: looking at what fills it, and editing that in the draft."""

import dataclasses

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from mappings import checks, sections
from mappings.catalog import ABOUT_WORDS
from mappings.fieldmaps import FieldMap
from mappings.pages import field_form, inputs, samples
from mappings.pages.field_form import FieldInput
from mappings.pages.field_list import OWN
from mappings.pages.inputs import SAVE
from mappings.program import effective
from mappings.sections import State
from mappings.targets import TARGETS, Target
from mappings.views.frame import frame
from mappings.views.saving import keep, outdated_words, tab_url
from mappings.words import field_words
from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role

BACK_TO_OWN = "own"


@practice_view()
def mapping_field(request: PracticeRequest, practice: Practice, target: str) -> HttpResponse:
    """What fills one field, on five recent records."""
    field, state = _target(target), sections.state_of(practice)
    return _show(request, practice, state, field_form.of_map(_stored(state, field), field))


@require_POST
@practice_view(Role.ADMIN)
def mapping_field_edit(request: PracticeRequest, practice: Practice, target: str) -> HttpResponse:
    """A press of any button in a field's editor. Only saving and going back to the app's own store anything."""
    field, state = _target(target), sections.state_of(practice)
    form = field_form.of_post(request.POST, field, _stored(state, field))
    action = request.POST.get("action")
    if action == BACK_TO_OWN:
        kept = field_form.without(state.choices.fields, field.key)
    elif action == SAVE:
        item = field_form.check(form, state)
        if not form.is_right:
            return _show(request, practice, state, form, status=422)
        kept = field_form.put(state.choices.fields, item)
    else:
        field_form.act(form, request.POST)
        return _show(request, practice, state, form)
    choices = dataclasses.replace(state.choices, fields=kept)
    what = f"the field “{field.label}” of {ABOUT_WORDS[field.about]}"
    if keep(request, practice, state, choices, what=what):
        return redirect(tab_url(practice, "fields"))
    state = sections.state_of(practice)
    messages.error(request, outdated_words(state, kept_here=True))
    return _show(request, practice, state, form, status=409)


def _show(
    request: PracticeRequest, practice: Practice, state: State, form: FieldInput, *, status: int = 200
) -> HttpResponse:
    target = form.target
    inputs.name_steps(form.steps, "step-", (table.name for table in state.choices.lookups))
    env = checks.environment(state.choices, state.view)
    own = OWN.get(target.key)
    context = {
        **frame(state),
        "tab": "fields",
        "target": target,
        "about_words": ABOUT_WORDS[target.about],
        "form": form,
        "offered": field_form.choices_for(form),
        "values": field_form.values_of(target, state.view),
        "is_yours": target.key in {item.target for item in state.choices.fields},
        "own_words": field_words(own) if own else target.instead or "not filled",
        "samples": samples.field_samples(practice, target.about, field_form.made(form), env),
    }
    return render(request, "mappings/field.html", context, status=status)


def _stored(state: State, target: Target) -> FieldMap | None:
    return effective(state.choices.fields).get(target.key)


def _target(key: str) -> Target:
    if key not in TARGETS:
        raise Http404("No such field")
    return TARGETS[key]
