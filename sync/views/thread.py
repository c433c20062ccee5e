"""From engagement to cash on one page."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from practices.access import PracticeRequest, practice_view
from practices.models import Practice
from sync.models import Snapshot
from sync.pages.thread import thread_page
from sync.thread import STARTS


@practice_view()
def thread(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """The thread that a proposal, an invoice, a payment or a client is in; 404 for other kinds."""
    snapshot = get_object_or_404(Snapshot.objects.select_related("connection"), practice=practice, pk=pk)
    if snapshot.kind not in STARTS:
        raise Http404("There is no thread of such a record")
    return render(
        request, "sync/thread.html", {"snapshot": snapshot, "page": thread_page(practice, snapshot)}
    )
