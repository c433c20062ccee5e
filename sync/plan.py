"""From two snapshots, a link and a mapping to what should be done. Pure: the same input gives the same plan.

Every source record gets exactly one :class:`Decision`. The mode of the flow is applied last, so that the preview in
watch mode is the plan itself and not a second calculation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.records import Contact, Invoice
from mappings.mapped import Mapped
from mappings.rules import Fired
from mappings.spec import Choices
from sync.contact_values import stored_otherwise
from sync.documents import DEAD, Allocation

ISSUED = frozenset({"issued", ""})
NOT_ISSUED = {
    "draft": "It is a draft in Ignition.",
    "voided": "It was voided in Ignition.",
    "void": "It was voided in Ignition.",
    "deleted": "It was deleted in Ignition.",
    "archived": "It was archived in Ignition.",
    "cancelled": "It was cancelled in Ignition.",
}
COLLECTED = frozenset({"collected", "disbursing", "disbursed"})
NOT_COLLECTED = {
    "uncollected": "The money has not been collected yet.",
    "collecting": "The money is being collected.",
    "cancelled": "The payment was cancelled.",
    "refunding": "The payment is being refunded.",
    "refunded": "The payment was refunded: that needs a credit note in Xero.",
    "clawing_back": "The money is going back to the client: that needs a credit note in Xero.",
}
_CHOSEN_FIELDS = ("url", "branding_theme_external_id", "expected_payment_date", "sent_to_contact")
"""What an invoice may do without: nothing is said where there is nothing to write."""
INVOICE_FIELDS = (
    *("reference", "date", "due_date", "currency", "line_amounts", "subtotal", "tax", "total"),
    *_CHOSEN_FIELDS,
)
EDITABLE = frozenset({"DRAFT", "SUBMITTED", "AUTHORISED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do with one source record.

    ``action`` is create, update, nothing (in agreement), held (a person first), filtered (deliberately not
    written) or adopt (it is there already: only link). ``values`` is what would be sent, ``before`` what is there.
    ``rules`` are the keys of the practice's rules that applied, ``approval`` those that want a second person.
    ``asked_for`` names what is written because a person asked for it (``sync.wishes``).
    """

    action: str
    reason: str = ""
    text: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    blocked: bool = False
    rules: tuple[str, ...] = ()
    approval: tuple[Fired, ...] = ()
    notices: tuple[Fired, ...] = ()
    asked_for: tuple[str, ...] = ()


def filtered(reason: str, text: str) -> Decision:
    return Decision(action="filtered", reason=reason, text=text)


def held(reason: str, text: str, mapped: Mapped | None = None) -> Decision:
    values = mapped.values if mapped else {}
    return Decision(
        action="held", reason=reason, text=text, values=values, remarks=mapped.remarks if mapped else ()
    )


def may_write_contact(client: Contact, *, needed: bool) -> Decision | None:
    """Why a client gets no contact; ``None`` when it may. ``needed``: one of its invoices is to be written."""
    state = client.status
    if state == "active" or (needed and state in {"inactive", "lead", "archived", ""}) or state == "":
        return None
    texts = {
        "lead": "It is a lead: it becomes a contact with its first invoice or when it turns active.",
        "inactive": "It is inactive in Ignition and has no invoice to write.",
        "archived": "It is archived in Ignition.",
        "lost": "It was lost in Ignition.",
        "deleted": "It was deleted in Ignition.",
    }
    if state in texts:
        return filtered(f"client_{state}", texts[state])
    return held("unknown_state", f"Ignition gives this client the state “{state}”, which is not known here.")


def may_write_invoice(invoice: Invoice, choices: Choices) -> Decision | None:
    """Why an invoice is not written at all; ``None`` when it may be."""
    if (
        "ledger" in invoice.origin.lower()
        or "xero" in invoice.origin.lower()
        or "import" in invoice.origin.lower()
    ):
        return filtered(
            "from_ledger", "It was imported into Ignition from the ledger, so it is there already."
        )
    if invoice.status in NOT_ISSUED:
        return filtered(f"invoice_{invoice.status}", NOT_ISSUED[invoice.status])
    if invoice.status not in ISSUED:
        return held(
            "unknown_state", f"Ignition gives this invoice the state “{invoice.status}”, not known here."
        )
    if choices.documents_from and invoice.date and invoice.date < choices.documents_from:
        return filtered(
            "before_start", f"Dated before {choices.documents_from:%d %b %Y}, where syncing starts."
        )
    return None


