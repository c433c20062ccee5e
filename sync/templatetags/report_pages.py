"""Pieces of the report's page that stand by themselves. ``{% load report_pages %}``"""

from typing import Any

from django import template

from sync.pages.reports import comparison_shown, is_open
from sync.report.saved import OF_THE_PAGE, views_of

register = template.Library()


@register.inclusion_tag("sync/report_views.html", takes_context=True)
def report_views(context: dict[str, Any]) -> dict[str, Any]:
    """The saved views to choose from, and a form that saves what is filtered now. One query."""
    request = context["request"]
    params = request.GET.copy()
    for name in OF_THE_PAGE:
        params.pop(name, None)
    query = params.urlencode()
    views = list(views_of(request.practice, request.user))
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "views": views,
        "query": query,
        "current": next((view.pk for view in views if view.query == query), None),
    }


@register.inclusion_tag("sync/report_progress.html", takes_context=True)
def comparison_progress(context: dict[str, Any]) -> dict[str, Any]:
    """How the comparison in progress is doing, or why the last one failed; nothing otherwise. One query."""
    request = context["request"]
    found = comparison_shown(request.practice)
    return {"request": request, "comparison": found, "is_open": found is not None and is_open(found)}
