"""What follows from not writing something: a skipped client's invoices, a skipped invoice's payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.db.models.fields.json import KT

from practices.models import Practice
from sync.models import OPEN_CHANGE_STATES, Change, ChangeState, Kind, Verb

SKIPPABLE = (ChangeState.HELD, ChangeState.PENDING, ChangeState.PARKED)
FOLLOWERS = {Kind.CONTACT: Kind.INVOICE, Kind.INVOICE: Kind.PAYMENT}
"""Which kind can't be written without which."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of one kind, and their money in one currency."""

    kind: str
    currency: str
    count: int
    amount: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """``ids`` may be skipped, ``unclear`` were perhaps written already, ``followers`` can't be written without."""

    ids: tuple[int, ...]
    unclear: int
    skipped: tuple[Share, ...]
    followers: tuple[int, ...]
    following: tuple[Share, ...]


def cascade(practice: Practice, change_ids: Sequence[int], *, most: int) -> Cascade:
    """What skipping these would leave behind. At most ``most`` followers are named."""
    own = Change.objects.filter(practice=practice, pk__in=list(change_ids), state__in=SKIPPABLE)
    ids = tuple(own.filter(look_up_first=False).order_by("pk").values_list("pk", flat=True))
    followers = _followers(practice, ids, most)
    return Cascade(
        ids=ids,
        unclear=own.filter(look_up_first=True).count(),
        skipped=_shares(ids),
        followers=followers,
        following=_shares(followers),
    )


def _followers(practice: Practice, ids: Sequence[int], most: int) -> tuple[int, ...]:
    """Open Changes that need what these would have made; those of clients first, then what needs their invoices."""
    found: list[int] = []
    for kind, follower in FOLLOWERS.items():
        made = Change.objects.filter(pk__in=[*ids, *found], kind=kind, verb=Verb.CREATE)
        sources = list(made.values_list("source_external_id", flat=True))
        if not sources:
            continue
        rows = (
            Change.objects.filter(practice=practice, kind=follower, verb=Verb.CREATE)
            .filter(state__in=OPEN_CHANGE_STATES)
            .exclude(pk__in=ids)
            .alias(partner=KT(f"refs__{kind.value}"))
            .filter(Q(depends_on__in=[*ids, *found]) | Q(partner__in=sources))
        )
        found += rows.order_by("pk").values_list("pk", flat=True)[: most - len(found)]
    return tuple(found)


def _shares(ids: Sequence[int]) -> tuple[Share, ...]:
    rows = Change.objects.filter(pk__in=list(ids)).order_by().values_list("kind", "currency")
    counted = rows.annotate(n=Count("pk"), total=Sum("amount")).order_by("kind", "-n")
    return tuple(Share(kind, currency, count, total) for kind, currency, count, total in counted)
