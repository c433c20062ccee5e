"""One sync from reading to writing."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from practices.models import PracticeOwned, User
from sync.models.budget import Purpose


class RunState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    WAITING = "waiting", "Waiting for the provider"
    DONE = "done", "Done"
    INCOMPLETE = "incomplete", "Done, some records wait"
    FAILED = "failed", "Failed"


class Trigger(models.TextChoices):
    PERSON = "person", "A person"
    SCHEDULE = "schedule", "Schedule"
    COMMAND = "command", "Command line"
    CONNECT = "connect", "New connection"
    MODE = "mode", "Mode changed"
    MAPPING = "mapping", "Mapping changed"
    EVENT = "event", "A change reported to us"


OPEN_RUN_STATES = (RunState.QUEUED, RunState.RUNNING, RunState.WAITING)


class Run(PracticeOwned):
    """One sync from reading to writing. ``counts`` holds the funnel per kind; ``progress`` is for the screen.

    ``quiet`` is how many regular runs before this one found nothing new, ``nudged_at`` when a worker was last woken.
    A practice has at most one open run, and beside it at most one live run, which looks only at what was reported.
    """

    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.POLL)
    trigger = models.CharField(max_length=10, choices=Trigger.choices)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    stage = models.CharField(max_length=20, blank=True)
    full = models.BooleanField(default=False)
    reads = models.BooleanField(default=True)
    again = models.BooleanField(default=False)
    message = models.CharField(max_length=500, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    progress = models.JSONField(default=dict, blank=True)
    calls = models.JSONField(default=dict, blank=True)
    bytes_read = models.BigIntegerField(default=0)
    mapping_version = models.PositiveIntegerField(null=True, blank=True)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    resumes_at = models.DateTimeField(null=True, blank=True)
    nudged_at = models.DateTimeField(null=True, blank=True)
    quiet = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_holder = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["practice"],
                condition=Q(state__in=["queued", "running", "waiting"]) & ~Q(purpose="live"),
                name="run_one_open",
            ),
            models.UniqueConstraint(
                fields=["practice"],
                condition=Q(state__in=["queued", "running", "waiting"], purpose="live"),
                name="run_one_live_open",
            ),
        )
        indexes = (
            models.Index(fields=["practice", "-queued_at"], name="run_by_practice"),
            models.Index(fields=["practice", "state", "-queued_at"], name="run_by_state"),
            models.Index(fields=["practice", "trigger", "-queued_at"], name="run_by_trigger"),
        )

    def __str__(self) -> str:
        return f"Run {self.pk} of {self.practice_id}: {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_RUN_STATES
