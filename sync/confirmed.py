"""Links that a person confirms."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from practices.models import Connection, User
from sync.models import Link, LinkMethod


def link_pair(
    kind: str,
    source: tuple[Connection, str],
    target: tuple[Connection, str],
    *,
    by: User,
    reason: str,
) -> bool:
    """Link two records as a person's decision; ``False``, and nothing done, where one is linked already.

    The base is empty: the next plan fills what is empty and asks about what differs.
    """
    try:
        with transaction.atomic():
            Link.objects.create(
                practice_id=source[0].practice_id,
                kind=kind,
                source_connection=source[0],
                source_external_id=source[1],
                target_connection=target[0],
                target_external_id=target[1],
                method=LinkMethod.PERSON,
                reasons=[reason],
                confirmed_by=by,
                agreed_at=timezone.now(),
            )
    except IntegrityError:
        return False
    return True
