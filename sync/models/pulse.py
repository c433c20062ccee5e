"""Signs of life of the processes behind the pages."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone


class Pulse(models.Model):
    """When a process last said that it is alive: one row a name ("beat", "worker host/123")."""

    name = models.CharField(max_length=200, unique=True)
    at = models.DateTimeField(default=timezone.now)
    detail = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"

    @classmethod
    def beat(cls, name: str, **detail: Any) -> None:
        """Say that ``name`` is alive now."""
        cls._default_manager.bulk_create(
            [cls(name=name[:200], at=timezone.now(), detail=detail)],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["at", "detail"],
        )

    def age(self, now: datetime) -> timedelta:
        return now - self.at
