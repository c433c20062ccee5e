"""Small words and marks of the sync pages. ``{% load sync_pages %}``"""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from practices.models import Country, Practice
from practices.templatetags.formats import NOTHING, day, money
from sync.filters import ASKS, HELD_BY_MODE, READY, STANDINGS, UNPLANNED
from sync.models import Change, ChangeState, Kind, Snapshot, Standing
from sync.pages import words
from sync.pages.diff import Value

register = template.Library()

register.filter("reason_words", words.reason_words)
register.filter("status_words", words.status_words)
register.filter("kind_words", words.kind_words)


@register.filter
def tone(code: Any) -> str:
    """``good``, ``warn``, ``bad``, ``info`` or empty: the colour of a state's badge, never its only mark."""
    return words.TONES.get(str(code), "")


@register.filter
def change_tone(change: Change) -> str:
    """Like :func:`tone` for a Change or a group of them; what only waits for the switch is no warning."""
    if change.state == ChangeState.HELD and change.reason in HELD_BY_MODE.values():
        return "info" if change.reason == HELD_BY_MODE[READY] else ""
    return words.TONES.get(change.state, "")


@register.filter
def change_words(change: Change) -> str:
    """A Change's state; held by the mode reads as what it is."""
    if change.state == ChangeState.HELD:
        held = next((name for name, reason in HELD_BY_MODE.items() if reason == change.reason), "")
        return dict(STANDINGS).get(held, str(change.get_state_display()))
    return str(change.get_state_display())


@register.filter
def called(snapshot: Snapshot) -> str:
    """What people call a record: a client by name, a document by number."""
    if snapshot.kind in {Kind.CONTACT, Kind.PERSON, Kind.PROPOSAL} and snapshot.name:
        return snapshot.name
    return snapshot.title


@register.filter
def standing_tone(snapshot: Snapshot) -> str:
    """Like :func:`tone` for the standing of a record; what only waits for the switch is no warning."""
    if snapshot.standing == Standing.HELD and snapshot.standing_reason in HELD_BY_MODE.values():
        return "info" if snapshot.standing_reason == HELD_BY_MODE[READY] else ""
    return {"in_sync": "good", "held": "warn", "pending": "info", "parked": "bad"}.get(snapshot.standing, "")


@register.filter
def standing_words(snapshot: Snapshot) -> str:
    """The standing in the words of the list's filter."""
    code = snapshot.standing or UNPLANNED
    if code == Standing.HELD:
        code = next(
            (name for name, reason in HELD_BY_MODE.items() if reason == snapshot.standing_reason), ASKS
        )
    return dict(STANDINGS).get(code, snapshot.standing)


@register.filter
def number(value: Any) -> str:
    """A count with thousands separators."""
    try:
        return f"{int(value or 0):,}"
    except (TypeError, ValueError):
        return NOTHING


@register.filter
def cell(value: Value) -> str | SafeString:
    """One value of a comparison in its own format."""
    if value.empty:
        return NOTHING
    if value.how == "money":
        return money(value.value, value.currency)
    if value.how == "day":
        return day(value.value)
    text = str(value.value)
    if text.startswith(("https://", "http://")):
        return format_html('<span class="mono small break">{}</span>', text)
    return text


@register.filter
def percent(value: Any) -> int:
    """``0.93`` → ``93``."""
    try:
        return round(float(value) * 100)
    except (TypeError, ValueError):
        return 0


@register.filter
def tax_word(practice: Practice) -> str:
    """What sales tax is called where the practice is."""
    return "VAT" if practice.country == Country.GB else "GST"


@register.filter
def megabytes(value: Any) -> str:
    """Bytes as people read them: ``0.4 MB``, ``12 MB``."""
    size = int(value or 0) / 1_000_000
    return f"{size:.1f} MB" if size < 10 else f"{size:,.0f} MB"


@register.filter
def seconds(value: Any) -> str:
    """A length of time given as ``timedelta``: ``0.8 s``, ``14 s``, ``2 min 5 s``, ``1 h 3 min``."""
    if value is None:
        return NOTHING
    exact = max(0.0, value.total_seconds())
    total = int(exact)
    if exact < 10 and exact != total:
        return f"{exact:.1f} s"
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min {total % 60} s"
    return f"{total // 3600} h {total % 3600 // 60} min"
