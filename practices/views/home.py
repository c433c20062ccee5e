"""Pages of a person rather than of a practice: my practices, create one, my profile, an invitation's link."""

from typing import cast

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from practices import invitations
from practices.creation import create_practice
from practices.forms import PracticeForm, ProfileForm
from practices.models import Invitation, Membership, User


@login_required
def practice_list(request: HttpRequest) -> HttpResponse:
    """My practices and the invitations that wait for me; straight in when there is only one of the former."""
    user = cast("User", request.user)
    mine = list(
        Membership.objects.select_related("practice").filter(user=user).order_by("practice__name", "pk")
    )
    waiting = invitations.open_for(user)
    if len(mine) == 1 and not waiting and "all" not in request.GET:
        return redirect(f"/p/{mine[0].practice.slug}/")
    return render(request, "practices/list.html", {"memberships": mine, "invitations": waiting})


@login_required
def practice_create(request: HttpRequest) -> HttpResponse:
    form = PracticeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        practice = create_practice(user=cast("User", request.user), **form.cleaned_data)
        messages.success(request, f"{practice.name} is ready. Connect Ignition and Xero next.")
        return redirect("connections", slug=practice.slug)
    return render(request, "practices/create.html", {"form": form})


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=cast("User", request.user))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("profile")
    return render(request, "practices/profile.html", {"form": form})


def invitation_open(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link in the mail. Joining is a separate press of a button."""
    invitation = invitations.find(token)
    if invitation is None:
        return render(request, "practices/invitation.html", {"invitation": None}, status=404)
    facts: dict[str, object] = {"invitation": invitation}
    if request.user.is_authenticated:
        user = request.user
        facts["refusal"] = invitations.why_not(invitation, invitations.verified_addresses(user))
        facts["member"] = Membership.objects.filter(practice=invitation.practice, user=user).exists()
    elif not invitation.is_open(timezone.now()):
        facts["refusal"] = invitations.why_not(invitation, {invitation.email.lower()})
    else:
        facts["has_account"] = User.objects.filter(email__iexact=invitation.email).exists()
        if not facts["has_account"]:
            # Whoever holds the link reads that mailbox: signing up with the address needs no second mail.
            get_adapter(request).stash_verified_email(request, invitation.email)
    return render(request, "practices/invitation.html", facts)


@require_POST
@login_required
def invitation_accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Join. An invitation for another address is answered as if there were none: ids are easy to guess."""
    user = cast("User", request.user)
    invitation = get_object_or_404(Invitation, pk=pk)
    if invitation.email.lower() not in invitations.verified_addresses(user):
        raise Http404("No such invitation for you")
    try:
        member = invitations.accept(invitation.pk, user=user)
    except invitations.InvitationRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("practice_list")
    messages.success(request, f"Welcome to {member.practice.name}.")
    return redirect(f"/p/{member.practice.slug}/")
