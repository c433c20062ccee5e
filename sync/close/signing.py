"""Signing a period off, taking that back, and seeing whether the figures moved since. Each leaves a trace."""

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone

from practices.audit import record
from practices.models import Practice, User
from sync.close.pack import Listed, Pack
from sync.decisions import NotAllowed
from sync.models import SignOff
from sync.zones import zone_of

NOT_OVER = "The period is not over yet."
NOT_WORKED_OUT = "The figures have not been worked out yet."
OUT_OF_DATE = (
    "The figures could not be worked out anew after the last comparison. Have them worked out again first."
)
MOVED = "The figures changed while you looked at them. Check them again, then sign."
ALREADY = "It is signed off already."
NEEDS_NOTE = "Something critical is open. Settle it first, or say in the note why it is signed off anyway."


@dataclass(frozen=True, slots=True)
class Moved:
    """One figure that is not what it was when the period was signed off; empty: it was not there."""

    label: str
    then: str
    now: str


UNDATED = "differences not tied to a month"


def figures(pack: Pack) -> dict[str, str]:
    """What is signed: totals, counts and balances by name, as text. The pack is to be a whole one."""
    out = _totals(pack)
    for name, listed in _lists(pack).items():
        out[name] = str(listed.count)
        for item in listed.sums.items:
            if item.currency:
                out[f"{name}: at stake in {item.currency}"] = f"{item.at_stake:.2f}"
    for currency, tax in pack.tax.stake:
        out[f"Tax at stake in {currency}"] = f"{tax:.2f}"
    return out


def digest(pack: Pack) -> str:
    """Tells two states of the figures apart, so that nobody signs what they have not seen. Of any pack."""
    seen = _totals(pack)
    for name, listed in _lists(pack).items():
        seen[name] = str(listed.count)
        seen |= {f"{name} in {code}": f"{money:f}" for code, money in listed.stakes.one_by_one.items()}
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:32]


def _totals(pack: Pack) -> dict[str, str]:
    out: dict[str, str] = {}
    for item in pack.tie_outs:
        name = f"{item.label} in {item.currency}"
        out[f"{name}: Ignition"] = f"{item.left:.2f}"
        out[f"{name}: Xero"] = f"{item.right:.2f}"
    out["Open critical differences"] = str(pack.critical)
    for proof in pack.clearing:
        out[f"Clearing account in {proof.currency}"] = f"{proof.closing:.2f}"
    return out


def _lists(pack: Pack) -> dict[str, Listed]:
    return {
        "Open differences": pack.open,
        f"Open {UNDATED}": pack.open_undated,
        "Accepted differences": pack.accepted,
        f"Accepted {UNDATED}": pack.accepted_undated,
    }


def _as_once_signed(pack: Pack) -> dict[str, str]:
    """The figures as they were signed when what has no date was in them, and all differences were added one by one."""
    out = {name: text for name, text in figures(pack).items() if " differences" not in name}
    out["Open critical differences"] = str(pack.critical)
    for name, parts in (
        ("Open", (pack.open, pack.open_undated)),
        ("Accepted", (pack.accepted, pack.accepted_undated)),
    ):
        out[f"{name} differences"] = str(sum(part.count for part in parts))
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for part in parts:
            for code, money in part.stakes.one_by_one.items():
                sums[code] += money
        out |= {f"{name} differences: at stake in {code}": f"{money:.2f}" for code, money in sums.items()}
    return out


def why_not(pack: Pack, *, note: str) -> str:
    """Why the period can't be signed off with this note; empty when it can."""
    today = pack.made_at.astimezone(zone_of(pack.practice.time_zone)).date()
    if pack.signed is not None:
        return ALREADY
    if not pack.period.is_over(today):
        return NOT_OVER
    if not pack.is_worked_out:
        return NOT_WORKED_OUT
    if pack.figures.message:
        return OUT_OF_DATE
    return NEEDS_NOTE if pack.critical and not note else ""


def sign(pack: Pack, *, actor: User, note: str, seen: str) -> SignOff:
    """Sign the period off with its figures. ``seen`` is the :func:`digest` of what the person looked at.

    Raises :class:`NotAllowed` with a sentence; two at once sign once.
    """
    refusal = why_not(pack, note=note) or ("" if seen == digest(pack) else MOVED)
    if refusal:
        raise NotAllowed(refusal)
    try:
        with transaction.atomic():
            made: SignOff = SignOff.objects.create(
                practice=pack.practice,
                starts_on=pack.period.starts_on,
                ends_on=pack.period.ends_on,
                signed_by=actor,
                signed_at=timezone.now(),
                note=note,
                figures=figures(pack),
            )
            record(
                pack.practice,
                actor,
                "period.signed_off",
                f"Signed off {pack.period.label}",
                object=made,
                starts_on=pack.period.starts_on.isoformat(),
                ends_on=pack.period.ends_on.isoformat(),
                note=note,
                figures=made.figures,
            )
    except IntegrityError as error:
        raise NotAllowed(ALREADY) from error
    return made


def withdraw(practice: Practice, pk: int, *, actor: User, reason: str, now: datetime) -> bool:
    """Take a sign-off back; it stays on record with the reason. ``False`` when it was taken back already."""
    with transaction.atomic():
        row = SignOff.objects.select_for_update(no_key=True).filter(practice=practice, pk=pk).first()
        if row is None or row.withdrawn_at is not None:
            return False
        row.withdrawn_at, row.withdrawn_by, row.withdrawn_reason = now, actor, reason[:300]
        row.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
        record(practice, actor, "period.reopened", f"Took back the sign-off of {row}: {reason}", object=row)
    return True


def moved_since(pack: Pack) -> list[Moved]:
    """What is not as it was when the period was signed off."""
    if pack.signed is None or not pack.is_worked_out:
        return []
    then = pack.signed.figures
    now = figures(pack) if f"Open {UNDATED}" in then else _as_once_signed(pack)
    return [
        Moved(label, str(then.get(label, "")), now.get(label, ""))
        for label in sorted(then.keys() | now.keys())
        if str(then.get(label, "")) != now.get(label, "")
    ]
