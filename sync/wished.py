"""What a person asked to be written although the plan by itself would leave it as it is.

A wish is an open Change that somebody asked for on the reconciliation page. It stays as long as every plan comes to
the same: the record is still linked, its document may still be changed, and the source still says the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from connectors.records import Contact, Invoice
from mappings.engine import map_contact, map_invoice
from mappings.fieldmaps import Direction
from mappings.lines import check_line
from mappings.mapped import Issue, Mapped
from sync.contact_values import contact_values, joined, same, with_kept
from sync.documents import DEAD
from sync.expected import own_fields
from sync.fieldwise import DEFAULT
from sync.invoices import source_digest
from sync.linking import is_active
from sync.models import Kind, LinkMethod
from sync.plan import EDITABLE, Decision, apply_mode, held, invoice_values, is_stopped
from sync.planned import Planned
from sync.ruled import APPROVAL, WRITES, by_rules, waiting_text
from sync.wished_lines import as_it_is, put_right
from sync.wished_payments import again
from sync.wishes import ASKED, LINE_FIELDS, SECOND_PERSON, WHOLE, Wish
from sync.world import World

PAID = "Money is on it in Xero, so it can't be changed there."
LOCKED = "Xero has locked the period that it is in."
NOT_OPEN = "It can't be changed in Xero any more."
NOT_LINKED = "The two records are not linked any more. Sync, compare, then look again."
NOTHING = "Ignition has no value for it that could be written."
NOT_WRITTEN = "The mapping says that it is not written to Xero. Change that first, or change it in Ignition."
APPROVED = "It is approved in Xero. Only a draft is changed from here; this one is changed in Xero itself."
BEING_CHANGED = "Ignition changed it, so that its lines are written anyway. Look at it again after that."
NOT_OUR_THEME = "This app did not write it, so that the theme is not its own to choose. Set it in Xero."
NO_TRACKING = "The mapping asks for no tracking here. Somebody took it away in Xero: set it there again."
NO_ACCOUNT = "Nobody chose an account for this service in the mapping. Choose one there first."
DRAFTS = frozenset({"DRAFT", "SUBMITTED"})
DRAFTS_ONLY = frozenset({"branding_theme_external_id", "description"})
"""Values that are only put right while nobody was sent the document."""
NOT_OURS = frozenset({Direction.FROM_TARGET, Direction.NONE})
SAME_NAME = "Xero has another active contact with this name, and names must be unique there."


def with_wishes(
    world: World, plans: Mapping[Kind, dict[str, Planned]], modes: Mapping[str, str], wishes: Iterable[Wish]
) -> dict[Kind, dict[str, Planned]]:
    """The plans with what people asked for. A wish whose facts have changed since is left out: it is over."""
    out = dict(plans)
    for wish in wishes:
        kind = Kind(wish.kind)
        planned = out.get(kind, {}).get(wish.source_external_id)
        if planned is None:
            continue
        decision = decide(world, planned, wish, modes[kind])
        if decision is None or (wish.values is not None and decision.values != wish.values):
            continue
        changed = replace(planned, decision=decision)
        if wish.fields and planned.decision.action != "update":
            # Only some fields are agreed on with it: what else has changed in the source stays to be decided.
            changed = replace(changed, source_digest="")
        out[kind] = {**out[kind], wish.source_external_id: changed}
    return out


def decide(world: World, planned: Planned, wish: Wish, mode: str) -> Decision | None:
    """What the plan says about a record once the wish counts; ``None`` where there is nothing to write.

    A decision that is held for another reason than approval says why it can't be.
    """
    if not wish.fields:
        decision = planned.decision
        waits = decision.action == "held" and decision.reason == APPROVAL
        if not planned.target_external_id and (decision.action == "create" or waits):
            wanted = replace(decision, remarks=(*decision.remarks, ASKED), asked_for=(WHOLE,))
            return _second(wanted, asks=wish.asks)
        return None
    if wish.kind == Kind.PAYMENT:
        posted = again(world, planned, wish, mode)
        return _second(posted, asks=wish.asks) if posted is not None else None
    found = _contact(world, wish) if wish.kind == Kind.CONTACT else _invoice(world, wish)
    if isinstance(found, Decision):
        return found
    if not found.fields:
        return None
    values, before = found.values, found.before
    own = planned.decision
    if own.action == "update" and not is_stopped(own):
        if "lines" in values and "lines" in own.values:
            return held("conflict", BEING_CHANGED)
        values, before = joined(own.values, values), {**own.before, **before}
    mapped = found.mapped
    decision = Decision(
        action="update",
        values=values,
        before=before,
        remarks=(*mapped.remarks, *found.remarks, ASKED),
        asked_for=tuple(sorted(found.fields)),
    )
    # A person overrules “fill the gaps”; in watch mode nothing is written whoever asks.
    decision = by_rules(apply_mode(decision, mode) if mode == "watch" else decision, mapped)
    return _second(decision, asks=wish.asks)


def _second(decision: Decision, *, asks: bool) -> Decision:
    """The decision with the second person that it needs.

    What the mode stops keeps who has to agree: it is asked for again when the mode lets it go.
    """
    if not asks or (decision.action not in WRITES and decision.reason != APPROVAL):
        return decision
    approval = (*decision.approval, SECOND_PERSON)
    if is_stopped(decision):
        return replace(decision, approval=approval)
    return replace(decision, action="held", reason=APPROVAL, text=waiting_text(approval), approval=approval)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a wish comes to. ``fields`` are those of it that really differ; none: nothing is to be written."""

    mapped: Mapped
    fields: frozenset[str]
    values: dict[str, Any]
    before: dict[str, Any]
    remarks: tuple[str, ...] = ()


