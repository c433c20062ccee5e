"""Names, e-mail addresses and phone numbers in one form, for comparing and for writing. Pure."""

import re
import unicodedata
from functools import lru_cache

import phonenumbers

_SPACES = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[^\w\s]", re.UNICODE)
_COMPANY_WORDS = frozenset(
    {
        "pty",
        "ltd",
        "limited",
        "llc",
        "inc",
        "incorporated",
        "co",
        "company",
        "corp",
        "corporation",
        "plc",
        "lp",
    }
    | {"llp", "trust", "trustee", "trustees", "partners", "partnership", "group", "holdings", "association"}
    | {"club", "foundation", "estate", "fund", "family", "super", "superannuation", "smsf", "the"}
)
_SPELLINGS = {
    "limited": "ltd",
    "proprietary": "pty",
    "incorporated": "inc",
    "company": "co",
    "corporation": "corp",
}
_TRADING_AS = re.compile(r"\bt[/.]as?\b\.?(?=\s)", re.IGNORECASE)
_PTY_LTD = re.compile(r"\bp\s?/\s?l\b\.?", re.IGNORECASE)
_TRUSTEE_FOR = re.compile(r"^(?:the )?trustees? (?:for|of) (?:the )?")
_OWN_TAXPAYER = frozenset(
    {"trust", "trustee", "trustees", "fund", "super", "superannuation", "smsf", "estate", "partnership"}
)
"""Forms that never are the same party as a name without them: a person and that person's fund are two."""
_CODE = re.compile(r"^\s*(?:[A-Z]{0,4}\d{3,}[A-Z]?)\s*[-:]?\s+(?=\S)")
EMAIL = re.compile(r"^[^@\s,;<>()\[\]\"]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]{2,}$")


@lru_cache(maxsize=1 << 16)
def tidy(value: str) -> str:
    """One space between words, none around."""
    return _SPACES.sub(" ", value).strip()


@lru_cache(maxsize=50_000)
def name_key(value: str) -> str:
    """A name for comparing: case, accents, punctuation and company-word spellings don't matter.

    A person written "Last, First" equals "First Last"; a company with a comma keeps its order. Different company
    forms stay different ("Pty Ltd" against "Trust"): they are different taxpayers.
    """
    text = tidy(value)
    if text.count(",") == 1:
        last, first = (part.strip() for part in text.split(","))
        words = {word.strip(".").casefold() for word in text.replace(",", " ").split()}
        if first and last and not words & _COMPANY_WORDS:
            text = f"{first} {last}"
    text = _TRADING_AS.sub("trading as", text.replace("&", " and "))
    if "/" in text:
        text = _PTY_LTD.sub("pty ltd", text)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(char for char in text if not unicodedata.combining(char)).casefold()
    text = text.replace("'", "").replace("\u2019", "")
    words_in_order = _NOT_WORD.sub(" ", text).split()
    return " ".join(_SPELLINGS.get(word, word) for word in words_in_order)


@lru_cache(maxsize=50_000)
def core_name(value: str) -> str:
    """The name key without a leading internal code and without the words every company has."""
    words = _TRUSTEE_FOR.sub("", name_key(_CODE.sub("", value))).split()
    kept = [word for word in words if word not in _COMPANY_WORDS]
    return " ".join(kept or words)


@lru_cache(maxsize=50_000)
def company_form(value: str) -> frozenset[str]:
    """The words that tell one legal form from another: ``Pty Ltd``, ``Trust``, ``Inc`` …"""
    words = _TRUSTEE_FOR.sub("", name_key(value)).split()
    form = frozenset(words) & _COMPANY_WORDS - {"the", "group", "co", "and"}
    return form | {"ltd"} if "pty" in form else form


def same_form(first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether nothing in two legal forms speaks against one party: equal, or one side leaves out an everyday one.

    "Pty Ltd" is often left out. A trust, fund or estate is a taxpayer beside the person it is named after.
    """
    if first == second:
        return True
    return (not first or not second) and not (first ^ second) & _OWN_TAXPAYER


def email_key(value: str) -> str:
    return value.strip().casefold()


def is_email(value: str) -> bool:
    """Whether Xero would take it: one address, ASCII only, at most 255 characters."""
    return value.isascii() and len(value) <= 255 and EMAIL.match(value) is not None


@lru_cache(maxsize=50_000)
def phone(value: str, country: str) -> str:
    """A number in international form ("+61 2 9000 0000"), or empty when it is not a possible number there."""
    if not value.strip():
        return ""
    try:
        found = phonenumbers.parse(value, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(found):
        return ""
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@lru_cache(maxsize=50_000)
def phone_key(value: str, country: str) -> str:
    """A number for comparing: E.164 without an extension, or its digits when it can't be understood."""
    found = phone(value, country)
    digits = "".join(char for char in (found.partition(" ext")[0] or value) if char.isdigit())
    return f"+{digits}" if found else digits
