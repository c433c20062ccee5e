"""Contacts field by field: what is written, what somebody else's change protects, what a person has to decide. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.records import Contact
from mappings import normalise
from mappings.catalog import TARGETS, About
from mappings.fieldmaps import Conflict, Direction, FieldMap, Mode
from mappings.mapped import Mapped
from sync.plan import Decision

COMPARED = tuple(item.value for item in TARGETS.values() if item.about is About.CONTACT and item.compared)
WRITE, LEAVE, ASK = "write", "leave", "ask"
DEFAULT = FieldMap(target="")


def contact_update(
    mapped: Mapped,
    target: Contact,
    base: Mapping[str, Any],
    base_target: Mapping[str, Any],
    country: str,
    *,
    policies: Mapping[str, FieldMap] | None = None,
    source_changed_at: datetime | None = None,
    split: bool = False,
) -> Decision:
    """A linked contact: three-way per field against what both sides last agreed on.

    Without a base (the pair was found, not written) an empty field is filled and a different one is a conflict for
    a person. With a base only what changed in the source is written; what also changed in the target is a conflict.
    ``policies`` are the field maps by the value they fill: whose field it is, when it may be written over, who wins.
    ``split`` writes what nobody contests first; the rest is put before a person by the plan after that.
    """
    there = contact_values(target)
    write: dict[str, Any] = {}
    conflicts: dict[str, Any] = {}
    newer = _is_newer(source_changed_at, target.source_updated_at)
    for name in COMPARED:
        ours, theirs = mapped.values.get(name, ""), there[name]
        if not ours or same(name, ours, theirs, country):
            continue
        policy = (policies or {}).get(name, DEFAULT)
        contested = _contested(name, ours, theirs, base, base_target, country)
        found = _verdict(name, policy, theirs, contested=contested, known=name in base, newer=newer)
        if found == WRITE:
            write[name] = ours
        elif found == ASK:
            conflicts[name] = ours
    if conflicts and write and split:
        before = {name: there[name] for name in write}
        remarks = (*mapped.remarks, MORE_TO_DECIDE)
        return Decision(action="update", values=write, before=before, remarks=remarks)
    if conflicts:
        names = " and ".join(LABELS[name] for name in conflicts)
        verb = "differ" if len(conflicts) > 1 else "differs"
        text = f"{names} {verb} between Ignition and Xero. Choose which value is right."
        values = {**write, **conflicts}
        before = {name: there[name] for name in values}
        return Decision(
            action="held", reason="conflict", text=text, values=values, before=before, remarks=mapped.remarks
        )
    if not write:
        return Decision(action="nothing", remarks=mapped.remarks)
    before = {name: there[name] for name in write}
    return Decision(action="update", values=write, before=before, remarks=mapped.remarks)


def _contested(
    name: str,
    ours: str,
    theirs: str,
    base: Mapping[str, Any],
    base_target: Mapping[str, Any],
    country: str,
) -> bool | None:
    """Whether the target's value is somebody else's doing; ``None`` where the source has not changed its own."""
    if name not in base:
        return True
    if same(name, ours, base[name], country):
        return None
    return not same(name, theirs, base_target.get(name, theirs), country)


def _verdict(
    name: str, policy: FieldMap, theirs: str, *, contested: bool | None, known: bool, newer: bool | None
) -> str:
    """What to do with a field that differs, by its field map."""
    if policy.direction in {Direction.FROM_TARGET, Direction.NONE} or policy.mode is Mode.ONLY_IF_NEW:
        return LEAVE
    if not theirs or policy.mode is Mode.OVERWRITE:
        return WRITE
    if policy.mode is Mode.ONLY_IF_EMPTY or contested is None:
        return LEAVE
    if not contested:
        return WRITE
    if name == "account_number" and not known and policy.conflict is Conflict.ASK:
        return LEAVE
    if policy.conflict is Conflict.NEWEST and newer is not None:
        return WRITE if newer else LEAVE
    return {Conflict.SOURCE: WRITE, Conflict.TARGET: LEAVE}.get(policy.conflict, ASK)


def _is_newer(ours: datetime | None, theirs: datetime | None) -> bool | None:
    return ours > theirs if ours is not None and theirs is not None else None


MORE_TO_DECIDE = "Another field of this contact differs: that one waits for a decision."
LABELS = {item.value: item.label for item in TARGETS.values() if item.about is About.CONTACT}


def contact_values(target: Contact) -> dict[str, Any]:
    return {
        "name": target.name,
        "email": target.email,
        "phone": target.phone or target.mobile,
        "mobile": target.mobile,
        "account_number": target.account_number,
        "tax_number": target.tax_number,
    }


def arrived_fields(sent: Mapping[str, Any], there: Mapping[str, Any], country: str) -> dict[str, Any]:
    """What of an update without an answer the target's contact shows."""
    return {
        name: value
        for name, value in sent.items()
        if name in there and same(name, value, there[name], country)
    }


def same(name: str, ours: str, theirs: str, country: str) -> bool:
    """Whether two values of a contact field mean the same to an accountant."""
    if name == "name":
        return normalise.name_key(ours) == normalise.name_key(theirs)
    if name == "email":
        return normalise.email_key(ours) == normalise.email_key(theirs)
    if name in {"phone", "mobile"}:
        return normalise.phone_key(ours, country) == normalise.phone_key(theirs, country)
    if name == "tax_number":
        return _plain(ours) == _plain(theirs)
    return ours == theirs


def _plain(number: str) -> str:
    """A business number without the spaces and dashes that people write into it."""
    return "".join(char for char in number if char.isalnum()).casefold()
