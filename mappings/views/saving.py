"""What every page that edits the mapping does with what was sent: keep it in the draft, or say who was quicker."""

from django.contrib import messages
from django.http import HttpRequest

from mappings import drafts, services
from mappings.sections import TITLES, State
from mappings.spec import Choices
from practices.access import PracticeRequest
from practices.models import Practice

LONGEST_NUMBER = 10
"""Digits; no revision or version has more, and Python refuses to read thousands of them."""

SAVED = "Saved in the draft. Nothing is in force yet."


def number_in(request: HttpRequest, name: str) -> int:
    """A number that a form carries; -1, which is never right, for anything else."""
    given = request.POST.get(name, "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= LONGEST_NUMBER else -1


def keep(request: PracticeRequest, practice: Practice, state: State, choices: Choices, *, what: str) -> bool:
    """Save choices in the draft and say so. False when somebody else saved meanwhile: nothing was changed then."""
    if choices == state.choices and (state.draft or state.version):
        messages.info(request, "Nothing was different, so nothing was saved.")
        return True
    try:
        made = drafts.save(
            practice, choices, actor=request.user, what=what, expected=number_in(request, "revision")
        )
    except services.Outdated:
        return False
    if made is None:
        messages.info(request, "That is what is in force already, so the draft is empty and gone.")
    else:
        messages.success(request, SAVED)
    return True


def outdated_words(state: State, *, kept_here: bool) -> str:
    """Why nothing was saved; ``kept_here``: what was sent is still on the page."""
    if state.draft is None:
        said = "The draft you were editing was published or discarded in the meantime, so nothing was saved."
    else:
        said = f"{state.draft.changed_by or 'Someone else'} saved the draft in the meantime, so nothing was saved."
    if kept_here:
        return f"{said} What you sent is still below: look at what changed, then save it once more."
    return f"{said} Look at the draft as it is now and do it once more."


def tab_url(practice: Practice, tab: str) -> str:
    return f"/p/{practice.slug}/mapping/" + (f"?tab={tab}" if tab in TITLES else "")
