"""A mapped value in the form and within the limits that its field takes. Pure."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from mappings import normalise
from mappings.catalog import Type
from mappings.refusals import Refused
from mappings.targets import MOST_DAYS, Form, Target
from mappings.templates import as_text

Fit = Callable[[Any], str]
Offers = Mapping[str, Mapping[str, str]]
"""The target's own lists by name: what a value may be called, without regard to case → the value itself."""

_YES = frozenset({"yes", "y", "true", "1", "on"})
_NO = frozenset({"no", "n", "false", "0", "off"})
_BESIDE_LETTERS = frozenset(" .,'-()")


def fit_for(target: Target, offers: Offers) -> Fit:
    """What turns a value into what the field takes; the function raises :class:`Refused` with a sentence.

    A list that was never read refuses nothing: the target says itself what it does not take.
    """
    if target.options:
        words = {words.casefold(): value for value, words in target.options.items()}
        return _one_of({value.casefold(): value for value in target.options} | words, target)
    if target.offered is not None:
        known = offers.get(target.offered.value)
        return _text(target.longest) if known is None else _one_of(known, target)
    if target.type is Type.DATE:
        return as_date
    if target.type is Type.NUMBER:
        return lambda found: _whole(found, target)
    if target.type is Type.YES_NO:
        return lambda found: _yes_or_no(found, target)
    return {Form.EMAIL: _email, Form.LETTERS: _letters}.get(target.form, _text)(target.longest)


def as_date(value: Any) -> str:
    """A date as ISO text; empty stays empty. Raises :class:`Refused`."""
    if value is None or value == "":
        return ""
    if isinstance(value, date):
        return value.isoformat()
    try:
        return date.fromisoformat(as_text(value).strip()[:10]).isoformat()
    except ValueError:
        raise Refused(f"“{as_text(value)[:40]}” is not a date.") from None


def _text(longest: int) -> Fit:
    def fit(found: Any) -> str:
        return (found if type(found) is str else as_text(found))[:longest].rstrip()

    return fit


def _email(longest: int) -> Fit:
    def fit(found: Any) -> str:
        text = as_text(found).strip()
        if text and not normalise.is_email(text):
            raise Refused(f"The e-mail address “{text[:80]}” can't be used in Xero.")
        return text

    return fit


def _letters(longest: int) -> Fit:
    def fit(found: Any) -> str:
        text = as_text(found).strip()[:longest].rstrip()
        if not all(char.isalpha() or char in _BESIDE_LETTERS for char in text):
            raise Refused(f"Xero takes letters only, not “{text}”.")
        return text

    return fit


def _one_of(known: Mapping[str, str], target: Target) -> Fit:
    def fit(found: Any) -> str:
        text = as_text(found).strip()
        if not text:
            return ""
        value = known.get(text.casefold())
        if value is None:
            raise Refused(f"“{text[:60]}” is nothing that Xero offers for “{target.label}”.")
        return value

    return fit


def _whole(found: Any, target: Target) -> str:
    text = as_text(found).strip()
    if not text:
        return ""
    head, _, tail = text.partition(".")
    if (
        not head.isascii()
        or not head.isdecimal()
        or tail.strip("0")
        or len(head) > 4
        or int(head) > MOST_DAYS
    ):
        raise Refused(f"“{text[:40]}” is not a whole number from 0 to {MOST_DAYS}, for “{target.label}”.")
    return str(int(head))


def _yes_or_no(found: Any, target: Target) -> str:
    text = as_text(found).strip().casefold()
    if text in _YES:
        return "yes"
    if text in _NO or not text:
        return "no" if text else ""
    raise Refused(f"“{text[:40]}” is neither yes nor no, for “{target.label}”.")
