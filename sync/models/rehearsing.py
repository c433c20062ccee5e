"""What a draft of the mapping would change: a replay of real records, kept so that people can look at it."""

from django.db import models
from django.utils import timezone

from practices.models import PracticeOwned, User
from sync.models.kinds import Kind


class RehearsalState(models.TextChoices):
    WAITING = "waiting", "Waiting for a worker"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Rehearsal(PracticeOwned):
    """One replay. ``choices`` are the draft's as they were then, compared with version ``against`` (0: none).

    ``days`` is how far back it goes by the documents' dates; with ``record_external_id`` it is about one record. It
    writes nothing but its own rows. ``summary`` is ``sync.rehearsal.comparing.Summary`` as JSON.
    """

    state = models.CharField(max_length=10, choices=RehearsalState.choices, default=RehearsalState.WAITING)
    draft_version = models.PositiveIntegerField()
    draft_revision = models.PositiveIntegerField()
    against = models.PositiveIntegerField(default=0)
    choices = models.JSONField(default=dict)
    days = models.PositiveIntegerField(default=30)
    record_kind = models.CharField(max_length=20, choices=Kind.choices, blank=True)
    record_external_id = models.CharField(max_length=210, blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    total = models.PositiveIntegerField(default=0)
    looked_at = models.PositiveIntegerField(default=0)
    summary = models.JSONField(default=dict)
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["practice", "-id"], name="rehearsal_by_practice"),
            models.Index(
                fields=["state", "id"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="rehearsal_open",
            ),
        )

    def __str__(self) -> str:
        return f"Rehearsal of draft {self.draft_version}.{self.draft_revision}: {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in {RehearsalState.WAITING, RehearsalState.RUNNING}


class RehearsalRow(PracticeOwned):
    """One record that the draft would treat differently; ``before`` and ``after`` are outcomes in words.

    ``differences`` is a list of ``{"field", "label", "old", "new"}``; ``rules`` are the keys of rules that apply now
    or would. ``is_written``: it is in the target already and stays as it is there.
    """

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="rows")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    source_external_id = models.CharField(max_length=210)
    title = models.CharField(max_length=300)
    date = models.DateField(null=True, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    before = models.CharField(max_length=20)
    before_text = models.CharField(max_length=500, blank=True)
    after = models.CharField(max_length=20)
    after_text = models.CharField(max_length=500, blank=True)
    differences = models.JSONField(default=list)
    fields = models.JSONField(default=list)
    rules = models.JSONField(default=list)
    is_written = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["rehearsal", "kind", "source_external_id"], name="rehearsal_row_once"
            ),
        )
        indexes = (models.Index(fields=["rehearsal", "id"], name="rehearsal_rows"),)

    def __str__(self) -> str:
        return self.title