def own_differing(world: World, client_id: str) -> frozenset[str]:
    """The fields of the practice's own maps in which a linked contact is not what they make of its client."""
    link, client = world.link(Kind.CONTACT, client_id), world.clients.get(client_id)
    contact: Contact | None = world.contacts.get(link.target_external_id) if link else None
    if client is None or contact is None:
        return frozenset()
    mapped, there = _mapped_contact(world, client), contact_values(contact)
    country = world.spec.facts.country
    return frozenset(
        name
        for name in own_fields(world.spec.choices)
        if mapped.values.get(name)
        and name in there
        and not same(name, mapped.values[name], there[name], country)
    )


def _mapped_contact(world: World, client: Contact) -> Mapped:
    key = client.external_id
    return map_contact(client, world.people.get(key, []), world.spec, world.situation(Kind.CONTACT, key))


def _contact(world: World, wish: Wish) -> Found | Decision:
    key = wish.source_external_id
    link, client = world.link(Kind.CONTACT, key), world.clients.get(key)
    contact: Contact | None = world.contacts.get(link.target_external_id) if link else None
    if client is None or contact is None or not is_active(contact):
        return held("not_linked", NOT_LINKED)
    mapped = _mapped_contact(world, client)
    policies = world.spec.program.policies
    if any(policies.get(name, DEFAULT).direction in NOT_OURS for name in wish.fields):
        return held("not_ours", NOT_WRITTEN)
    there = contact_values(contact)
    values = _differing(mapped.values, there, wish.fields)
    name = str(values.get("name", "")).casefold()
    others = (item for item in world.contacts.values() if item.external_id != contact.external_id)
    if name and any(is_active(item) and item.name.casefold() == name for item in others):
        return held("duplicate_name", SAME_NAME)
    return Found(
        mapped=mapped,
        fields=frozenset(values),
        values=with_kept(values, contact),
        before={field: there[field] for field in values},
    )


def barred(document: Invoice, lock: date | None, fields: Iterable[str]) -> Decision | None:
    """Why these values of a document can't be changed in Xero; ``None`` when they may be. ``lock``: its last day."""
    status = document.status.upper()
    if document.amount_paid or document.amount_credited or status == "PAID":
        return held("locked_by_money", PAID)
    if status not in EDITABLE:
        return held("not_editable", NOT_OPEN)
    if lock is not None and document.date is not None and document.date <= lock:
        return held("locked_period", LOCKED)
    if status not in DRAFTS and DRAFTS_ONLY & set(fields):
        return held("not_editable", APPROVED)
    return None


