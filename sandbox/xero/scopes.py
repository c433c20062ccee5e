"""Granular scopes: which exist, and which an endpoint asks for."""

from __future__ import annotations

import re

_FAMILIES = (
    "accounting.contacts", "accounting.settings", "accounting.invoices", "accounting.payments",
    "accounting.banktransactions", "accounting.manualjournals", "accounting.attachments",
    "practicemanager", "practicemanager.client", "practicemanager.job", "practicemanager.staff",
    "practicemanager.time",
)  # fmt: skip
VALID = {
    "openid", "profile", "email", "offline_access",
    *_FAMILIES, *(f"{family}.read" for family in _FAMILIES),
}  # fmt: skip
_REPORT = re.compile(r"accounting\.reports\.[a-z0-9]+\.read")
ACCESS_SCOPES = ("accounting.", "practicemanager")

CONTACTS = ("accounting.contacts",)
SETTINGS = ("accounting.settings",)
INVOICES = ("accounting.invoices",)
PAYMENTS = ("accounting.payments",)
BANK = ("accounting.banktransactions",)
# Items are listed under both families; only settings is known to suffice for writing.
ITEMS_READ = ("accounting.settings", "accounting.invoices")

LABELS = {
    "accounting.contacts": "View and manage your contacts",
    "accounting.settings": "View and manage your organisation settings",
    "accounting.invoices": "View and manage your invoices and credit notes",
    "accounting.payments": "View and manage your payments",
    "accounting.banktransactions": "View and manage your bank transactions",
    "accounting.attachments": "View and manage your files",
    "openid": "Sign you in",
    "offline_access": "Stay connected when you are away",
}


def invalid(requested: list[str]) -> list[str]:
    """Scopes that do not exist for applications of today; the broad old ones among them."""
    return [scope for scope in requested if scope not in VALID and not _REPORT.fullmatch(scope)]


def allowed(granted: list[str], families: tuple[str, ...], *, write: bool) -> bool:
    """Whether one of the families is granted, for reading or for writing."""
    return any(family in granted or (not write and f"{family}.read" in granted) for family in families)


def label(scope: str) -> str:
    base = scope.removesuffix(".read")
    text = LABELS.get(base, base)
    return text.replace("View and manage", "View") if scope.endswith(".read") else text
