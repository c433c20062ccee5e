"""What the page frame needs to know. ``{% load practice %}``"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django import forms, template
from django.conf import settings
from django.forms import BoundField
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString

from practices.access import practices_of
from practices.models import Membership, Practice, Role, User

register = template.Library()

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
PROVIDER_URLS = (
    "IGNITION_API_URL",
    "IGNITION_AUTH_URL",
    "XERO_API_URL",
    "XERO_LOGIN_URL",
    "XERO_IDENTITY_URL",
)


@dataclass(frozen=True, slots=True)
class NavEntry:
    """One link of the sidebar. ``name`` is its page, ``keys`` its shortcut, ``current`` marks the page shown."""

    name: str
    label: str
    url: str
    icon: str
    keys: str
    current: bool


@dataclass(frozen=True, slots=True)
class NavGroup:
    label: str
    entries: tuple[NavEntry, ...]


# URL name, label, icon, shortcut after "g", lowest role that sees it
NAV: tuple[tuple[str, tuple[tuple[str, str, str, str, Role], ...]], ...] = (
    (
        "",
        (
            ("dashboard", "Home", "home", "d", Role.VIEWER),
            ("problems", "Problems", "warn", "o", Role.VIEWER),
            ("reviews", "To review", "review", "r", Role.VIEWER),
            ("approvals", "Approvals", "ok", "v", Role.VIEWER),
            ("plan", "Planned changes", "plan", "l", Role.VIEWER),
            ("reconciliation", "Reconciliation", "link", "n", Role.VIEWER),
            ("activity", "Activity", "activity", "a", Role.VIEWER),
            ("events", "Live changes", "clock", "e", Role.VIEWER),
        ),
    ),
    (
        "Records",
        (
            ("contacts", "Contacts", "people", "c", Role.VIEWER),
            ("client_graph", "Who is who", "link", "g", Role.VIEWER),
            ("invoices", "Invoices", "invoice", "i", Role.VIEWER),
            ("payments", "Payments", "payment", "p", Role.VIEWER),
        ),
    ),
    (
        "Set-up",
        (
            ("mapping", "Mapping", "mapping", "m", Role.VIEWER),
            ("connections", "Connections", "plug", "x", Role.VIEWER),
            ("members", "Members", "members", "u", Role.VIEWER),
            ("practice_settings", "Settings", "settings", "s", Role.ADMIN),
            ("audit", "Audit trail", "audit", "t", Role.ADMIN),
        ),
    ),
)


@register.filter
def may(membership: Membership | None, role: str) -> bool:
    """``{% if membership|may:"admin" %}``"""
    return membership is not None and membership.may(Role(role))


@register.simple_tag(takes_context=True)
def nav(context: dict[str, Any]) -> list[NavGroup]:
    """The sidebar of the practice entered; pages that are not installed are left out."""
    request = context.get("request")
    practice: Practice | None = getattr(request, "practice", None)
    membership: Membership | None = getattr(request, "membership", None)
    if request is None or practice is None or membership is None:
        return []
    match = request.resolver_match
    current = match.url_name if match else ""
    path = request.path
    groups = []
    for label, rows in NAV:
        entries = []
        for name, title, icon, key, role in rows:
            url = _url(name, practice.slug)
            if url and membership.may(role):
                inside = name != "dashboard" and path.startswith(url)
                entries.append(NavEntry(name, title, url, icon, f"g {key}", name == current or inside))
        if entries:
            groups.append(NavGroup(label, tuple(entries)))
    return groups


@register.simple_tag
def my_practices(user: Any) -> list[Practice]:
    """Practices for the switcher; none when logged out."""
    return practices_of(user) if isinstance(user, User) else []


@register.simple_tag
def product_name() -> str:
    """What the product is called on its own pages."""
    return str(getattr(settings, "PRODUCT_NAME", "Practice Sync"))


@register.simple_tag
def simulated() -> bool:
    """Whether any provider address points at this machine, so nothing on the page is the real world."""
    return any(urlsplit(getattr(settings, name, "") or "").hostname in LOOPBACK for name in PROVIDER_URLS)


@register.simple_tag
def demo_logins() -> list[dict[str, str]]:
    """Log-ins that the demo prints on its log-in page: dicts with ``email``, ``password``, ``label``."""
    return [_demo_login(entry) for entry in getattr(settings, "DEMO_LOGINS", None) or []]


def _demo_login(entry: Any) -> dict[str, str]:
    if isinstance(entry, dict):
        return {key: str(entry.get(key, "")) for key in ("email", "password", "label")}
    email, password, label = (*entry, "", "")[:3]
    return {"email": email, "password": password, "label": label}


def _url(name: str, slug: str) -> str:
    """The page's address, whether or not its package uses a namespace; empty when it isn't installed."""
    for candidate in (name, f"sync:{name}", f"mappings:{name}"):
        try:
            return reverse(candidate, kwargs={"slug": slug})
        except NoReverseMatch:
            continue
    return ""


@register.filter
def widget_kind(field: BoundField) -> str:
    """``checkbox``, ``choices`` (a list of radios or boxes) or ``input``."""
    if isinstance(field.field.widget, forms.CheckboxInput):
        return "checkbox"
    return (
        "choices"
        if isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
        else "input"
    )


@register.filter
def styled(field: BoundField) -> SafeString:
    """The field's input with the classes of the page."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        name = "form-check-input"
    else:
        name = "form-select" if isinstance(widget, forms.Select) else "form-control"
    attrs: dict[str, str | bool] = {"class": f"{widget.attrs.get('class', '')} {name}".strip()}
    if field.errors:
        attrs["aria-invalid"] = "true"
    return field.as_widget(attrs=attrs)
