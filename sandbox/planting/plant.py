"""Every kind of mismatch that can be planted, and planting them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sandbox.ignition.state import IgnitionPractice
from sandbox.planting import banking, clients, credits, engaging, invoices, lines, payments, payouts, settings
from sandbox.planting.ground import Ground, NoGround
from sandbox.planting.planted import Planted
from sandbox.seed.draw import Draw
from sandbox.xero.ledger import Ledger

if TYPE_CHECKING:
    from sandbox.world import World

Recipe = Callable[[Ground, int], Planted]

# In the order in which they are planted: first the clock, as stamps from before it jumped would look old; those that
# want a rare client, a whole client, a rare document; the rest; and last the settings, which Xero would hold against
# later edits.
_RECIPES: dict[str, Recipe] = {
    "K12": settings.fast_clock,
    "L19": lines.lost_precision,
    "L09": lines.lost_discount,
    "I12": clients.last_name_first,
    "P15": credits.disputed,
    "R01": credits.not_credited,
    "R03": credits.other_share,
    "R04": credits.not_allocated,
    "R05": credits.never_taken,
    "R07": credits.across_the_period,
    "R09": credits.refunded_in_part,
    "O11": payouts.negative,
    "P12": payments.removed,
    "I07": clients.twice,
    "I15": clients.other_phone,
    "I16": clients.bad_tax_number,
    "I23": clients.other_person,
    "I05": clients.linked_to_another,
    "I06": clients.two_clients_on_one_contact,
    "I03": clients.billed_but_not_linked,
    "I08": clients.archived_contact,
    "I09": clients.merged_contact,
    "I10": clients.renamed,
    "I11": clients.spelled_otherwise,
    "I13": clients.other_email,
    "I14": clients.shared_email,
    "I21": clients.archived_client,
    "S04": clients.both_changed,
    "V14": engaging.never_billed,
    "V15": invoices.after_the_end,
    "V18": invoices.dearer_engagement,
    "V20": invoices.repeating_invoice,
    "P08": payments.unallocated,
    "L03": lines.other_tax,
    "L04": lines.other_tax_type,
    "L11": lines.lost_tracking,
    "L02": lines.a_cent_off,
    "L05": lines.other_basis,
    "L12": lines.other_date,
    "P05": payments.paid_twice,
    "O15": payouts.never_paid_out,
    "L18": lines.surcharge,
    "P01": payments.not_in_xero,
    "P02": payments.only_in_xero,
    "P03": payments.not_collected,
    "P06": payments.other_amount,
    "P07": payments.part_paid,
    "P09": payments.other_day,
    "P10": payments.wrong_account,
    "O07": payouts.wrong_fees,
    "O13": payouts.old_account,
    "O01": banking.not_on_the_bank_account,
    "O02": banking.not_reconciled,
    "O03": banking.coded_to_sales,
    "O04": banking.matched_to_another_invoice,
    "O08": banking.fees_without_tax,
    "O14": banking.taxed_on_the_way,
    "K13": banking.wrong_rule,
    "O05": payouts.not_the_sum,
    "O10": payouts.stuck,
    "R02": credits.credited_in_xero_only,
    "R06": credits.unknown_original,
    "R08": credits.written_off,
    "L01": lines.other_total,
    "L06": lines.other_account,
    "L07": lines.line_more,
    "L10": lines.other_description,
    "L13": lines.other_due_date,
    "L14": lines.other_theme,
    "L15": lines.other_reference,
    "P04": payments.paid_elsewhere,
    "P13": payments.marked_by_hand,
    "S01": invoices.vanished,
    "S10": invoices.unreadable,
    "S05": invoices.changed_when_paid,
    "V03": invoices.twice_in_xero,
    "V04": invoices.two_on_one_day,
    "V05": invoices.voided_in_ignition,
    "V06": invoices.voided_in_xero,
    "V08": invoices.edited_in_xero,
    "V11": invoices.renumbered,
    "V12": invoices.on_another_contact,
    "V19": invoices.other_currency,
    "I01": clients.without_contact,
    "V01": invoices.not_in_xero,
    "V02": invoices.only_in_xero,
    "V07": invoices.still_a_draft,
    "O06": invoices.payout_without_invoice,
    "L08": lines.wrong_arithmetic,
    "L16": lines.client_reference,
    "O12": payouts.not_explained,
    "K09": invoices.behind_the_lock,
    "K07": settings.archived_account,
    "K08": settings.archived_rate,
    "K01": settings.disconnected,
}
REFS = tuple(sorted(_RECIPES))
ALONE = frozenset({"K01"})
"""Nothing else can be seen afterwards, so that they are planted only where somebody names them."""
ONCE = frozenset({"K01", "K07", "K08", "K12"})
"""There is only one of each, however many are asked for."""


def plant(
    world: World, key: str, *, kinds: Iterable[str] | None = None, each: int = 1, seed: int = 1
) -> list[Planted]:
    """Plant `each` mismatches of every kind in a practice and its organisation; all but ALONE without `kinds`.

    Each has a client or a document of its own, on which both systems agreed until now. The same world, arguments and
    seed plant the same; a second call takes other clients and documents. What was planted is in `world.truth`, also
    when it breaks off. Raises KeyError for an unknown practice, ValueError for an unknown kind and (NoGround) when
    nothing fitting is left.
    """
    wanted = tuple(ref for ref in REFS if ref not in ALONE) if kinds is None else tuple(kinds)
    if unknown := sorted(set(wanted) - set(_RECIPES)):
        raise ValueError(f"there is no {', '.join(unknown)}; there are {', '.join(REFS)}")
    if each < 1:
        raise ValueError("at least one of each")
    with world.lock:
        practice = world.ignition[key]
        ledger = _organisation_of(world, practice)
        mine = [entry for entry in world.truth if entry["practice"] == key]
        ground = Ground(practice, ledger, world.xero, Draw(f"{seed}/{key}/planting"), planted=mine)
        made = []
        for ref, recipe in _RECIPES.items():
            for number in range(0 if ref not in wanted else 1 if ref in ONCE else each):
                told = recipe(ground, number)
                made.append(told)
                world.truth.append({"practice": key, **told.as_dict()})
    return made


def _organisation_of(world: World, practice: IgnitionPractice) -> Ledger:
    """The organisation that Ignition's own link of this practice pushes to."""
    linked = {row["xero_contact_id"] for row in practice.clients} - {None}
    for ledger in world.xero.organisations.values():
        if linked & ledger.contacts.keys():
            return ledger
    raise NoGround(f"no client of {practice.name} is linked to a contact in Xero")
