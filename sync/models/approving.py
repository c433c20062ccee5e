"""What waits for a second person, what rules wanted said, and how much each rule is used."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from practices.models import PracticeOwned, User
from sync.models.owed import Change


class ApprovalState(models.TextChoices):
    WAITING = "waiting", "Waiting for approval"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    EXPIRED = "expired", "Ran out"
    WITHDRAWN = "withdrawn", "No longer needed"


class Approval(PracticeOwned):
    """One request that somebody approves a held Change. ``reasons`` name the rules that ask for it.

    ``asked_by`` is the person whose act led to it: who published the mapping, released the Change, or asked again.
    The database lets nobody approve what they asked for, unless the practice allows that (``own_allowed``).
    """

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="approvals")
    state = models.CharField(max_length=10, choices=ApprovalState.choices, default=ApprovalState.WAITING)
    reasons = models.JSONField(default=list)
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    own_allowed = models.BooleanField(default=False)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["change"], condition=Q(state="waiting"), name="approval_one_waiting_per_change"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(own_allowed=True)
                | Q(asked_by=None)
                | Q(decided_by=None)
                | ~Q(asked_by=F("decided_by")),
                name="approval_by_somebody_else",
            ),
        )
        indexes = (
            models.Index(fields=["practice", "state", "-asked_at"], name="approval_by_practice"),
            models.Index(fields=["expires_at"], condition=Q(state="waiting"), name="approval_expiry"),
            models.Index(
                fields=["practice"], condition=Q(state="waiting", told_at=None), name="approval_untold"
            ),
        )

    def __str__(self) -> str:
        return f"Approval of {self.change_id}: {self.state}"

    @property
    def days_left(self) -> int:
        """Whole days until it runs out, never below nought."""
        return max((self.expires_at - timezone.now()) // timedelta(days=1), 0)


class Notice(PracticeOwned):
    """What a rule wants the approvers to know about a record, told with the next round of mails."""

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="notices")
    rule_key = models.CharField(max_length=20)
    rule_name = models.CharField(max_length=100)
    text = models.CharField(max_length=500)
    made_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["practice", "-made_at"], name="notice_by_practice"),
            models.Index(fields=["practice"], condition=Q(told_at=None), name="notice_untold"),
        )

    def __str__(self) -> str:
        return f"{self.rule_name}: {self.text}"


class RuleUse(PracticeOwned):
    """To how many records a rule applied when everything was last planned."""

    rule_key = models.CharField(max_length=20)
    records = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["practice", "rule_key"], name="rule_use_once"),)

    def __str__(self) -> str:
        return f"{self.rule_key}: {self.records}"


class Told(PracticeOwned):
    """How far one member has been told by mail what waits for approval and what rules wanted said.

    Requests and notices get their ``told_at`` in rounds, one round after the other. ``due_upto`` is the latest round
    that concerns this member, ``upto`` the last one that they were mailed, ``since`` their first. A claim that its
    sender did not end runs out, so that nothing gets lost.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    due_upto = models.DateTimeField()
    upto = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["practice", "user"], name="told_once_per_member"),)
        indexes = (
            models.Index(
                fields=["not_before"], condition=Q(upto=None) | Q(upto__lt=F("due_upto")), name="told_due"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} up to {self.upto}"
