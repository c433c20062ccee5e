"""What the support team does to people, with a trace in every practice that is touched."""

from typing import cast

from django.db import transaction
from django.http import HttpRequest

from practices.audit import record
from practices.models import Membership, User


def acting(request: HttpRequest) -> User:
    """The logged-in member of the support team."""
    return cast("User", request.user)


def set_active(user: User, *, active: bool, actor: User) -> bool:
    """Stop or allow log-ins; whether anything changed. Existing sessions end with the next click."""
    with transaction.atomic():
        changed = User.objects.filter(pk=user.pk, is_active=not active).update(is_active=active)
        if changed:
            action, verb = (
                ("user.reactivated", "Reactivated") if active else ("user.deactivated", "Deactivated")
            )
            for member in Membership.objects.select_related("practice").filter(user=user):
                record(member.practice, actor, action, f"{verb} {user.email} (support)", object=user)
    return bool(changed)
