"""The plan for clients → contacts."""

from collections.abc import Mapping
from typing import Any

from connectors.records import Contact
from mappings.engine import map_contact, natural_number
from mappings.mapped import Mapped
from sync.contact_values import arrived_fields, contact_values
from sync.fieldwise import contact_update
from sync.linking import Directory, Match, is_active, match_contacts, survivor
from sync.models import Link, Mode, ReviewState
from sync.plan import Decision, apply_mode, create, filtered, held, may_write_contact
from sync.planned import Planned
from sync.ruled import by_rules, skipped
from sync.world import World, parties, references_of

KIND = "contact"


def plan_contacts(world: World, *, mode: str, needed: frozenset[str]) -> dict[str, Planned]:
    """One planned outcome per client, by client id. ``needed`` are clients with an invoice that may be written."""
    matches = _matches(world)
    names = _active_names(world)
    return {
        client.external_id: _plan(world, client, mode, needed, matches.get(client.external_id), names)
        for client in world.clients.values()
    }


def _matches(world: World) -> dict[str, Match]:
    """Matches for the clients that have no link and no decision by a person yet."""
    country = world.spec.facts.country
    references = references_of(world.invoices.values())
    linked = {
        link.source_external_id: link.target_external_id
        for (kind, _), link in world.links.items()
        if kind == KIND
    }
    directory = Directory(
        world.contacts,
        references=world.references,
        claimed=frozenset(linked.values()),
        country=country,
        apart=world.apart,
    )
    open_parties = [party for party in parties(world, references) if party.contact.external_id not in linked]
    found = match_contacts(open_parties, directory)
    # A contact recognised for one client just now is no longer free for a weaker match of another.
    taken = frozenset(match.external_id for match in found.values() if match.external_id)
    rest = [party for party in open_parties if not found[party.contact.external_id].external_id]
    directory.claimed |= taken
    found.update(match_contacts(rest, directory))
    return found


def _active_names(world: World) -> dict[str, str]:
    return {item.name.casefold(): item.external_id for item in world.contacts.values() if is_active(item)}


def _plan(
    world: World,
    client: Contact,
    mode: str,
    needed: frozenset[str],
    match: Match | None,
    names: Mapping[str, str],
) -> Planned:
    people = world.people.get(client.external_id, [])
    mapped = map_contact(client, people, world.spec, world.situation(KIND, client.external_id))
    number = natural_number(world.spec.choices.number_prefix, client.external_id)
    planned = Planned(
        kind=KIND,
        source_external_id=client.external_id,
        record_external_id=client.external_id,
        title=client.name,
        natural_key=number,
        decision=Decision(action="nothing"),
    )
    link = world.link(KIND, client.external_id)
    if link is not None:
        base, base_target = _agreed(world, link)
        return _linked(world, planned, mapped, link.target_external_id, mode, base, base_target)
    review = world.reviews.get((KIND, client.external_id))
    if review is not None and review.state == ReviewState.IGNORED:
        return planned.decided(filtered("left_alone", "A person decided to leave this client alone."))
    undecided = review is None or review.state == ReviewState.OPEN
    # What a person decided earlier stands until it is taken back; a new match does not overrule it.
    if match is not None and match.external_id and undecided:
        planned.found = match
        return _linked(world, planned, mapped, match.external_id, mode, {}, {})
    barred = may_write_contact(client, needed=client.external_id in needed)
    if barred is None:
        barred = skipped(mapped)
    if barred is not None:
        return planned.decided(barred)
    if match is not None and match.candidates and undecided:
        text = "It may already be in Xero. Choose the contact, or create a new one."
        planned.undecided = match
        return planned.decided(held("review", text, mapped))
    if mapped.values.get("name", "").casefold() in names:
        text = "Xero already has an active contact with this name, and names must be unique there."
        return planned.decided(held("duplicate_name", text, mapped))
    decision = by_rules(apply_mode(create(mapped), mode), mapped)
    return planned.decided(decision)


def _agreed(world: World, link: Link) -> tuple[dict[str, Any], dict[str, Any]]:
    """What both sides last agreed on. What an update of ours left there unanswered is no change of somebody else's."""
    sent = world.sent.get((KIND, link.source_external_id), {})
    target = world.contacts.get(link.target_external_id)
    if not sent or target is None:
        return link.base_source, link.base_target
    held = contact_values(target)
    arrived = arrived_fields(sent, held, world.spec.facts.country)
    there = {name: held[name] for name in arrived}
    return {**link.base_source, **arrived}, {**link.base_target, **there}


def _linked(
    world: World,
    planned: Planned,
    mapped: Mapped,
    target_external_id: str,
    mode: str,
    base: Mapping[str, object],
    base_target: Mapping[str, object],
) -> Planned:
    target = world.contacts.get(target_external_id)
    planned.target_external_id = target_external_id
    if target is None:
        text = "The linked contact is no longer in Xero's list. Link the client again."
        return planned.decided(held("target_gone", text))
    if not is_active(target):
        final = survivor(world.contacts, target_external_id)
        text = "The linked contact is archived in Xero. Restore it there, or link the client to another one."
        if final and final != target_external_id:
            text = f"The linked contact was merged into “{world.contacts[final].name}” in Xero. Link it to that one."
        return planned.decided(held("target_archived", text))
    country = world.spec.facts.country
    client = world.clients.get(planned.source_external_id)
    found = contact_update(
        mapped,
        target,
        base,
        base_target,
        country,
        policies=world.spec.program.policies,
        source_changed_at=client.source_updated_at if client else None,
        split=mode == Mode.TAKE_OVER,
    )
    decision = by_rules(apply_mode(found, mode), mapped)
    return planned.decided(decision)


def same_name_twice(planned: Mapping[str, Planned]) -> dict[str, Planned]:
    """Creates that would give two contacts one name are held: Xero takes only one, and it is not ours to choose."""
    by_name: dict[str, list[str]] = {}
    for external_id, item in planned.items():
        if item.decision.action == "create":
            by_name.setdefault(str(item.decision.values.get("name", "")).casefold(), []).append(external_id)
    out = dict(planned)
    for ids in by_name.values():
        if len(ids) > 1:
            for external_id in ids:
                item = planned[external_id]
                text = f"{len(ids)} clients in Ignition have this name, and Xero takes only one contact of a name."
                decision = Decision(
                    action="held", reason="duplicate_name", text=text, values=item.decision.values
                )
                out[external_id] = item.decided(decision)
    return out