def may_write_payment(item: Allocation, choices: Choices, *, collected_on: date | None) -> Decision | None:
    """Why a payment's share for one invoice is not written; ``None`` when it may be.

    ``collected_on`` is the day where the practice is.
    """
    state = item.payment.status
    if state in NOT_COLLECTED:
        return filtered(f"payment_{state}", NOT_COLLECTED[state])
    if state not in COLLECTED:
        return held(
            "unknown_state", f"Ignition gives this payment the state “{state}”, which is not known here."
        )
    if item.clawed_back:
        return filtered("clawed_back", "The money went back to the client: that needs a credit note in Xero.")
    if item.problem:
        return held("not_allocated", item.problem)
    if choices.post_payments == "paid_out" and state != "disbursed":
        return filtered("not_paid_out", "It is posted when Ignition has paid it out.")
    if choices.documents_from and collected_on and collected_on < choices.documents_from:
        return filtered(
            "before_start", f"Collected before {choices.documents_from:%d %b %Y}, where syncing starts."
        )
    return None


def create(mapped: Mapped) -> Decision:
    """A record the target does not have: written, or held with every issue in one text."""
    if mapped.issues:
        return replace(
            held(mapped.issues[0].code, " ".join(issue.text for issue in mapped.issues), mapped), blocked=True
        )
    return Decision(action="create", values=mapped.values, remarks=mapped.remarks)


def invoice_update(
    mapped: Mapped, target: Invoice, base: Mapping[str, Any], *, was_written: bool
) -> Decision:
    """A linked invoice: only a change in the source since the last agreement is written, and only where allowed."""
    if target.status in DEAD:
        return filtered("dead_in_target", f"It is {target.status.lower()} in Xero and stays so.")
    changed = {
        name
        for name in INVOICE_FIELDS
        if mapped.values.get(name) != base.get(name)
        and (name not in _CHOSEN_FIELDS or mapped.values.get(name))
    }
    if not _same_lines(mapped.values, base):
        changed.add("lines")
    if not base or not changed:
        return Decision(action="nothing", remarks=mapped.remarks)
    locked = target.status not in EDITABLE or target.amount_paid or target.amount_credited
    if mapped.issues and not locked:  # whatever the mapping lacks, a locked document can't be changed
        return held(mapped.issues[0].code, " ".join(issue.text for issue in mapped.issues), mapped)
    before = invoice_values(target)
    values = {
        name: mapped.values[name] for name in sorted(changed) if name not in {"subtotal", "tax", "total"}
    }
    if changed & {"lines", "line_amounts", "subtotal", "tax", "total"}:
        values["lines"] = _with_line_ids(mapped.values["lines"], target, base.get("lines") or [])
        values["line_amounts"] = mapped.values["line_amounts"]
        values.update({name: mapped.values[name] for name in ("subtotal", "tax", "total")})
    shown = {name: before.get(name, "") for name in values}
    if locked:
        text = "It changed in Ignition after it was paid or credited in Xero, so it can't be changed there."
        return Decision(action="held", reason="locked_by_money", text=text, values=values, before=shown)
    if not was_written:
        text = "It changed in Ignition, but Ignition's own link made it in Xero. Check before it is changed there."
        return Decision(action="held", reason="conflict", text=text, values=values, before=shown)
    return Decision(action="update", values=values, before=shown, remarks=mapped.remarks)


