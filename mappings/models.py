"""What a value becomes: versioned sets of choices. A published version is never changed, only replaced."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from practices.models import PracticeOwned, Provider, User


class SetState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    RETIRED = "retired", "Retired"


class MappingSet(PracticeOwned):
    """One version of a practice's choices for one pair of systems. ``choices`` is ``mappings.spec.Choices`` as JSON.

    A practice has at most one draft. ``based_on`` is the version that was in force when it was begun, ``revision``
    counts its saves, so that two people who edit it notice each other.
    """

    source = models.CharField(max_length=20, choices=Provider.choices, default=Provider.IGNITION)
    target = models.CharField(max_length=20, choices=Provider.choices, default=Provider.XERO)
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=SetState.choices, default=SetState.DRAFT)
    choices = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    based_on = models.PositiveIntegerField(default=0)
    revision = models.PositiveIntegerField(default=0)
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["practice", "source", "target", "version"], name="mapping_version_once"
            ),
            models.UniqueConstraint(
                fields=["practice", "source", "target"],
                condition=Q(state="published"),
                name="mapping_one_published",
            ),
            models.UniqueConstraint(
                fields=["practice", "source", "target"],
                condition=Q(state="draft"),
                name="mapping_one_draft",
            ),
        )
        triggers = (
            pgtrigger.Protect(
                name="published_is_immutable",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state__in=["published", "retired"])
                & (
                    pgtrigger.Q(old__choices__df=pgtrigger.F("new__choices"))
                    | pgtrigger.Q(old__version__df=pgtrigger.F("new__version"))
                    | pgtrigger.Q(new__state="draft")
                ),
            ),
        )

    def __str__(self) -> str:
        return f"Mapping {self.source} → {self.target} v{self.version} ({self.state})"


class Table(models.TextChoices):
    """Which choice a value map belongs to."""

    ACCOUNT = "account", "Service → account"
    TAX = "tax", "Tax label → tax type"
    CLEARING = "clearing", "Payment method → clearing account"


class ValueMap(PracticeOwned):
    """One source value and what it becomes, inside one mapping set."""

    mapping_set = models.ForeignKey(MappingSet, on_delete=models.CASCADE, related_name="values")
    table = models.CharField(max_length=10, choices=Table.choices)
    source_value = models.CharField(max_length=200)
    target_value = models.CharField(max_length=100)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["mapping_set", "table", "source_value"], name="value_map_once"),
        )

    def __str__(self) -> str:
        return f"{self.table}: {self.source_value} → {self.target_value}"
