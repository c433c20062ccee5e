"""Members, invitations, settings, audit trail of one practice."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from practices import invitations
from practices import membership as memberships
from practices.access import PracticeRequest, member_view, needs_second_factor, practice_view
from practices.creation import change_practice
from practices.forms import InviteForm, PracticeSettingsForm, role_choices
from practices.models import AuditEntry, Invitation, Membership, Practice, Role

AUDIT_PAGE = 50


@practice_view()
def members(request: PracticeRequest, practice: Practice) -> HttpResponse:
    form = InviteForm(request.POST or None, inviter=request.membership)
    return _members_page(request, practice, form)


@require_POST
@practice_view(Role.ADMIN)
def member_invite(request: PracticeRequest, practice: Practice) -> HttpResponse:
    form = InviteForm(request.POST, inviter=request.membership)
    if not form.is_valid():
        return _members_page(request, practice, form)
    try:
        invitation = invitations.invite(
            practice,
            actor=request.membership,
            email=form.cleaned_data["email"],
            role=Role(form.cleaned_data["role"]),
        )
    except invitations.InvitationRefused as refusal:
        form.add_error("email", str(refusal))
        return _members_page(request, practice, form)
    messages.success(request, f"Invitation sent to {invitation.email}.")
    return redirect("members", slug=practice.slug)


@require_POST
@practice_view(Role.ADMIN)
def member_role(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    get_object_or_404(Membership, practice=practice, pk=pk)
    if request.POST.get("role") not in Role.values:
        messages.error(request, "Choose a role from the list.")
        return redirect("members", slug=practice.slug)
    try:
        changed = memberships.change_role(
            practice, actor=request.user, member_id=pk, role=Role(request.POST["role"])
        )
        messages.success(request, f"{changed.user} is now {changed.get_role_display().lower()}.")
    except memberships.MembershipRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("members", slug=practice.slug)


@require_POST
@practice_view(Role.ADMIN)
def member_remove(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    member = get_object_or_404(Membership.objects.select_related("user"), practice=practice, pk=pk)
    try:
        memberships.remove_member(practice, actor=request.user, member_id=pk)
    except memberships.MembershipRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("members", slug=practice.slug)
    if member.user_id == request.user.pk:
        return _left(request, practice)
    messages.success(request, f"{member.user} no longer has access.")
    return redirect("members", slug=practice.slug)


@require_POST
@practice_view()
def member_leave(request: PracticeRequest, practice: Practice) -> HttpResponse:
    try:
        memberships.leave(practice, user=request.user)
    except memberships.MembershipRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("members", slug=practice.slug)
    return _left(request, practice)


@require_POST
@practice_view(Role.ADMIN)
def invitation_resend(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    get_object_or_404(Invitation, practice=practice, pk=pk)
    try:
        invitation = invitations.resend(practice, actor=request.user, invitation_id=pk)
        messages.success(
            request, f"A new link is on its way to {invitation.email}; the old one stopped working."
        )
    except invitations.InvitationRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("members", slug=practice.slug)


@require_POST
@practice_view(Role.ADMIN)
def invitation_revoke(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    get_object_or_404(Invitation, practice=practice, pk=pk)
    try:
        invitation = invitations.revoke(practice, actor=request.user, invitation_id=pk)
        messages.success(request, f"The invitation to {invitation.email} was withdrawn.")
    except invitations.InvitationRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("members", slug=practice.slug)


@practice_view(Role.ADMIN)
def practice_settings(request: PracticeRequest, practice: Practice) -> HttpResponse:
    # The form works on a copy, so that a refused value never shows up in the page's frame.
    form = PracticeSettingsForm(request.POST or None, instance=Practice.objects.get(pk=practice.pk))
    if request.method == "POST" and form.is_valid():
        changed = change_practice(practice, actor=request.user, changes=form.cleaned_data)
        messages.success(request, "Saved." if changed else "Nothing was different.")
        return redirect("practice_settings", slug=practice.slug)
    return render(request, "practices/settings.html", {"form": form})


@practice_view(Role.ADMIN)
def audit(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Who did what, newest first; ``?actor=`` and ``?action=`` narrow it down."""
    entries = AuditEntry.objects.for_practice(practice)
    choices = {
        "actors": entries.order_by("actor_label").values_list("actor_label", flat=True).distinct(),
        "actions": entries.order_by("action").values_list("action", flat=True).distinct(),
    }
    actor, action = request.GET.get("actor", ""), request.GET.get("action", "")
    if actor:
        entries = entries.filter(actor_label=actor)
    if action:
        entries = entries.filter(action=action)
    page = Paginator(entries.order_by("-at", "-pk"), AUDIT_PAGE).get_page(request.GET.get("page"))
    return render(
        request, "practices/audit.html", {**choices, "page": page, "actor": actor, "action": action}
    )


@member_view
def second_factor_needed(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Why an owner or admin can't go on yet, and the way to set a second factor up."""
    if not needs_second_factor(request.user, request.membership):
        return redirect(f"/p/{practice.slug}/")
    return render(request, "practices/second_factor_needed.html")


def _members_page(request: PracticeRequest, practice: Practice, form: InviteForm) -> HttpResponse:
    people = (
        Membership.objects.for_practice(practice).select_related("user").order_by("user__name", "user__email")
    )
    waiting = Invitation.objects.for_practice(practice).filter(accepted_at=None, revoked_at=None)
    return render(
        request,
        "practices/members.html",
        {
            "people": people,
            "waiting": waiting.select_related("invited_by").order_by("-created_at"),
            "form": form,
            "roles": role_choices(request.membership),
            "now": timezone.now(),
        },
        status=422 if form.errors else 200,
    )


def _left(request: PracticeRequest, practice: Practice) -> HttpResponse:
    messages.success(request, f"You left {practice.name}.")
    return redirect("practice_list")