def invoice_values(target: Invoice) -> dict[str, Any]:
    """What the target holds, in the same words and text forms as a mapping's values."""
    return {
        "number": target.number,
        "reference": target.reference,
        "date": target.date.isoformat() if target.date else "",
        "due_date": target.due_date.isoformat() if target.due_date else "",
        "currency": target.currency,
        "line_amounts": target.line_amounts,
        "status": target.status,
        "url": target.url,
        "branding_theme_external_id": target.branding_theme_external_id,
        "expected_payment_date": (
            target.expected_payment_date.isoformat() if target.expected_payment_date else ""
        ),
        "sent_to_contact": "yes" if target.sent_to_contact else "no",
        "subtotal": _money(target.subtotal),
        "tax": _money(target.tax),
        "total": _money(target.total),
        "lines": [
            {
                "description": line.description,
                "quantity": str(line.quantity.normalize()),
                "unit_amount": str(line.unit_amount),
                "account_code": line.account_code,
                "tax_type": line.tax_type,
            }
            for line in target.lines
        ],
    }


def holds_values(target: Invoice | None, values: Mapping[str, Any]) -> bool:
    """Whether the target's invoice has what an update said, as far as its list tells."""
    if target is None:
        return False
    there = invoice_values(target)
    plain = [name for name in INVOICE_FIELDS if name in values and there.get(name)]
    same_lines = "lines" not in values or len(values["lines"]) == len(there["lines"])
    return bool(plain) and all(there[name] == values[name] for name in plain) and same_lines


def _money(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.2f}"


_NUMBERS = frozenset({"quantity", "unit_amount", "discount", "tax_amount"})


def _same_lines(values: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Whether two sets of lines say the same; 450, 450.0 and 450.00 are one number, however it was written."""

    def plain(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [
            {
                name: Decimal(item) if name in _NUMBERS and item else item
                for name, item in line.items()
                if name != "external_id"
            }
            for line in lines
        ]

    return plain(values.get("lines") or []) == plain(base.get("lines") or [])


def _with_line_ids(
    lines: Sequence[dict[str, Any]], target: Invoice, base: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Keep the target's line ids where a line stands in the same place, so that it is changed and not made anew.

    What a changed line leaves out stays as it was there. So a line that loses its discount, its own tax amount or its
    tracking is made anew.
    """
    out = []
    for index, line in enumerate(lines):
        there = target.lines[index] if index < len(target.lines) else None
        own_tax = index < len(base) and base[index].get("tax_amount")
        loses = there is not None and (
            ((there.discount or there.discount_rate) and not line.get("discount"))
            or (own_tax and not line.get("tax_amount"))
            or (there.tracking and not line.get("tracking"))
        )
        keeps = there is not None and there.external_id and not loses
        out.append({**line, "external_id": there.external_id} if there and keeps else dict(line))
    return out


def apply_mode(decision: Decision, mode: str) -> Decision:
    """The flow's mode on top of a decision: watch writes nothing, fill gaps only creates."""
    if decision.action not in {"create", "update"}:
        return decision
    if mode == "watch":
        return replace(
            decision, action=decision.action, reason="watch", text="Watch mode: nothing is written."
        )
    if mode == "fill_gaps" and decision.action == "update":
        return replace(
            decision, reason="fill_gaps", text="Fill the gaps only adds what is missing; it changes nothing."
        )
    return decision


def is_stopped(decision: Decision) -> bool:
    """Whether a create or update waits because of the mode."""
    return decision.reason in {"watch", "fill_gaps"}


def stored_agrees(kind: str, values: Mapping[str, Any], record: Any) -> list[str]:
    """What the target stored differently from what was sent, as sentences; empty when it agrees.

    Only what the target really said is compared: a value it left out of its answer proves nothing.
    """
    out = []
    if kind == "contact":
        return [
            f"{name.replace('_', ' ')} is “{stored}” instead of “{sent}”"
            for name, sent, stored in stored_otherwise(values, record)
        ]
    if kind == "invoice":
        there = invoice_values(record)
        for name in ("number", *INVOICE_FIELDS):
            stored = there[name]
            if values.get(name) and stored and stored != _text(name, values[name]):
                out += [f"{name} is {stored} instead of {values[name]}"]
        return out
    if record.amount != Decimal(values["amount"]):
        out.append(f"amount is {record.amount} instead of {values['amount']}")
    if record.date and values.get("date") and record.date.isoformat() != values["date"]:
        out.append(f"date is {record.date} instead of {values['date']}")
    return out


def _text(name: str, value: str) -> str:
    return f"{Decimal(value):.2f}" if name in {"subtotal", "tax", "total"} else value
