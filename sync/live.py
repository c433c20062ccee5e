"""Seeing to what was reported, or what a person asked for, at once."""

from django.db import IntegrityError, transaction

from sync import nudge
from sync.models import OPEN_RUN_STATES, Purpose, Run, Trigger


def wake(practice_id: int) -> None:
    """See that the practice has an open live run, and that a worker looks at it after the commit.

    Safe to call often: while a live run is open it only learns that there is more. Call it in the transaction that
    stores what is to be looked at.
    """
    while True:
        rows = Run.objects.filter(practice=practice_id, purpose=Purpose.LIVE, state__in=OPEN_RUN_STATES)
        if rows.update(again=True):
            return
        try:
            with transaction.atomic():
                run = Run.objects.create(
                    practice_id=practice_id, purpose=Purpose.LIVE, trigger=Trigger.EVENT, reads=False
                )
        except IntegrityError:  # somebody else was quicker; theirs is to learn of it
            continue
        nudge.after_commit(run)
        return
