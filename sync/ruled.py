"""What a practice's rules do to a decision. Pure.

A rule can keep a record from being written, or have it wait for a second person; it never makes a write that the plan
would not make by itself. What is stopped by the mode stays so: nobody is asked about what is not going to be written.
"""

from dataclasses import replace

from mappings.mapped import Mapped
from mappings.rules import Fired
from sync.plan import Decision, filtered, is_stopped

WRITES = frozenset({"create", "update"})
APPROVAL = "approval"


def skipped(mapped: Mapped) -> Decision | None:
    """The decision for a record that a rule keeps from being written, if one does."""
    rule = mapped.ruling.skip
    if rule is None:
        return None
    text = f"The rule “{rule.name}” says not to write it."
    return replace(
        filtered("rule", f"{text} {rule.text}".strip()), rules=mapped.ruling.keys(), remarks=mapped.remarks
    )


def by_rules(decision: Decision, mapped: Mapped) -> Decision:
    """A decision about a record, after the rules about it had their say."""
    ruling = mapped.ruling
    if not ruling.fired:
        return decision
    skip = skipped(mapped)
    if skip is not None and decision.action in {*WRITES, "held"}:
        return skip
    said = tuple(f"{item.name}: {item.text}" for item in ruling.notices)
    decision = replace(
        decision,
        rules=ruling.keys(),
        approval=tuple(ruling.holds),
        notices=tuple(ruling.notices),
        remarks=(*decision.remarks, *said),
    )
    if not ruling.holds or decision.action not in WRITES:
        return decision
    if is_stopped(decision):
        return replace(
            decision, text=f"{decision.text} Switched on, it waits for approval: {_names(ruling.holds)}."
        )
    return replace(decision, action="held", reason=APPROVAL, text=waiting_text(decision.approval))


def waiting_text(asked: tuple[Fired, ...]) -> str:
    """Why something waits for a second person."""
    words = " ".join(item.text for item in asked if item.text)
    return f"Waits for approval: {_names(asked)}. {words}".strip()


def _names(asked: "tuple[Fired, ...] | list[Fired]") -> str:
    return ", ".join(dict.fromkeys(f"“{item.name}”" for item in asked))
