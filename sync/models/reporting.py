"""When a practice is compared, which views of the report it keeps, whom they are mailed to, and months signed off."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from practices.models import PracticeOwned, User


class Cadence(models.TextChoices):
    NEVER = "never", "Never"
    DAILY = "daily", "Every day"
    WEEKLY = "weekly", "Every week"
    MONTHLY = "monthly", "Every month"


class Timed(PracticeOwned):
    """Something done again and again. ``weekday`` is 0 for Monday; a ``monthday`` that a month lacks is its last day.

    ``hour`` is on the practice's clock, ``next_at`` the instant it is due (none: never).
    """

    cadence = models.CharField(max_length=10, choices=Cadence.choices, default=Cadence.DAILY)
    weekday = models.PositiveSmallIntegerField(default=0)
    monthday = models.PositiveSmallIntegerField(default=1)
    hour = models.PositiveSmallIntegerField(default=6)
    next_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class CompareSchedule(Timed):
    """When everything is compared, and whether what a sync changed is compared right after it."""

    after_sync = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["practice"], name="compare_schedule_once"),
            models.CheckConstraint(
                condition=Q(hour__lte=23) & Q(weekday__lte=6) & Q(monthday__gte=1) & Q(monthday__lte=31),
                name="compare_schedule_in_the_calendar",
            ),
        )
        indexes = (models.Index(fields=["next_at"], name="compare_schedule_due"),)

    def __str__(self) -> str:
        return f"Compare: {self.get_cadence_display()}"


class SavedView(PracticeOwned):
    """A named choice of filters of the list of differences. ``query`` is the page's query string."""

    name = models.CharField(max_length=80)
    query = models.CharField(max_length=1000, blank=True)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["practice", "owner", "name"], name="saved_view_once"),)

    def __str__(self) -> str:
        return self.name


class ReportFormat(models.TextChoices):
    XLSX = "xlsx", "Excel file"
    CSV = "csv", "CSV file"
    PDF = "pdf", "PDF"


class ReportSchedule(Timed):
    """A view that is mailed to members at set times. ``made_by`` may see what is sent, or nothing is sent."""

    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="schedules")
    recipients = models.ManyToManyField(User, through="ReportRecipient", related_name="+")
    format = models.CharField(max_length=5, choices=ReportFormat.choices, default=ReportFormat.XLSX)
    made_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(hour__lte=23) & Q(weekday__lte=6) & Q(monthday__gte=1) & Q(monthday__lte=31),
                name="report_schedule_in_the_calendar",
            ),
        )
        indexes = (models.Index(fields=["next_at"], name="report_schedule_due"),)

    def __str__(self) -> str:
        return f"{self.view}: {self.get_cadence_display()}"


class ReportRecipient(PracticeOwned):
    """One person whom a view is mailed to."""

    schedule = models.ForeignKey(ReportSchedule, on_delete=models.CASCADE, related_name="chosen")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["schedule", "user"], name="report_recipient_once"),)

    def __str__(self) -> str:
        return f"{self.schedule_id} to {self.user_id}"


class ReportMail(PracticeOwned):
    """One mail of a view owed to one person for one time it was due; sent once."""

    schedule = models.ForeignKey(ReportSchedule, on_delete=models.CASCADE, related_name="mails")
    to = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["schedule", "to", "due_at"], name="report_mail_once"),)
        indexes = (
            models.Index(
                fields=["not_before", "id"],
                condition=Q(sent_at=None, given_up_at=None),
                name="report_mail_owed",
            ),
        )

    def __str__(self) -> str:
        return f"{self.schedule_id} to {self.to_id} for {self.due_at:%d %b %Y}"


class SignOff(PracticeOwned):
    """A month (or other period) that somebody closed. ``figures`` are the totals and counts as they were then."""

    starts_on = models.DateField()
    ends_on = models.DateField()
    signed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    signed_at = models.DateTimeField(default=timezone.now)
    note = models.CharField(max_length=500, blank=True)
    figures = models.JSONField(default=dict)
    withdrawn_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["practice", "starts_on", "ends_on"],
                condition=Q(withdrawn_at=None),
                name="sign_off_once",
            ),
            models.CheckConstraint(condition=Q(ends_on__gte=models.F("starts_on")), name="sign_off_in_order"),
        )

    def __str__(self) -> str:
        return f"{self.starts_on:%d %b %Y} to {self.ends_on:%d %b %Y}"
