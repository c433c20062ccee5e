"""Admin pages of large tables: quick lists, searching by whole ids, JSON that can be read.

Lists stay quick with millions of rows: no full count, related rows joined, searching by whole ids and by the
practice instead of by parts of every text.
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from practices.admin_base import ReadOnlyAdmin
from practices.models import Practice

COUNT_UP_TO = 10_000
"""Rows a list counts and pages through; beyond them one filters or searches."""

MOST_PRACTICES = 1_000
LONGEST_JSON = 50_000
_SECRET_NAME = re.compile(r"token|secret|passw|authori[sz]ation|api[_-]?key|credential|cookie", re.IGNORECASE)


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than :data:`COUNT_UP_TO`: a list costs the same however many rows there are."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, models.QuerySet):
            return rows.order_by()[:COUNT_UP_TO].count()
        return len(rows)


class RecordAdmin(ReadOnlyAdmin):
    """Rows of a practice that pile up.

    ``exact_fields`` are searched for the whole word, a practice by any part of its name or address.
    ``secret_fields`` never reach a page.
    """

    paginator = CappedPaginator
    list_max_show_all = 50
    view_on_site = False
    search_help_text = "A practice's name or address, or a whole id"
    secret_fields: ClassVar[Sequence[str]] = ("lease_token",)
    exact_fields: ClassVar[Sequence[str]] = ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Every stored field but the secret ones; JSON in a readable form."""
        fields = [*self.model._meta.fields, *self.model._meta.many_to_many]
        return [
            _shown_as_json(field) if isinstance(field, models.JSONField) else field.name
            for field in fields
            if field.name not in self.secret_fields
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (*self.exact_fields, "practice__slug", "practice__name")

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Every word has to be a whole id of the row or a part of its practice's name or address."""
        for word in search_term.replace("\x00", "").split():
            found = Q(pk__in=[])
            for field in self.exact_fields:
                if _may_hold(self.model, field, word):
                    found |= Q(**{field: word})
            named = Practice.objects.filter(Q(slug__icontains=word) | Q(name__icontains=word))
            found |= Q(practice_id__in=list(named.values_list("pk", flat=True)[:MOST_PRACTICES]))
            queryset = queryset.filter(found)
        return queryset, False


def pretty_json(value: Any) -> SafeString:
    """JSON for reading, indented. Values under names of secrets are blotted out, wherever they come from."""
    text = json.dumps(_without_secrets(value), indent=2, ensure_ascii=False, sort_keys=True, default=str)
    if len(text) > LONGEST_JSON:
        text = f"{text[:LONGEST_JSON]}\n… {len(text) - LONGEST_JSON} more characters"
    return format_html('<pre class="json">{}</pre>', text)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: "(hidden)" if _SECRET_NAME.search(str(name)) and item else _without_secrets(item)
            for name, item in value.items()
        }
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


def _may_hold(model: type[models.Model], path: str, word: str) -> bool:
    """Whether a field can be compared with a word at all: numbers and UUIDs can't with any text."""
    owner: Any = model
    for step in path.split("__"):
        field = owner._meta.pk if step == "pk" else owner._meta.get_field(step)
        owner = field.related_model
    try:
        value = field.to_python(word)
    except ValidationError:
        return False
    return not isinstance(value, int) or value.bit_length() < 32


@cache
def _shown_as_json(field: Any) -> Callable[[Any], SafeString]:
    def shown(row: Any) -> SafeString:
        return pretty_json(getattr(row, field.name))

    shown.__name__ = field.name
    shown.short_description = field.verbose_name  # type: ignore[attr-defined]
    return shown
