"""The one door: a view gets a practice only from here.

``@practice_view(role=Role.STAFF)`` wraps a view whose URL has ``<slug:slug>``. The view is called with the
practice in place of the slug. Logged out: to the log-in page. Not a member, or no such practice: 404, so that
nobody learns which practices exist. Role too low: the 403 page. Owners and admins without a second factor are
sent to set one up first while ``settings.REQUIRE_MFA`` is on.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import patch_cache_control

from practices.localise import shown_for
from practices.logcontext import bound
from practices.models import Membership, Practice, Role, User

P = ParamSpec("P")


class PracticeRequest(HttpRequest):
    """A request that came through the door; templates may use ``request.may_staff`` and ``may_admin``."""

    user: User
    practice: Practice
    membership: Membership
    may_staff: bool
    may_admin: bool
    may_own: bool


def practice_view(
    role: Role = Role.VIEWER,
) -> Callable[
    [Callable[Concatenate[PracticeRequest, Practice, P], HttpResponse]], Callable[..., HttpResponse]
]:
    """Decorator for every view of a practice; see the module's head."""

    def decorate(
        view: Callable[Concatenate[PracticeRequest, Practice, P], HttpResponse],
    ) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            entered = _enter(request, slug)
            with shown_for(entered.practice), bound(practice=entered.practice):
                if needs_second_factor(entered.user, entered.membership):
                    return redirect("second_factor_needed", slug=slug)
                if not entered.membership.may(role):
                    raise PermissionDenied(
                        f"This page is for the role {role.label.lower()} and above. "
                        f"You are {_with_article(entered.membership)} here; an owner can change that."
                    )
                return _kept_nowhere(view(entered, entered.practice, *args, **kwargs))

        door = cast("Callable[..., HttpResponse]", login_required(guarded))
        door.practice_role = role  # type: ignore[attr-defined]
        return door

    return decorate


def member_view(
    view: Callable[[PracticeRequest, Practice], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Like :func:`practice_view`, but lets members in who still have to set up their second factor."""

    @wraps(view)
    def guarded(request: HttpRequest, slug: str) -> HttpResponse:
        entered = _enter(request, slug)
        with shown_for(entered.practice), bound(practice=entered.practice):
            return _kept_nowhere(view(entered, entered.practice))

    door = cast("Callable[..., HttpResponse]", login_required(guarded))
    door.practice_role = Role.VIEWER  # type: ignore[attr-defined]
    return door


def needs_second_factor(user: User, membership: Membership) -> bool:
    """Whether this member (owner or admin, where required) has to set up a second factor first."""
    required = bool(getattr(settings, "REQUIRE_MFA", True)) and membership.may(Role.ADMIN)
    return required and not is_mfa_enabled(user)


def membership_of(user: User, slug: str) -> Membership:
    """The user's membership in the practice with this slug, with practice and user loaded.

    Raises :class:`Membership.DoesNotExist` for strangers, unknown slugs and deactivated users alike.
    """
    found: Membership = Membership.objects.select_related("practice", "user").get(
        practice__slug=slug, user=user, user__is_active=True
    )
    return found


def practices_of(user: User) -> list[Practice]:
    """Practices the user is a member of, by name."""
    return list(Practice.objects.filter(pk__in=user.memberships.values("practice")).order_by("name", "pk"))


def _enter(request: HttpRequest, slug: str) -> PracticeRequest:
    entered = cast("PracticeRequest", request)
    try:
        membership = membership_of(entered.user, slug)
    except Membership.DoesNotExist:
        raise Http404("No such practice for you") from None
    entered.practice = membership.practice
    entered.membership = membership
    entered.may_staff = membership.may(Role.STAFF)
    entered.may_admin = membership.may(Role.ADMIN)
    entered.may_own = membership.may(Role.OWNER)
    return entered


def _kept_nowhere(response: HttpResponse) -> HttpResponse:
    """Clients' names and amounts stay in no proxy and, after logging out, behind no back button."""
    patch_cache_control(response, private=True, no_store=True)
    return response


def _with_article(membership: Membership) -> str:
    label = Role(membership.role).label.lower()
    if membership.role == Role.STAFF:
        return "staff"
    return f"an {label}" if label[0] in "aeiou" else f"a {label}"
