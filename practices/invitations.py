"""Inviting people by e-mail. The link's token is stored as a hash only, works once and for seven days."""

import hashlib
import secrets
from datetime import timedelta
from urllib.parse import urljoin

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from practices.audit import record
from practices.models import AuditEntry, Invitation, Membership, Practice, Role, User

LIFETIME = timedelta(days=7)

MOST_A_DAY = 100
"""Mails one person may have sent to others in 24 hours: plenty for an office, too few for a spammer."""

SENDING = ("invitation.sent", "invitation.resent")


class InvitationRefused(Exception):
    """The invitation can't be made or accepted; the text is a sentence for people."""


def invite(practice: Practice, *, actor: Membership, email: str, role: Role) -> Invitation:
    """Store an invitation and mail its link once the transaction is committed."""
    email = email.strip().lower()
    if role == Role.OWNER and not actor.may(Role.OWNER):
        raise InvitationRefused("Only an owner can invite another owner.")
    if Membership.objects.for_practice(practice).filter(user__email__iexact=email).exists():
        raise InvitationRefused(f"{email} is a member already.")
    _refuse_too_many(actor.user)
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    try:
        with transaction.atomic():
            # An offer that ran out makes room for a new one.
            Invitation.objects.for_practice(practice).filter(
                email__iexact=email, accepted_at=None, revoked_at=None, expires_at__lte=now
            ).update(revoked_at=now)
            invitation = Invitation.objects.create(
                practice=practice,
                email=email,
                role=role,
                token_hash=hashed(token),
                invited_by=actor.user,
                expires_at=now + LIFETIME,
            )
            record(
                practice,
                actor.user,
                "invitation.sent",
                f"Invited {email} as {role.label}",
                object=invitation,
                role=role,
            )
            transaction.on_commit(lambda: _send(invitation, token))
    except IntegrityError:
        raise InvitationRefused(
            f"{email} has an open invitation. Send it again from the list below."
        ) from None
    return invitation


def resend(practice: Practice, *, actor: User, invitation_id: int) -> Invitation:
    """Mail a fresh link with a fresh expiry; the link sent before stops working."""
    _refuse_too_many(actor)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        invitation: Invitation = (
            Invitation.objects.for_practice(practice).select_for_update().get(pk=invitation_id)
        )
        if invitation.accepted_at or invitation.revoked_at:
            raise InvitationRefused("This invitation was accepted or withdrawn already.")
        invitation.token_hash = hashed(token)
        invitation.expires_at = timezone.now() + LIFETIME
        invitation.save(update_fields=["token_hash", "expires_at"])
        record(
            practice,
            actor,
            "invitation.resent",
            f"Sent the invitation to {invitation.email} again",
            object=invitation,
        )
        transaction.on_commit(lambda: _send(invitation, token))
    return invitation


def revoke(practice: Practice, *, actor: User, invitation_id: int) -> Invitation:
    """Make the link useless. A second time changes nothing."""
    with transaction.atomic():
        invitation: Invitation = (
            Invitation.objects.for_practice(practice).select_for_update().get(pk=invitation_id)
        )
        if invitation.accepted_at:
            raise InvitationRefused("This invitation was accepted already. Remove the member instead.")
        if invitation.revoked_at is None:
            invitation.revoked_at = timezone.now()
            invitation.save(update_fields=["revoked_at"])
            record(
                practice,
                actor,
                "invitation.revoked",
                f"Withdrew the invitation to {invitation.email}",
                object=invitation,
            )
    return invitation


def find(token: str) -> Invitation | None:
    """The invitation behind a link, whatever its state; ``None`` for a made-up or replaced token."""
    found: Invitation | None = (
        Invitation.objects.select_related("practice", "invited_by").filter(token_hash=hashed(token)).first()
    )
    return found


def open_for(user: User) -> list[Invitation]:
    """Open invitations to any of the user's verified addresses."""
    return list(
        Invitation.objects.select_related("practice", "invited_by")
        .filter(
            accepted_at=None,
            revoked_at=None,
            expires_at__gt=timezone.now(),
            email__in=verified_addresses(user),
        )
        .order_by("created_at")
    )


def verified_addresses(user: User) -> set[str]:
    """Lower-case addresses this person proved to own."""
    return {
        email.lower()
        for email in EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    }


def accept(invitation_id: int, *, user: User) -> Membership:
    """Join. The invitation is spent even when the person was a member by another way meanwhile.

    Raises :class:`InvitationRefused` when it was used, withdrawn, ran out or is for another address.
    """
    addresses = verified_addresses(user)
    with transaction.atomic():
        invitation: Invitation = (
            Invitation.objects.select_for_update(of=("self",))
            .select_related("practice")
            .get(pk=invitation_id)
        )
        refusal = why_not(invitation, addresses)
        if refusal:
            raise InvitationRefused(refusal)
        member, joined = Membership.objects.get_or_create(
            practice=invitation.practice, user=user, defaults={"role": invitation.role}
        )
        invitation.accepted_at = timezone.now()
        invitation.save(update_fields=["accepted_at"])
        if joined:
            record(
                invitation.practice,
                user,
                "member.joined",
                f"{user.email} joined as {Role(invitation.role).label}",
                object=member,
                invitation=invitation.pk,
            )
        return member


def why_not(invitation: Invitation, addresses: set[str]) -> str:
    """Why someone with these verified addresses can't accept; empty when they can."""
    if invitation.accepted_at:
        return "This invitation was used already."
    if invitation.revoked_at:
        return "This invitation was withdrawn. Ask for a new one."
    if not invitation.is_open(timezone.now()):
        return "This invitation ran out. Ask for a new one."
    if invitation.email.lower() not in addresses:
        return (
            f"This invitation is for {invitation.email}. Log in with that address, or ask for one to yours."
        )
    return ""


def hashed(token: str) -> str:
    """What is stored of a link's token. The token is random and long, so one fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _refuse_too_many(actor: User) -> None:
    """Counted over all practices of a person, as anybody may create one."""
    since = timezone.now() - timedelta(days=1)
    sent = AuditEntry.objects.filter(at__gte=since, actor=actor, action__in=SENDING)
    if sent.count() >= MOST_A_DAY:
        raise InvitationRefused(f"You have sent {MOST_A_DAY} invitations today. Please go on tomorrow.")


def _send(invitation: Invitation, token: str) -> None:
    url = urljoin(settings.BASE_URL, reverse("invitation_open", kwargs={"token": token}))
    facts = {"invitation": invitation, "practice": invitation.practice, "url": url, "days": LIFETIME.days}
    send_mail(
        subject=" ".join(f"Join {invitation.practice.name}".split()),
        message=render_to_string("practices/invitation_email.txt", facts),
        from_email=None,
        recipient_list=[invitation.email],
    )
