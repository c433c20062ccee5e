"""Contacts field by field: what is written, what somebody else's change protects, what a person has to decide. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.records import Contact
from mappings.catalog import About
from mappings.fieldmaps import Conflict, Direction, FieldMap, Mode
from mappings.mapped import Mapped
from mappings.targets import TARGETS
from sync.contact_values import contact_values, part_of, same, with_kept
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
    verdicts: dict[str, str] = {}
    newer = _is_newer(source_changed_at, target.source_updated_at)
    for name in COMPARED:
        ours, theirs = mapped.values.get(name, ""), there[name]
        if not ours or same(name, ours, theirs, country):
            continue
        policy = (policies or {}).get(name, DEFAULT)
        contested = _contested(name, ours, theirs, base, base_target, country)
        verdicts[name] = _verdict(name, policy, theirs, contested=contested, known=name in base, newer=newer)
    # An address is one thing to a person: where one part of it is to be decided, the others wait with it.
    asked = {part_of(name) for name, found in verdicts.items() if found == ASK} - {""}
    ask = {
        name
        for name, found in verdicts.items()
        if found == ASK or (found == WRITE and part_of(name) in asked)
    }
    write = {
        name: mapped.values[name] for name, found in verdicts.items() if found == WRITE and name not in ask
    }
    conflicts = {name: mapped.values[name] for name in verdicts if name in ask}
    if conflicts and write and split:
        before = {name: there[name] for name in write}
        remarks = (*mapped.remarks, MORE_TO_DECIDE)
        return Decision(action="update", values=with_kept(write, target), before=before, remarks=remarks)
    if conflicts:
        names = _and([LABELS[name] for name in conflicts])
        verb = "differ" if len(conflicts) > 1 else "differs"
        text = f"{names} {verb} between Ignition and Xero. Choose which value is right."
        values = {**write, **conflicts}
        before = {name: there[name] for name in values}
        return Decision(
            action="held",
            reason="conflict",
            text=text,
            values=with_kept(values, target),
            before=before,
            remarks=mapped.remarks,
        )
    if not write:
        return Decision(action="nothing", remarks=mapped.remarks)
    before = {name: there[name] for name in write}
    return Decision(action="update", values=with_kept(write, target), before=before, remarks=mapped.remarks)


def _and(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


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
