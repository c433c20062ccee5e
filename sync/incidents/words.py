"""What an incident is called, and the sentence that says what helps. For somebody who does not know the codes."""

from datetime import date, datetime

from connectors.causes import Cause
from connectors.xero.failures import CAUSES as XERO_CAUSES
from practices.models import Connection, Provider
from practices.templatetags.formats import clock, day, money
from sync.incidents import causes
from sync.incidents.causes import Finding
from sync.models import ParkedAs
from sync.pages.words import FIX_MAPPING, MAPPING_REASONS, NEXT_STEP, REASONS, kind_words, reason_words

_REFUSALS: dict[str, dict[str, Cause]] = {
    Provider.XERO: {cause.code: cause for cause in reversed(XERO_CAUSES)},
}
"""Per provider, the first row of its table for each code."""

_TITLES = {
    causes.TROUBLE: "No clear answer from {system}: tried again by itself",
    causes.RECONNECT: "{system} needs reconnecting",
    causes.UNREADABLE: "{kinds} from {system} can't be read",
    causes.RUN_FAILED: "The last sync failed",
    causes.RUN_OVERDUE: "No sync has started, though one is due",
    causes.QUOTA_LOW: "Few calls to {system} are left for today",
    causes.ACCESS_ENDS: "Access to {system} ends soon",
    causes.SCOPES_MISSING: "{system} did not give every permission",
    causes.DECIDE_CONFLICT: "{kinds} differ in both systems: choose",
    causes.DECIDE_REVIEW: "{kinds} are not recognised for sure",
    causes.APPROVE: "{kinds} wait for approval",
}

_TEXTS = {
    causes.TROUBLE: "Nothing is lost. Everything is kept and tried again by itself.",
    causes.RECONNECT: "What waits goes on by itself after that. Nothing is lost meanwhile.",
    causes.UNREADABLE: "They are set aside and the rest goes on. Correct them where they come from, or tell support.",
    causes.RUN_OVERDUE: "It was due {said}. If it stays so, tell support: a worker may have stopped.",
    causes.QUOTA_LOW: "{said} Regular reading waits; people's clicks still go through.",
    causes.ACCESS_ENDS: "It was not renewed for long and ends on {said}. Reconnect before that day.",
    causes.SCOPES_MISSING: "Not allowed: {said}. Reconnect and allow everything that is asked for.",
    causes.DECIDE_CONFLICT: "Open each one and choose whose value stays.",
    causes.DECIDE_REVIEW: "Say who they are; their invoices and payments follow.",
    causes.APPROVE: "Your rules want a second person. Somebody who did not ask for them approves or rejects them.",
}

_PARKED = {
    ParkedAs.REJECTED: "{kinds} refused by {system}",
    ParkedAs.NEEDS_MAPPING: "{kinds} refused by {system}",
    ParkedAs.NEEDS_RECONNECT: "{kinds} wait for {system} to be reconnected",
    ParkedAs.UNCLEAR: "It is not known whether {system} took these {kinds_small}",
    ParkedAs.INTERNAL: "{kinds} stopped by a fault on our side",
}
_PARKED_TEXTS = {
    ParkedAs.REJECTED: "Each record has {system}'s own words. Correct it, then retry it.",
    ParkedAs.NEEDS_MAPPING: "Change the mapping, then retry them.",
    ParkedAs.NEEDS_RECONNECT: "Reconnect, then retry them.",
    ParkedAs.UNCLEAR: "Retry them: each is looked up first and never sent blindly.",
    ParkedAs.INTERNAL: "Retry them: each is looked up first. If it happens again, tell support.",
}


def title_of(finding: Finding, connection: Connection | None) -> str:
    """The incident's name, without its count: that changes, the name does not."""
    names = _names(finding.kind, connection)
    if finding.cause in _TITLES:
        return _TITLES[finding.cause].format(**names)[:200]
    parked_as, reason = _split(finding.cause)
    if parked_as is not None:
        if reason == "support":
            return "{kinds} stopped by the support team".format(**names)
        title = _PARKED[parked_as].format(**names)
        known = reason and reason not in {"unknown", "unclear", parked_as.value}
        return f"{title}: {_small(_reason(reason, connection))}"[:200] if known else title
    reason = finding.cause.removeprefix(causes.HELD)
    about = f" ({finding.subject})" if finding.subject else ""
    return f"{names['kinds']} wait: {_small(reason_words(reason))}{about}"[:200]


def text_of(finding: Finding, connection: Connection | None) -> str:
    """What it means and what helps, and the amounts in other currencies than the incident's own."""
    names = _names(finding.kind, connection)
    parts = [_text(finding, connection, names)]
    if finding.besides:
        others = " and ".join(money(amount, currency) for currency, amount in finding.besides)
        parts.append(f"Also {others} in other currencies.")
    return " ".join(part for part in parts if part)[:600]


def _text(finding: Finding, connection: Connection | None, names: dict[str, str]) -> str:
    cause, said = finding.cause, finding.said
    if cause == causes.RUN_FAILED:
        after = "The next one starts by itself." if finding.heals else "Start one when the cause is settled."
        return f"{said} {after}".strip()
    if cause == causes.RECONNECT and connection is not None:
        said = connection.state_reason
    if cause == causes.ACCESS_ENDS:
        said = day(date.fromisoformat(said))
    elif cause == causes.RUN_OVERDUE:
        moment = datetime.fromisoformat(said)
        said = f"{day(moment)}, {clock(moment)}"
    if cause in _TEXTS:
        text = _TEXTS[cause].format(said=said, **names)
        return f"{said} {text}".strip() if cause in {causes.TROUBLE, causes.RECONNECT} else text
    parked_as, reason = _split(cause)
    if parked_as is not None:
        refusal = _refusal(reason, connection)
        return f"{refusal.sentence} {refusal.fix}" if refusal else _PARKED_TEXTS[parked_as].format(**names)
    reason = cause.removeprefix(causes.HELD)
    return NEXT_STEP.get(reason, FIX_MAPPING if reason in MAPPING_REASONS else "Each record says what helps.")


def _names(kind: str, connection: Connection | None) -> dict[str, str]:
    kinds = kind_words(kind) if kind else "records"
    system = str(connection.get_provider_display()) if connection is not None else ""
    return {"kinds": kinds.capitalize(), "kinds_small": kinds, "system": system}


def _split(cause: str) -> tuple[ParkedAs | None, str]:
    parked_as, dot, reason = cause.partition(".")
    return (ParkedAs(parked_as), reason) if dot and parked_as in ParkedAs.values else (None, reason)


def _refusal(reason: str, connection: Connection | None) -> Cause | None:
    return _REFUSALS.get(connection.provider, {}).get(reason) if connection is not None else None


def _reason(reason: str, connection: Connection | None) -> str:
    """In a few words where there are some; the whole sentence stands in the text."""
    refusal = _refusal(reason, connection)
    return refusal.sentence.rstrip(".") if refusal and reason not in REASONS else reason_words(reason)


def _small(sentence: str) -> str:
    """A sentence to go on after a colon: names keep their capital."""
    first = sentence.split(" ", 1)[0]
    return sentence if first in {"Xero", "Ignition", "Ignition's"} else sentence[:1].lower() + sentence[1:]
