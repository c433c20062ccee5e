"""Who may do what: people, practices, memberships, connections and the audit trail."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from practices.secrets import EncryptedJSONField


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Logs in by e-mail; ``is_staff`` marks our support team."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField("support team", default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_any_case_unique"),)

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email


class Country(models.TextChoices):
    AU = "AU", "Australia"
    NZ = "NZ", "New Zealand"
    GB = "GB", "United Kingdom"


class Practice(models.Model):
    """Our tenant: one accounting practice. Everything of it lives under ``/p/<slug>/``."""

    name = models.CharField(max_length=150)
    slug = models.SlugField(max_length=60, unique=True)
    country = models.CharField(max_length=2, choices=Country.choices, default=Country.AU)
    time_zone = models.CharField(max_length=60, default="Australia/Sydney")
    base_currency = models.CharField(
        max_length=3,
        default="AUD",
        validators=[RegexValidator(r"^[A-Z]{3}$", "Use a three-letter currency code.")],
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class PracticeQuerySet(models.QuerySet[Any]):
    def for_practice(self, practice: Practice) -> Self:
        return self.filter(practice=practice)


class PracticeOwned(models.Model):
    """Base of every row that belongs to one practice."""

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="+")

    objects = PracticeQuerySet.as_manager()

    class Meta:
        abstract = True


class Role(models.TextChoices):
    """What a member may do, from most to least: each role may do all that the next one may."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    STAFF = "staff", "Staff"
    VIEWER = "viewer", "Viewer"


ROLE_RANK = {Role.OWNER: 3, Role.ADMIN: 2, Role.STAFF: 1, Role.VIEWER: 0}


class Membership(PracticeOwned):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["practice", "user"], name="membership_once_per_practice"),
        )

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"

    def may(self, role: Role) -> bool:
        """Whether this member has at least the given role."""
        return ROLE_RANK[Role(self.role)] >= ROLE_RANK[role]


class Invitation(PracticeOwned):
    """An offer to join, sent by e-mail. Only a hash of the link's token is stored."""

    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.STAFF)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                "practice",
                Lower("email"),
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_one_open_per_email",
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"

    def is_open(self, now: datetime) -> bool:
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > now


class Provider(models.TextChoices):
    IGNITION = "ignition", "Ignition"
    XERO = "xero", "Xero"


class AuthKind(models.TextChoices):
    API_KEY = "api_key", "API key"
    OAUTH2 = "oauth2", "OAuth 2.0"


class GrantState(models.TextChoices):
    ACTIVE = "active", "Active"
    DEAD = "dead", "Needs a new consent"


class Grant(models.Model):
    """One set of credentials that a provider gave us.

    A Xero user's token set reaches every organisation that user allowed, so it is stored once and shared by
    the connections that use it: two copies that refresh apart would invalidate each other. ``subject`` is the
    provider's id of the person or account who consented, empty where the provider has none (Ignition).
    """

    provider = models.CharField(max_length=20, choices=Provider.choices)
    auth_kind = models.CharField(max_length=10, choices=AuthKind.choices)
    subject = models.CharField(max_length=100, blank=True)
    secret = EncryptedJSONField()
    scopes = models.JSONField(default=list, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=GrantState.choices, default=GrantState.ACTIVE)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["provider", "subject"], condition=~models.Q(subject=""), name="grant_once_per_subject"
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.auth_kind} grant {self.pk}"


class ConnectionState(models.TextChoices):
    CONNECTED = "connected", "Connected"
    NEEDS_RECONNECT = "needs_reconnect", "Needs reconnecting"
    DISCONNECTED = "disconnected", "Disconnected"


class Connection(PracticeOwned):
    """A practice's authorised link to one outside tenant. Survives disconnecting, so history stays.

    ``lease_*`` is the lane: whoever holds it is the only worker that talks to this outside tenant.
    ``resumes_at`` is set when the provider told us to wait; nothing is sent before it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.CharField(max_length=20, choices=Provider.choices)
    grant = models.ForeignKey(
        Grant, on_delete=models.SET_NULL, null=True, blank=True, related_name="connections"
    )
    tenant_external_id = models.CharField(max_length=100, blank=True)
    tenant_name = models.CharField(max_length=200, blank=True)
    tenant_details = models.JSONField(default=dict, blank=True)
    state = models.CharField(
        max_length=20, choices=ConnectionState.choices, default=ConnectionState.CONNECTED
    )
    state_reason = models.CharField(max_length=300, blank=True)
    connected_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    connected_at = models.DateTimeField(default=timezone.now)
    disconnected_at = models.DateTimeField(null=True, blank=True)
    last_read_at = models.DateTimeField(null=True, blank=True)
    last_write_at = models.DateTimeField(null=True, blank=True)
    last_probe = models.JSONField(default=dict, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_holder = models.CharField(max_length=200, blank=True)
    resumes_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["practice", "provider"], name="connection_one_per_provider"),
            models.UniqueConstraint(
                fields=["provider", "tenant_external_id"],
                condition=~models.Q(tenant_external_id="") & ~models.Q(state="disconnected"),
                name="connection_tenant_in_one_practice",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_provider_display()}: {self.tenant_name or self.tenant_external_id or 'unnamed'}"

    @property
    def is_usable(self) -> bool:
        return self.state == ConnectionState.CONNECTED


class HookSecret(PracticeOwned):
    """Lets a sender report changes of one connection: what it signs with, or sends along, is this.

    ``secret`` is shown once, when it is made. A replaced one works until ``expires_at``; ``last_used_at`` is written at
    most once a minute.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="hook_secrets")
    label = models.CharField(max_length=60)
    secret = EncryptedJSONField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.label


class AuditEntry(PracticeOwned):
    """Who or what did what. Append-only: the database refuses to change or delete a row."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    actor_label = models.CharField(max_length=254)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=120, blank=True)
    summary = models.CharField(max_length=500)
    details = models.JSONField(default=dict, blank=True)

    practice = models.ForeignKey(Practice, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = (models.Index(fields=["practice", "-at"], name="audit_by_practice"),)
        triggers = (
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="never_emptied",
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                func="RAISE EXCEPTION 'The audit trail can''t be emptied.';",
            ),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_label}: {self.summary}"
