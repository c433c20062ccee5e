"""Creating and renaming a practice."""

from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from practices.audit import record
from practices.models import Country, Membership, Practice, Role, User
from practices.regions import CURRENCY

#: Addresses that would read as something else under ``/p/``.
RESERVED_SLUGS = {"new", "admin", "api", "static", "connections"}

Created = Callable[[Practice], object]
_created: list[Created] = []


def register_created(act: Created) -> None:
    """Call ``act`` for every new practice, in the transaction that makes it."""
    if act not in _created:
        _created.append(act)


def create_practice(*, user: User, name: str, country: str, time_zone: str) -> Practice:
    """A new practice with ``user`` as its owner. Two practices of one name get different addresses."""
    base = slugify(name)[:50].strip("-") or "practice"
    for number in range(1, 1000):
        slug = base if number == 1 else f"{base}-{number}"
        if slug in RESERVED_SLUGS or Practice.objects.filter(slug=slug).exists():
            continue
        try:
            with transaction.atomic():
                practice = Practice.objects.create(
                    name=name,
                    slug=slug,
                    country=country,
                    time_zone=time_zone,
                    base_currency=CURRENCY[Country(country)],
                )
                Membership.objects.create(practice=practice, user=user, role=Role.OWNER)
                record(practice, user, "practice.created", f"Created the practice {name}", object=practice)
                for act in _created:
                    act(practice)
        except IntegrityError:
            # Someone took the same address between the look and the insert: try the next one.
            continue
        return practice
    raise RuntimeError(f"no free address for a practice named {name!r}")


def change_practice(practice: Practice, *, actor: User, changes: dict[str, str]) -> list[str]:
    """Store new values of a practice's own fields; returns the names of those that differ."""
    with transaction.atomic():
        stored = Practice.objects.select_for_update().get(pk=practice.pk)
        differing = {name: value for name, value in changes.items() if getattr(stored, name) != value}
        if not differing:
            return []
        before = {name: getattr(stored, name) for name in differing}
        for name, value in differing.items():
            setattr(stored, name, value)
            setattr(practice, name, value)
        stored.save(update_fields=list(differing))
        words = ", ".join(name.replace("_", " ") for name in differing)
        record(
            practice,
            actor,
            "practice.changed",
            f"Changed {words}",
            object=practice,
            before=before,
            after=differing,
        )
        return list(differing)
