"""Awkward cases planted on purpose: same names, near-equal names, natively linked clients."""

from __future__ import annotations

from dataclasses import replace

from sandbox.seed.draw import Draw
from sandbox.seed.names import NameMaker
from sandbox.seed.roster import ClientPlan

# Endings that look like a spelling difference and are another taxpayer.
_NEAR_ENDS = {
    "AU": (" LLC", " (Services) Pty Ltd", " Group Pty Ltd"),
    "NZ": (" LLC", " (Services) Limited", " Group Limited"),
    "UK": (" LLC", " (Services) Ltd", " Group Ltd"),
}
_SMALL = 20


def plant_same_names(clients: list[ClientPlan]) -> list[tuple[ClientPlan, ClientPlan]]:
    """Give up to three pairs of unrelated clients the same name. Returns (first, second) pairs."""
    plain = _plain(clients)
    pairs = []
    for number in range(_pairs(len(clients))):
        if len(plain) < 4:
            break
        first, second = plain.pop(len(plain) // 4), plain.pop(len(plain) // 2)
        second.name = replace(second.name, ignition=first.name.ignition, natural=first.name.natural)
        second.display = first.display
        if number == 1:
            # One of the pairs differs in case only, which no exact comparison sees.
            second.display = second.display.upper()
        pairs.append((first, second))
    return pairs


def plant_near_names(
    clients: list[ClientPlan], names: NameMaker, taken: set[str], country: str
) -> list[tuple[ClientPlan, ClientPlan]]:
    """Rename a few clients to almost the name of another one: another company, another tax number."""
    plain = [client for client in _plain(clients) if client.slug not in taken]
    pairs: list[tuple[ClientPlan, ClientPlan]] = []
    for ending in _NEAR_ENDS[country][: _pairs(len(clients))]:
        if len(plain) < 4:
            break
        first, second = plain.pop(len(plain) // 3), plain.pop(len(plain) // 2)
        near = f"{first.name.stem}{ending}"
        if not names.claim(near):
            continue
        second.name = replace(second.name, ignition=near, natural=near, stem=f"{first.name.stem}{ending}")
        second.display = near
        pairs.append((first, second))
    return pairs


def choose_native(
    draw: Draw,
    billed: list[ClientPlan],
    share: float,
    same_names: list[tuple[ClientPlan, ClientPlan]],
) -> None:
    """Mark the share of billed clients whose invoices Ignition's own link pushes.

    Of two clients with one name at most the first is native: the native link would file both under one
    contact.
    """
    excluded = {second.slug for _, second in same_names}
    if same_names:
        excluded.add(same_names[0][0].slug)
    candidates = [client for client in billed if client.slug not in excluded]
    wanted = min(len(candidates), round(share * len(billed)))
    for client in draw.shuffled(candidates)[:wanted]:
        client.native = True
    if len(same_names) > 1 and wanted:
        _swap_in(candidates, same_names[1][0])


def _swap_in(candidates: list[ClientPlan], client: ClientPlan) -> None:
    """Make this client native in place of another one, so that the share stays what was asked for."""
    if client.native or client not in candidates:
        return
    given_up = next((other for other in candidates if other.native), None)
    if given_up is not None:
        given_up.native = False
        client.native = True


def _plain(clients: list[ClientPlan]) -> list[ClientPlan]:
    """Active companies outside families: the ones a pair can be made of without touching anything else."""
    return [
        client
        for client in clients
        if client.name.kind == "company" and client.group is None and client.state == "active"
    ]


def _pairs(count: int) -> int:
    if count < _SMALL:
        return 0
    return 3 if count >= 150 else 2