def not_told(
    fields: Iterable[str], lines: Iterable[Mapping[str, Any]], *, is_written: bool, left_over: str = ""
) -> Decision | None:
    """Why the mapping has no say about one of these values; ``None`` where it has. ``lines`` as the mapping has them.

    ``is_written``: this app wrote the document. ``left_over``: the account of whatever nobody chose one for.
    """
    accounts = {line.get("account_code") for line in lines} if "account_code" in fields else set()
    if left_over and left_over in accounts and not is_written:
        return held("not_ours", NO_ACCOUNT)
    if "branding_theme_external_id" in fields and not is_written:
        return held("not_ours", NOT_OUR_THEME)
    if "tracking" in fields and not any(line.get("tracking") for line in lines):
        return held("not_ours", NO_TRACKING)
    return None


def _invoice(world: World, wish: Wish) -> Found | Decision:
    key = wish.source_external_id
    link, invoice = world.link(Kind.INVOICE, key), world.invoices.get(key)
    document: Invoice | None = world.documents.get(link.target_external_id) if link else None
    if link is None or invoice is None or document is None or document.status.upper() in DEAD:
        return held("not_linked", NOT_LINKED)
    stop = barred(document, world.spec.facts.lock_date, wish.fields)
    if stop is not None:
        return stop
    mapped = map_invoice(
        invoice,
        world.catalogue,
        world.spec,
        world.situation(Kind.INVOICE, key, client=invoice.contact_external_id),
        world.clients.get(invoice.contact_external_id),
    )
    # As long as the document is unchanged, what was agreed on counts, whatever a newer mapping would make of it.
    agreed = link.base_source if link.source_digest == source_digest(invoice) else {}
    expected = {
        **mapped.values,
        **{name: agreed[name] for name in (*wish.fields, "lines") if agreed.get(name)},
    }
    stop = not_told(
        wish.fields,
        expected["lines"],
        is_written=link.method == LinkMethod.WRITTEN,
        left_over=world.spec.choices.left_over_account,
    )
    if stop is not None:
        return stop
    there = invoice_values(document)
    values = _differing(expected, there, wish.fields - LINE_FIELDS)
    found = Found(
        mapped=mapped,
        fields=frozenset(values),
        values=values,
        before={field: there[field] for field in values},
        remarks=_theme_remark(world, values, there),
    )
    on_lines = wish.fields & LINE_FIELDS
    return _with_lines(world, document, expected["lines"], on_lines, found) if on_lines else found


def _with_lines(
    world: World, document: Invoice, ours: Sequence[Mapping[str, Any]], fields: frozenset[str], found: Found
) -> Found | Decision:
    """What is asked for of the document's lines, beside what else is. All lines are sent, or none."""
    made = put_right(ours, document, fields)
    if isinstance(made, Decision):
        return made
    lines, differing = made
    if not differing:
        return found
    issues: list[Issue] = []
    for line in lines:
        check_line(line, world.spec, issues)
    if issues:
        return held(issues[0].code, " ".join(dict.fromkeys(issue.text for issue in issues)))
    basis = {"line_amounts": document.line_amounts} if document.line_amounts else {}
    return replace(
        found,
        fields=found.fields | differing,
        values={**found.values, "lines": lines, **basis},
        before={**found.before, "lines": [as_it_is(line) for line in document.lines], **basis},
    )


def _theme_remark(world: World, values: Mapping[str, Any], there: Mapping[str, Any]) -> tuple[str, ...]:
    """Themes by their names: nobody knows their ids."""
    name = "branding_theme_external_id"
    if name not in values:
        return ()
    themes = world.spec.facts.themes
    new, old = themes.get(values[name], "another one"), themes.get(str(there.get(name)), "none")
    return (f"Branding theme: “{new}” instead of “{old}”.",)


def _differing(ours: Mapping[str, Any], there: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    return {name: ours[name] for name in sorted(fields) if ours.get(name) and ours[name] != there.get(name)}
