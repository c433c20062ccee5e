"""Loading what is usual in the target for services that nobody chose an account or a tax type for."""

from django.db import connection

from mappings.models import MappingSet
from mappings.services import SUGGESTED_NOTE, current
from mappings.spec import choices_from_json
from sync.models import LinkMethod
from sync.reconcile.usual import Booked, Usual, unchosen_taxes, usual_of
from sync.world import World

_LINES = """
SELECT coalesce(line->>'description', ''), coalesce(line->>'account_code', ''), coalesce(line->>'tax_type', ''),
       count(*)
FROM sync_link l
JOIN sync_snapshot s ON s.connection_id = l.target_connection_id AND s.kind = l.kind
     AND s.external_id = l.target_external_id
CROSS JOIN LATERAL jsonb_array_elements(coalesce(s.record->'lines', '[]'::jsonb)) AS line
WHERE l.kind = 'invoice' AND l.source_connection_id = %s AND l.target_connection_id = %s AND l.method <> %s
      AND s.gone_at IS NULL AND s.status NOT IN ('VOIDED', 'DELETED')
GROUP BY 1, 2, 3
"""
"""Of every document that this app did not write itself, also where only a few clients are compared."""


def load_usual(world: World) -> Usual:
    """Nothing where the practice chose an account for each service, or gave none for the rest, and its tax types."""
    choices, sides = world.spec.choices, world.sides
    published = current(sides.practice)
    is_tax_open = published is None or (published.created_by_id is None and published.note == SUGGESTED_NOTE)
    account = choices.left_over_account
    unchosen = frozenset[str]() if is_tax_open else _unchosen(world)
    if not account and not is_tax_open and not unchosen:
        return Usual()
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [sides.source.pk, sides.target.pk, LinkMethod.WRITTEN.value])
        rows = cursor.fetchall()
    booked = (
        Booked(text=text, account_code=code, tax_type=tax, lines=number) for text, code, tax, number in rows
    )
    return usual_of(
        booked,
        account=account,
        is_tax_open=is_tax_open,
        unchosen=unchosen,
        rates={key: rate.rate for key, rate in world.spec.facts.tax_rates.items()},
    )


def _unchosen(world: World) -> frozenset[str]:
    """Tax types that nobody changed since the app suggested them."""
    found = MappingSet.objects.filter(
        practice=world.sides.practice, created_by=None, note=SUGGESTED_NOTE
    ).order_by("version")
    first = found.values_list("choices", flat=True).first()
    return unchosen_taxes(world.spec.choices, choices_from_json(first)) if first else frozenset()
