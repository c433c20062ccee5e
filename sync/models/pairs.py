"""Which record here is which record there, and what people decided about it."""

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Left, StrIndex
from django.utils import timezone

from practices.models import Connection, PracticeOwned, User
from sync.models.kinds import Kind


class LinkMethod(models.TextChoices):
    """How a pair was recognised, strongest first."""

    STORED = "stored", "Stored in the source system"
    WRITTEN = "written", "Written by this app"
    NUMBER = "number", "Same client code"
    EMAIL_NAME = "email_name", "Same e-mail and similar name"
    NAME_SIGNAL = "name_signal", "Same name and a second signal"
    DOCUMENT = "document", "Same contact, reference, date and total"
    ALLOCATION = "allocation", "Same invoice, amount and time"
    PERSON = "person", "Confirmed by a person"


class Link(PracticeOwned):
    """The pair of ids across two connections.

    ``base_source`` holds the mapped values and ``base_target`` the target's values both sides last agreed on:
    what moved away from its base has been changed on that side. ``source_digest`` tells whether the source document
    itself changed since, so that a new mapping never rewrites what was written under an older one.
    """

    kind = models.CharField(max_length=20, choices=Kind.choices)
    source_connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="links_out")
    target_connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="links_in")
    source_external_id = models.CharField(max_length=210)
    target_external_id = models.CharField(max_length=100)
    former_target_external_ids = models.JSONField(default=list, blank=True)
    method = models.CharField(max_length=20, choices=LinkMethod.choices)
    confidence = models.DecimalField(max_digits=4, decimal_places=3, default=1)
    reasons = models.JSONField(default=list, blank=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    base_source = models.JSONField(default=dict, blank=True)
    source_digest = models.CharField(max_length=64, blank=True)
    base_target = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    agreed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["source_connection", "target_connection", "kind", "source_external_id"],
                name="link_one_target_per_source",
            ),
            models.UniqueConstraint(
                fields=["target_connection", "kind", "target_external_id"],
                condition=~Q(kind="contact"),
                name="link_one_source_per_document",
            ),
        )
        indexes = (
            models.Index(fields=["target_connection", "kind", "target_external_id"], name="link_by_target"),
            models.Index(fields=["source_connection", "kind", "method"], name="link_by_method"),
            # A payment's links carry "payment/invoice": this finds them by the payment alone.
            models.Index(
                F("source_connection"),
                F("target_connection"),
                Left("source_external_id", StrIndex("source_external_id", Value("/")) - 1),
                condition=Q(kind="payment", source_external_id__contains="/"),
                include=["source_external_id"],
                name="link_by_payment",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.source_external_id} ↔ {self.target_external_id}"


class ReviewState(models.TextChoices):
    OPEN = "open", "To decide"
    LINKED = "linked", "Linked"
    CREATE = "create", "Create new"
    IGNORED = "ignored", "Leave alone"


class Review(PracticeOwned):
    """A source record that could not be recognised with certainty: the candidates, why, and a person's decision."""

    kind = models.CharField(max_length=20, choices=Kind.choices)
    source_connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    target_connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    source_external_id = models.CharField(max_length=210)
    title = models.CharField(max_length=300)
    candidates = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=ReviewState.choices, default=ReviewState.OPEN)
    chosen_external_id = models.CharField(max_length=100, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["source_connection", "target_connection", "kind", "source_external_id"],
                name="review_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.title}: {self.state}"


class Verdict(models.TextChoices):
    SAME = "same", "The same"
    DIFFERENT = "different", "Not the same"


class PairVerdict(PracticeOwned):
    """What a person decided about two records of one system, or one of each: the same party or not.

    A pair within one system has the same connection twice and its ids in order. It stays when the records change.
    """

    kind = models.CharField(max_length=20, choices=Kind.choices)
    left_connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    left_external_id = models.CharField(max_length=210)
    right_connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    right_external_id = models.CharField(max_length=210)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    note = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=[
                    "left_connection",
                    "left_external_id",
                    "right_connection",
                    "right_external_id",
                    "kind",
                ],
                name="pair_verdict_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.left_external_id} and {self.right_external_id}: {self.verdict}"
