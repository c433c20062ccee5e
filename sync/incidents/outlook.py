"""Whether a record that was refused would go through now, as far as can be seen from here. Pure.

Nothing is called: what is known of the target is what was read last. Three answers are honest: it goes through (what
stood in the way has changed since), it would be refused again (what stands in the way is still there), or it can't be
told before trying.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mappings.spec import Facts, is_active

PASSES, AGAIN, UNSURE = "passes", "again", "unsure"
BATCH = 50
"""Elements per call."""
LOOKED_UP = frozenset({"unclear", "internal", "needs_reconnect"})
"""Ways of being stopped after which the target is asked first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """A record in the target, as last read; ``changed_at`` is when we learned of its newest content."""

    status: str = ""
    amount_due: Decimal | None = None
    has_money: bool = False
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One refused write with what is known around it.

    ``partner`` is the record it belongs to in the target (an invoice's contact, a payment's invoice), ``itself`` the
    one it changes. ``waits_for`` names a record that has to be written first; ``unlinked``: nothing will write it.
    """

    pk: int
    kind: str
    verb: str
    reason: str = ""
    parked_as: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    refused_at: datetime | None = None
    looks_up: bool = False
    mode: str = "take_over"
    waits_for: str = ""
    unlinked: bool = False
    partner: There | None = None
    itself: There | None = None
    name_taken: bool = False
    number_taken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The target as last read. ``learned`` says when its own settings last changed for us, by kind and id."""

    name: str
    problem: str = ""
    facts: Facts = field(default_factory=Facts)
    learned: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    read_at: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What sending all of them again would come to. ``reasons`` lists each answer with how many it is true of."""

    passes: int
    again: int
    unsure: int
    calls: int
    look_ups: int
    reasons: tuple[tuple[Verdict, int], ...]

    @property
    def total(self) -> int:
        return self.passes + self.again + self.unsure


def outlook(items: Sequence[Owed], target: Target) -> Outlook:
    """The answer for each, counted, and about how many calls it takes."""
    told = Counter(verdict(item, target) for item in items)
    sums = {
        name: sum(count for answer, count in told.items() if answer.outcome == name)
        for name in (PASSES, AGAIN, UNSURE)
    }
    sent = Counter((item.kind, item.verb) for item in items)
    asked = Counter((item.kind, item.verb) for item in items if item.looks_up)
    look_ups = sum(math.ceil(count / BATCH) for count in asked.values())
    return Outlook(
        passes=sums[PASSES],
        again=sums[AGAIN],
        unsure=sums[UNSURE],
        calls=sum(math.ceil(count / BATCH) for count in sent.values()) + look_ups,
        look_ups=look_ups,
        reasons=tuple(told.most_common()),
    )


def verdict(item: Owed, target: Target) -> Verdict:
    """What would become of one record, and why."""
    against = next(_against(item, target), "")
    if against:
        return Verdict(AGAIN, against)
    if item.waits_for:
        return Verdict(UNSURE, "It goes after the record it belongs to, which is not written yet.")
    if item.parked_as in LOOKED_UP:
        return Verdict(PASSES, "It is looked up first, and sent only if it is not there.")
    since = _changed_since(item, target)
    if since:
        return Verdict(PASSES, since)
    return Verdict(UNSURE, f"Nothing seen here has changed since. Only {target.name} can tell.")


def _against(item: Owed, target: Target) -> Iterator[str]:
    """What certainly stands in the way, most general first."""
    if target.problem:
        yield target.problem
    if item.mode == "watch":
        yield "Writing this kind is switched off (“Watch only”)."
    if item.mode == "fill_gaps" and item.verb == "update":
        yield "“Fill the gaps” changes nothing that is already there."
    yield from _against_settings(item, target)
    yield from _against_records(item, target)


def _against_settings(item: Owed, target: Target) -> Iterator[str]:
    facts = target.facts
    day = _day(item.values.get("date"))
    if facts.lock_date and day and day <= facts.lock_date:
        yield f"Its date is still in a period that {target.name} has locked."
    for code in accounts_of(item) if facts.accounts else ():
        account = facts.accounts.get(code)
        if account is None or not is_active(account):
            yield f"An account on it is not active in {target.name}."
        elif item.kind == "payment" and not account.takes_payments:
            yield f"Its account does not accept payments in {target.name}."
    for tax_type in taxes_of(item) if facts.tax_rates else ():
        rate = facts.tax_rates.get(tax_type)
        if rate is None or not is_active(rate) or not rate.for_revenue:
            yield f"A tax type on it can't be used on sales in {target.name}."
    for category, option in tracking_of(item):
        if option not in facts.tracking.get(category, frozenset()):
            yield f"A tracking option on it is not active in {target.name}."
    currency = str(item.values.get("currency") or "")
    if facts.currencies and currency and currency != facts.base_currency and currency not in facts.currencies:
        yield f"Its currency is not switched on in {target.name}."


def _against_records(item: Owed, target: Target) -> Iterator[str]:
    partner, itself = item.partner, item.itself
    if item.unlinked:
        yield f"The record it belongs to is not linked to one in {target.name}."
    if item.name_taken:
        yield f"Another active contact in {target.name} still has its name."
    if item.number_taken:
        yield f"Another document in {target.name} still has its number."
    if partner is not None and item.kind == "invoice" and partner.status == "ARCHIVED":
        yield f"Its contact is archived in {target.name}."
    if partner is not None and item.kind == "payment":
        if partner.status not in {"AUTHORISED", "PAID"}:
            yield f"Its invoice is not approved in {target.name}."
        amount = _decimal(item.values.get("amount"))
        if amount is not None and partner.amount_due is not None and amount > partner.amount_due:
            yield f"It is more than what is open on its invoice in {target.name}."
    if itself is not None and item.kind == "contact" and itself.status == "ARCHIVED":
        yield f"The contact is archived in {target.name}."
    if itself is not None and item.kind == "invoice" and itself.has_money:
        yield f"There is a payment or credit on it in {target.name}."


def _changed_since(item: Owed, target: Target) -> str:
    """What of the refusal's own cause is different from when it was refused; empty when nothing is."""
    when = item.refused_at
    if when is None:
        return ""
    if item.reason in {"duplicate_name", "duplicate_number"}:
        read = target.read_at.get(item.kind)
        what = "name" if item.reason == "duplicate_name" else "number"
        return f"Nobody else in {target.name} has its {what} any more." if read and read > when else ""
    moments = [target.learned[key] for key in _concerned(item) if key in target.learned]
    moments += [there.changed_at for there in _records(item) if there.changed_at]
    if any(moment > when for moment in moments):
        return f"What stood in the way has changed in {target.name} since, and looks right now."
    return ""


