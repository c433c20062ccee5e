"""Changing who belongs to a practice. A practice always keeps at least one owner.

Every change locks the practice's row first, so two owners who leave at the same moment can't both succeed.
"""

from django.db import transaction

from practices.audit import record
from practices.models import Membership, Practice, Role, User


class MembershipRefused(Exception):
    """The change isn't allowed; the text is a sentence for the person who asked."""


def change_role(practice: Practice, *, actor: User, member_id: int, role: Role) -> Membership:
    """Give a member another role. Only owners make or unmake owners.

    Raises :class:`MembershipRefused`, and :class:`Membership.DoesNotExist` for someone else's member.
    """
    with transaction.atomic():
        acting, member = _locked(practice, actor, member_id)
        before = Role(member.role)
        if before == role:
            return member
        if Role.OWNER in (before, role) and not acting.may(Role.OWNER):
            raise MembershipRefused("Only an owner can make someone an owner or change an owner's role.")
        if before == Role.OWNER:
            _refuse_without_other_owner(practice, member, "Make someone else an owner first.")
        member.role = role
        member.save(update_fields=["role"])
        record(
            practice,
            actor,
            "member.role_changed",
            f"{member.user.email}: {before.label} to {role.label}",
            object=member,
            before=before,
            after=role,
        )
        return member


def remove_member(practice: Practice, *, actor: User, member_id: int) -> None:
    """Take a member out. Raises as :func:`change_role` does."""
    with transaction.atomic():
        acting, member = _locked(practice, actor, member_id)
        if member.user_id == actor.pk:
            _leave(practice, member, actor)
            return
        if not acting.may(Role.ADMIN) or (member.role == Role.OWNER and not acting.may(Role.OWNER)):
            raise MembershipRefused("Only an owner can remove an owner.")
        if member.role == Role.OWNER:
            _refuse_without_other_owner(practice, member, "Make someone else an owner first.")
        record(
            practice, actor, "member.removed", f"Removed {member.user.email}", object=member, role=member.role
        )
        member.delete()


def leave(practice: Practice, *, user: User) -> None:
    """Take oneself out. The last owner can't leave."""
    with transaction.atomic():
        Practice.objects.select_for_update().get(pk=practice.pk)
        _leave(practice, Membership.objects.select_related("user").get(practice=practice, user=user), user)


def _leave(practice: Practice, member: Membership, user: User) -> None:
    if member.role == Role.OWNER:
        _refuse_without_other_owner(practice, member, "Make someone else an owner before you leave.")
    record(practice, user, "member.left", f"{user.email} left", object=member, role=member.role)
    member.delete()


def _locked(practice: Practice, actor: User, member_id: int) -> tuple[Membership, Membership]:
    """The actor's and the member's rows, read after the practice's row was locked."""
    Practice.objects.select_for_update().get(pk=practice.pk)
    members = Membership.objects.for_practice(practice).select_related("user")
    return members.get(user=actor), members.get(pk=member_id)


def _refuse_without_other_owner(practice: Practice, member: Membership, advice: str) -> None:
    owners = Membership.objects.for_practice(practice).filter(role=Role.OWNER, user__is_active=True)
    if not owners.exclude(pk=member.pk).exists():
        raise MembershipRefused(f"{member.user.email} is the only owner. {advice}")
