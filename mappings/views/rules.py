"""One rule: looking at it, editing it in the draft, and what can be done to it from the list."""

import dataclasses
import secrets
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from mappings import sections
from mappings.catalog import ABOUT_WORDS, About
from mappings.pages import rule_form, rule_list, rule_view, samples
from mappings.pages.inputs import SAVE
from mappings.pages.rule_form import RuleInput
from mappings.rules import LONGEST_NAME, Rule
from mappings.sections import State
from mappings.views.frame import frame
from mappings.views.saving import keep, outdated_words, tab_url
from mappings.words import sentence_of
from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role


@practice_view()
def mapping_rule_new(request: PracticeRequest, practice: Practice, about: str) -> HttpResponse:
    """An empty rule about one sort of record."""
    form = rule_form.blank(_about(about))
    return _show(request, practice, sections.state_of(practice), form, "")


@practice_view()
def mapping_rule(request: PracticeRequest, practice: Practice, rule: str) -> HttpResponse:
    """One rule as rows; one that is nested too deeply for rows as a sentence."""
    state = sections.state_of(practice)
    stored = _stored(state, rule)
    if stored is None:
        raise Http404("No such rule")
    return _show(request, practice, state, rule_form.of_rule(stored), rule, stored=stored)


@require_POST
@practice_view(Role.ADMIN)
def mapping_rule_add(request: PracticeRequest, practice: Practice, about: str) -> HttpResponse:
    """A press of any button while a new rule is made. Only “Save in the draft” stores anything."""
    return _edited(request, practice, _about(about), "")


@require_POST
@practice_view(Role.ADMIN)
def mapping_rule_edit(request: PracticeRequest, practice: Practice, rule: str) -> HttpResponse:
    """A press of any button in a rule's editor. Only “Save in the draft” stores anything."""
    state = sections.state_of(practice)
    stored = _stored(state, rule)
    if stored is not None:
        if rule_form.of_rule(stored) is None:
            raise Http404("This rule is not edited in rows")
        return _edited(request, practice, stored.about, rule)
    form = rule_form.of_post(request.POST, _about(request.POST.get("about", "")))
    said = "The rule was deleted in the meantime, so nothing was saved."
    messages.error(request, f"{said} What you sent is below; saving it makes it a new rule.")
    return _show(request, practice, state, form, "", status=409)


@require_POST
@practice_view(Role.ADMIN)
def mapping_rule_act(request: PracticeRequest, practice: Practice, rule: str) -> HttpResponse:
    """Move, copy, delete or switch a rule from the list."""
    state = sections.state_of(practice)
    stored = _stored(state, rule)
    if stored is None:
        raise Http404("No such rule")
    what = request.POST.get("act", "")
    rules = _acted(list(state.choices.rules), stored, what)
    if rules is None:
        messages.error(request, "That can't be done with a rule.")
        return redirect(tab_url(practice, "rules"))
    choices = dataclasses.replace(state.choices, rules=tuple(rules))
    if not keep(request, practice, state, choices, what=f"the rule “{stored.name}” ({_ACTS[what]})"):
        messages.error(request, outdated_words(sections.state_of(practice), kept_here=False))
    return redirect(tab_url(practice, "rules"))


_ACTS = {"up": "moved", "down": "moved", "copy": "copied", "delete": "deleted", "switch": "switched"}


def _acted(rules: list[Rule], rule: Rule, what: str) -> list[Rule] | None:
    """The rules after the act; ``None`` for no act at all. At the end of its kind a rule stays where it is."""
    at = rules.index(rule)
    if what == "switch":
        rules[at] = rule_form.switched(rule)
    elif what == "delete":
        del rules[at]
    elif what == "copy":
        rules.insert(at + 1, _copy(rule, rules))
    elif what in {"up", "down"}:
        same = [place for place, item in enumerate(rules) if item.about is rule.about]
        to = same.index(at) + (-1 if what == "up" else 1)
        if 0 <= to < len(same):
            rules[at], rules[same[to]] = rules[same[to]], rules[at]
    else:
        return None
    return rules


def _copy(rule: Rule, rules: list[Rule]) -> Rule:
    """A copy under a free name, switched off so that nothing happens twice."""
    taken = {item.name.casefold() for item in rules if item.about is rule.about}
    number, name = 1, ""
    while not name or name.casefold() in taken:
        ending = " (copy)" if number == 1 else f" (copy {number})"
        name, number = rule.name[: LONGEST_NAME - len(ending)] + ending, number + 1
    return dataclasses.replace(rule, key=secrets.token_hex(4), name=name, enabled=False)


def _edited(request: PracticeRequest, practice: Practice, about: About, key: str) -> HttpResponse:
    state = sections.state_of(practice)
    form = rule_form.of_post(request.POST, about)
    if request.POST.get("action") != SAVE:
        rule_form.act(form, request.POST)
        return _show(request, practice, state, form, key)
    rule = rule_form.check(form, key or secrets.token_hex(4), state)
    if not form.is_right:
        return _show(request, practice, state, form, key, status=422)
    rule = rule_form.unless_same(rule, _stored(state, key))
    choices = dataclasses.replace(state.choices, rules=rule_form.put(state.choices.rules, rule))
    if keep(request, practice, state, choices, what=f"the rule “{rule.name}”"):
        return redirect(tab_url(practice, "rules"))
    state = sections.state_of(practice)
    messages.error(request, outdated_words(state, kept_here=True))
    return _show(request, practice, state, form, key, status=409)


def _show(
    request: PracticeRequest,
    practice: Practice,
    state: State,
    form: RuleInput | None,
    key: str,
    *,
    stored: Rule | None = None,
    status: int = 200,
) -> HttpResponse:
    rule = rule_form.made(form, key) if form else stored
    assert rule is not None  # noqa: S101  a rule without a form is a stored one
    context: dict[str, Any] = {
        **frame(state),
        "tab": "rules",
        "key": key,
        "about": rule.about.value,
        "about_words": ABOUT_WORDS[rule.about],
        "form": form,
        "editor": rule_view.view_of(form, state.view, state.choices) if form else None,
        "rule": rule,
        "sentence": sentence_of(rule, state.view),
        "samples": samples.rule_samples(practice, rule),
        "action_url": _action_url(practice, rule.about, key),
    }
    return render(request, "mappings/rule.html", context, status=status)


def _action_url(practice: Practice, about: About, key: str) -> str:
    if key:
        return reverse("mapping_rule_edit", args=[practice.slug, key])
    return reverse("mapping_rule_add", args=[practice.slug, about.value])


def _stored(state: State, key: str) -> Rule | None:
    found = [rule for rule in state.choices.rules if rule.key == key]
    return found[0] if len(found) == 1 and rule_list.KEY.match(key) else None


def _about(value: str) -> About:
    try:
        return About(value)
    except ValueError:
        raise Http404("No rules about that") from None
