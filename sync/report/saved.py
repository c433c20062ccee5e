"""Views of the report that somebody named: what was filtered, to be found again by them or by everybody."""

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict

from practices.audit import record
from practices.models import Membership, Practice, Role, User
from sync.models import SavedView

LONGEST_QUERY = 1000
MOST_VIEWS = 100
"""Per practice: more nobody finds again."""
OF_THE_PAGE = ("page", "size", "totals", "csrfmiddlewaretoken")
"""Parts of the address that say nothing about what is looked for."""


class Refused(Exception):
    """It can't be done; the text is a sentence for people."""


def views_of(practice: Practice, user: User) -> QuerySet[SavedView]:
    """What this member sees: their own and the shared ones, by name."""
    mine = Q(owner=user) | Q(is_shared=True)
    return SavedView.objects.filter(mine, practice=practice).select_related("owner").order_by("name", "pk")


def may_change(view: SavedView, member: Membership) -> bool:
    """Whether a member may rename or delete it: who saved it, and of a shared one also owners and admins."""
    own = view.owner_id == member.user_id and member.may(Role.STAFF)
    return own or (view.is_shared and member.may(Role.ADMIN))


def save(practice: Practice, actor: User, *, name: str, query: str, is_shared: bool) -> SavedView:
    """Keep a view under a name. Saved again under the same name it replaces the earlier one of the same person."""
    kept = cleaned(query)
    _check_name(name)
    with transaction.atomic():
        found = (
            SavedView.objects.select_for_update(no_key=True)
            .filter(practice=practice, owner=actor, name=name)
            .first()
        )
        if found is None:
            if SavedView.objects.filter(practice=practice).count() >= MOST_VIEWS:
                raise Refused(f"There are {MOST_VIEWS} saved views. Delete one that nobody uses.")
            found = SavedView(practice=practice, owner=actor, name=name)
        found.query, found.is_shared = kept, is_shared
        _store(found)
        said = "for everybody" if is_shared else "for themselves"
        record(practice, actor, "view.saved", f"Saved the view “{name}” {said}", object=found, query=kept)
    return found


def change(view: SavedView, actor: User, *, name: str, is_shared: bool) -> None:
    """Rename a view, or show it to others or to its owner only."""
    _check_name(name)
    if view.owner_id is None and not is_shared:
        raise Refused("Whoever saved it is gone: nobody would see it any more. Delete it instead.")
    before = view.name
    with transaction.atomic():
        view.name, view.is_shared = name, is_shared
        _store(view)
        said = f"Renamed the view “{before}” to “{name}”" if before != name else f"Changed the view “{name}”"
        record(view.practice, actor, "view.changed", said, object=view, is_shared=is_shared)


def delete(view: SavedView, actor: User) -> None:
    """Forget a view, and the mails that would be sent of it."""
    with transaction.atomic():
        record(view.practice, actor, "view.deleted", f"Deleted the view “{view.name}”", object=view)
        view.delete()


def params_of(view: SavedView) -> QueryDict:
    return QueryDict(view.query)


def cleaned(query: str) -> str:
    """A query string as it is kept: without its place in the list and without what no page can ask for."""
    found = QueryDict(query.replace("\x00", "").lstrip("?")[: 4 * LONGEST_QUERY], mutable=True)
    for name in list(found):
        values = [value.replace("\x00", "") for value in found.getlist(name) if value.strip()]
        if name in OF_THE_PAGE or not values:
            del found[name]
        else:
            found.setlist(name, values)
    kept = found.urlencode()
    if len(kept) > LONGEST_QUERY:
        raise Refused("This filter is too long to be saved. Loosen it a little.")
    return kept


def _check_name(name: str) -> None:
    if not name or not name.isprintable():
        raise Refused("Give it a name, on one line.")


def _store(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise Refused("There is a view of this name already.") from None