def _concerned(item: Owed) -> Iterator[tuple[str, str]]:
    """The target's settings that a refusal was about, by kind and id; ``""`` is any of the kind."""
    if item.reason == "period_locked":
        yield "organisation", ""
    elif item.reason == "bad_account":
        yield from (("account", code) for code in accounts_of(item))
    elif item.reason == "bad_tax_type":
        yield from (("tax_rate", tax_type) for tax_type in taxes_of(item))
        yield from (("account", code) for code in accounts_of(item))
    elif item.reason == "bad_tracking":
        yield "tracking_category", ""
    elif item.reason == "currency":
        yield "currency", str(item.values.get("currency") or "")


def _records(item: Owed) -> Iterator[There]:
    if item.reason in {"contact_archived", "overpayment"} and item.partner is not None:
        yield item.partner
    if item.reason in {"contact_archived", "has_payments"} and item.itself is not None:
        yield item.itself


def accounts_of(item: Owed) -> frozenset[str]:
    """Codes or ids of the accounts that a write names."""
    lines = item.values.get("lines") or []
    codes = {str(line.get("account_code") or "") for line in lines}
    codes.add(str(item.values.get("account_code") or ""))
    return frozenset(codes - {""})


def taxes_of(item: Owed) -> frozenset[str]:
    lines = item.values.get("lines") or []
    return frozenset({str(line.get("tax_type") or "") for line in lines} - {""})


def tracking_of(item: Owed) -> frozenset[tuple[str, str]]:
    lines = item.values.get("lines") or []
    return frozenset(
        (str(option.get("category")), str(option.get("option")))
        for line in lines
        for option in line.get("tracking") or []
    )


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def _decimal(text: Any) -> Decimal | None:
    try:
        return Decimal(str(text))
    except ArithmeticError:
        return None
