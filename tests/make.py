"""Plain builders. Each takes what the test cares about and fills in the rest."""

import itertools
from typing import Any

from allauth.account.models import EmailAddress

from practices.models import (
    AuthKind,
    Connection,
    Country,
    Grant,
    HookSecret,
    Membership,
    Practice,
    Provider,
    Role,
    User,
)

PASSWORD = "correct horse battery staple"  # of every person made here
_numbers = itertools.count(1)


def make_user(email: str = "", *, name: str = "", password: str = PASSWORD, **extra: Any) -> User:
    """A person with a verified e-mail address."""
    email = email or f"person{next(_numbers)}@example.com"
    user = User.objects.create_user(email, password, name=name or email.split("@")[0].title(), **extra)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def make_practice(name: str = "", *, slug: str = "", country: str = Country.AU, **extra: Any) -> Practice:
    number = next(_numbers)
    defaults = {
        "AU": {"time_zone": "Australia/Sydney", "base_currency": "AUD"},
        "NZ": {"time_zone": "Pacific/Auckland", "base_currency": "NZD"},
        "GB": {"time_zone": "Europe/London", "base_currency": "GBP"},
    }[country]
    return Practice.objects.create(
        name=name or f"Practice {number}",
        slug=slug or f"practice-{number}",
        country=country,
        **{**defaults, **extra},
    )


def make_member(
    practice: Practice, role: str = Role.OWNER, *, user: User | None = None, email: str = ""
) -> User:
    """The user (a new one unless given), now a member of the practice."""
    user = user or make_user(email)
    Membership.objects.create(practice=practice, user=user, role=role)
    return user


def make_grant(
    provider: str = Provider.XERO, *, secret: dict[str, Any] | None = None, subject: str = "", **extra: Any
) -> Grant:
    """Credentials: a token pair for Xero, an API key for Ignition unless ``auth_kind`` says otherwise."""
    number = next(_numbers)
    auth_kind = extra.pop("auth_kind", AuthKind.OAUTH2 if provider == Provider.XERO else AuthKind.API_KEY)
    if secret is None:
        secret = (
            {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}"}
            if auth_kind == AuthKind.OAUTH2
            else {"api_key": f"key-{number}"}
        )
    if provider == Provider.XERO:
        subject = subject or f"xero-user-{number}"
    return Grant.objects.create(
        provider=provider, auth_kind=auth_kind, secret=secret, subject=subject, **extra
    )


def make_connection(
    practice: Practice,
    provider: str = Provider.XERO,
    *,
    grant: Grant | None = None,
    tenant_external_id: str | None = None,
    **extra: Any,
) -> Connection:
    """A usable connection. Ignition has no tenant id, Xero gets a made-up one."""
    number = next(_numbers)
    if tenant_external_id is None:
        tenant_external_id = f"tenant-{number}" if provider == Provider.XERO else ""
    extra.setdefault("tenant_name", practice.name)
    return Connection.objects.create(
        practice=practice,
        provider=provider,
        grant=grant or make_grant(provider),
        tenant_external_id=tenant_external_id,
        **extra,
    )


def make_hook_secret(
    connection: Connection, *, label: str = "Zapier", secret: str = "", **extra: Any
) -> HookSecret:
    """What a sender of hints about this connection knows."""
    return HookSecret.objects.create(
        practice=connection.practice,
        connection=connection,
        label=label,
        secret=secret or f"whs_made-up-{next(_numbers)}",
        **extra,
    )
