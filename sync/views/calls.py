"""How many calls are left, and who used them."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from practices.access import PracticeRequest, practice_view
from practices.models import Practice
from sync.models import Purpose
from sync.pages.calls import gauges


@practice_view()
def calls(request: PracticeRequest, practice: Practice) -> HttpResponse:
    page = {"gauges": gauges(practice, timezone.now()), "purposes": list(Purpose)}
    return render(request, "sync/calls.html", page)
