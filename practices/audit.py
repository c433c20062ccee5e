"""The audit trail: one call writes one row, and the database lets no one change it afterwards."""

from typing import Any

from django.db import models

from practices.models import AuditEntry, Practice, User

SYSTEM = "System"


def record(
    practice: Practice,
    actor: User | None,
    action: str,
    summary: str,
    *,
    object: models.Model | None = None,
    **details: Any,
) -> AuditEntry:
    """Write down that ``actor`` (``None``: the app itself) did ``action`` to ``object``.

    ``action`` is a dotted name such as ``member.removed``; ``summary`` is a sentence for people. ``details``
    must be JSON and must hold no secrets. Call it inside the transaction of the act, so both or neither stay.
    """
    made = entry(practice, actor, action, summary, object=object, **details)
    made.save(force_insert=True)
    return made


def entry(
    practice: Practice,
    actor: User | None,
    action: str,
    summary: str,
    *,
    object: models.Model | None = None,
    **details: Any,
) -> AuditEntry:
    """The row of :func:`record`, not stored yet: for many at once."""
    return AuditEntry(
        practice=practice,
        actor=actor,
        actor_label=actor.email if actor else SYSTEM,
        action=action,
        summary=summary[:500],
        object_type=object._meta.model_name or "" if object else "",
        object_id=str(object.pk) if object else "",
        details=details,
    )
