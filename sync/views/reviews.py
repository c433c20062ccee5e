"""Who is who: the queue of records that a person has to recognise."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role
from sync import decisions
from sync.models import Review, ReviewState
from sync.pages.paging import sheet
from sync.pages.reviews import next_open, review_page
from sync.views.asked import posted_text

CHOICES = frozenset({"link", "create", "ignore", "reopen"})
DECIDED = "decided"
DONE_WORDS = {"link": "Linked", "create": "Will be created", "ignore": "Left alone", "reopen": "Opened again"}


@practice_view()
def reviews(request: PracticeRequest, practice: Practice) -> HttpResponse:
    decided = request.GET.get("show") == DECIDED
    base = Review.objects.filter(practice=practice)
    counts = base.aggregate(open=Count("pk", filter=Q(state=ReviewState.OPEN)), all=Count("pk"))
    query = base.exclude(state=ReviewState.OPEN) if decided else base.filter(state=ReviewState.OPEN)
    text = request.GET.get("q", "").strip().replace("\x00", "")
    if text:
        query = query.filter(title__icontains=text)
    page = sheet(
        query.select_related("decided_by", "source_connection", "target_connection"),
        request.GET,
        count=query.count(),
        sorts={"title": "title", "decided": "decided_at", "since": "created_at"},
        default="-decided" if decided else "since",
    )
    return render(
        request,
        "sync/reviews.html",
        {
            "sheet": page,
            "decided": decided,
            "open_count": counts["open"],
            "decided_count": counts["all"] - counts["open"],
            "text": text,
        },
    )


@practice_view()
def review(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    found = _review(practice, pk)
    page = review_page(practice, found, request.GET.get("q", ""))
    return render(request, "sync/review.html", {"page": page, "review": found})


@require_POST
@practice_view(Role.STAFF)
def review_decide(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    found = _review(practice, pk)
    choice = request.POST.get("choice", "")
    external_id = posted_text(request, "external_id", most=100)
    if choice not in CHOICES or (choice == "link" and not external_id):
        messages.error(request, "Choose one of the buttons.")
        return redirect("review", slug=practice.slug, pk=pk)
    note = posted_text(request, "note", most=300)
    try:
        decisions.decide_review(found, actor=request.user, choice=choice, external_id=external_id, note=note)
    except decisions.NotAllowed as refusal:
        messages.error(request, str(refusal))
        return redirect("review", slug=practice.slug, pk=pk)
    messages.success(request, f"{found.title}: {DONE_WORDS[choice].lower()}.")
    if choice == "reopen":
        return redirect("review", slug=practice.slug, pk=pk)
    following = next_open(practice, pk)
    if following is None:
        return redirect("reviews", slug=practice.slug)
    return redirect("review", slug=practice.slug, pk=following.pk)


def _review(practice: Practice, pk: int) -> Review:
    query = Review.objects.select_related("source_connection", "target_connection", "decided_by")
    found: Review = get_object_or_404(query, practice=practice, pk=pk)
    return found
