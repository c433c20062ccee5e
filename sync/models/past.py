"""What outside objects said before they said what they say now."""

import pgtrigger
from django.db import models
from django.utils import timezone

from practices.models import PracticeOwned
from sync.models.reading import Snapshot


class PastRecord(PracticeOwned):
    """A version of a snapshot that a later one replaced. It is only ever added, and dropped when it is very old.

    It stood from ``since`` (when it was read) to ``until``; ``gone_at`` says from when on it was no longer listed.
    ``standing`` is where it stood with its counterpart when it was replaced.
    """

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="past")
    record = models.JSONField(default=dict)
    problem = models.CharField(max_length=300, blank=True)
    standing = models.CharField(max_length=10, blank=True)
    since = models.DateTimeField()
    until = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["snapshot", "until"], name="past_of_snapshot"),
            models.Index(fields=["until"], name="past_by_age"),
        )
        triggers = (pgtrigger.Protect(name="past_never_changes", operation=pgtrigger.Update),)

    def __str__(self) -> str:
        return f"Version of {self.snapshot_id} until {self.until:%d %b %Y %H:%M}"
