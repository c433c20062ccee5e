"""Saved views of the report: who sees them, who may change them, and who is mailed."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from practices.models import AuditEntry, Role, User
from sync.models import Cadence, ReportSchedule, SavedView
from sync.report import saved, schedules
from tests.sync.rows import Books, make_books

pytestmark = pytest.mark.django_db


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, books: Books, rest: str = "views/") -> str:
    answer = client.get(books.url(f"reconciliation/{rest}"))
    assert answer.status_code == 200
    return str(answer.content.decode())


def save(client: Client, books: Books, name: str = "Missing", **extra: str) -> str:
    posted = {"name": name, "query": "kind=invoice_missing&page=3", **extra}
    return str(client.post(books.url("reconciliation/views/save/"), posted)["Location"])


def test_what_is_filtered_is_kept_under_a_name_and_leads_back(books: Books) -> None:
    staff = books.member(Role.STAFF)
    client = as_(staff)
    assert save(client, books) == books.url("reconciliation/?kind=invoice_missing"), "without its page"
    view = SavedView.objects.get()
    assert (view.name, view.owner, view.is_shared) == ("Missing", staff, False)
    assert "reconciliation/?kind=invoice_missing" in page(client, books)
    assert "Missing" not in page(as_(books.member(Role.OWNER)), books), "nobody else sees it"
    save(client, books, query="kind=invoice_total", is_shared="on")
    view.refresh_from_db()
    assert (view.query, view.is_shared) == ("kind=invoice_total", True), "the same name is the same view"
    assert "Missing" in page(as_(books.member(Role.VIEWER)), books)
    assert AuditEntry.objects.filter(action="view.saved").count() == 2


def test_its_owner_and_admins_may_change_it_others_may_not(books: Books) -> None:
    owner, other, admin = books.member(Role.STAFF), books.member(Role.STAFF), books.member(Role.ADMIN)
    view = saved.save(books.practice, owner, name="Missing", query="", is_shared=True)
    url = books.url(f"reconciliation/views/{view.pk}/")
    assert as_(other).post(f"{url}change/", {"name": "Mine now"}).status_code == 302
    as_(other).post(f"{url}delete/")
    view.refresh_from_db()
    assert view.name == "Missing"
    as_(admin).post(f"{url}change/", {"name": "Lost", "is_shared": "on"})
    view.refresh_from_db()
    assert view.name == "Lost"
    as_(owner).post(f"{url}change/", {"name": "Lost"})
    assert as_(admin).post(f"{url}change/", {"name": "Seen"}).status_code == 404, (
        "it is the owner's alone now"
    )
    as_(owner).post(f"{url}delete/")
    assert not SavedView.objects.exists()
    assert as_(owner).post(f"{url}delete/").status_code == 404
    acts = AuditEntry.objects.filter(action__startswith="view.").values_list("action", flat=True)
    assert sorted(acts) == ["view.changed", "view.changed", "view.deleted", "view.saved"]


def test_two_views_of_one_person_don_t_share_a_name(books: Books) -> None:
    staff = books.member(Role.STAFF)
    saved.save(books.practice, staff, name="One", query="", is_shared=False)
    two = saved.save(books.practice, staff, name="Two", query="", is_shared=False)
    with pytest.raises(saved.Refused, match="already"):
        saved.change(two, staff, name="One", is_shared=False)
    assert SavedView.objects.get(pk=two.pk).name == "Two"


@pytest.mark.parametrize(
    "posted",
    [
        {"name": ""},
        {"name": "two\nlines"},
        {"name": "long", "query": "q=" + "x" * 1200},
        {"name": "\x00"},
    ],
)
def test_nonsense_is_refused_with_a_sentence(books: Books, posted: dict[str, str]) -> None:
    client = as_(books.member(Role.STAFF))
    assert client.post(books.url("reconciliation/views/save/"), posted).status_code == 302
    assert not SavedView.objects.exists()


def test_a_query_of_anything_is_kept_harmless(books: Books) -> None:
    kept = saved.cleaned("?q=%00<b>&page=7&kind=&csrfmiddlewaretoken=secret&state=open&q=two")
    assert kept == "q=%3Cb%3E&q=two&state=open"
    for odd in ("\x00", "&&&===", "%ff%fe", "a" * 900):
        assert isinstance(saved.cleaned(odd), str)


def test_others_practices_views_are_not_there(books: Books) -> None:
    view = saved.save(books.practice, books.member(Role.STAFF), name="Ours", query="", is_shared=True)
    other = make_books()
    client = as_(other.member(Role.OWNER))
    for act in ("change", "delete"):
        assert (
            client.post(other.url(f"reconciliation/views/{view.pk}/{act}/"), {"name": "x"}).status_code == 404
        )
    assert "Ours" not in page(client, other)
    assert (
        client.post(other.url("reconciliation/mails/add/"), mail_of(view, client_of=other)).status_code == 422
    )


# --- mails of them -----------------------------------------------------------------------------------------------


def mail_of(view: SavedView, *people: User, client_of: Books | None = None) -> dict[str, object]:
    chosen = [str(user.pk) for user in people]
    timed = {"cadence": "weekly", "weekday": "0", "monthday": "1", "hour": "7"}
    return {"view": str(view.pk), **timed, "format": "csv", "people": chosen}


def test_a_view_is_mailed_to_chosen_members_and_it_can_be_changed_and_ended(books: Books) -> None:
    staff, boss = books.member(Role.STAFF), books.member(Role.OWNER)
    client = as_(staff)
    view = saved.save(books.practice, staff, name="Missing", query="", is_shared=True)
    url = books.url("reconciliation/mails/add/")
    assert client.post(url, mail_of(view, boss)).status_code == 302
    made = ReportSchedule.objects.get()
    assert (made.cadence, made.hour, made.format, made.made_by) == (Cadence.WEEKLY, 7, "csv", staff)
    assert made.next_at is not None
    assert "Every week on Monday at 7:00 am" in page(client, books)
    change = books.url(f"reconciliation/mails/{made.pk}/")
    assert str(boss) in page(client, books, f"mails/{made.pk}/")
    client.post(change, {**mail_of(view, staff), "cadence": "daily"})
    made.refresh_from_db()
    assert [one.user for one in made.chosen.all()] == [staff]
    assert schedules.when(made) == "every day at 7:00 am"
    client.post(f"{change}delete/")
    assert not ReportSchedule.objects.exists()
    acts = AuditEntry.objects.filter(action__startswith="report.").values_list("action", flat=True)
    assert sorted(acts) == ["report.scheduled", "report.scheduled", "report.unscheduled"]


def test_only_members_and_views_that_one_sees_can_be_chosen(books: Books) -> None:
    staff, stranger = books.member(Role.STAFF), make_books().member(Role.OWNER)
    hers = saved.save(books.practice, books.member(Role.ADMIN), name="Hers", query="", is_shared=False)
    mine = saved.save(books.practice, staff, name="Mine", query="", is_shared=False)
    client = as_(staff)
    url = books.url("reconciliation/mails/add/")
    for posted in (
        mail_of(mine, stranger),
        mail_of(hers, staff),
        mail_of(mine),
        {**mail_of(mine, staff), "hour": "24"},
        {**mail_of(mine, staff), "hour": "x"},
        {**mail_of(mine, staff), "weekday": "9"},
        {**mail_of(mine, staff), "cadence": "never"},
        {**mail_of(mine, staff), "format": "pdf"},
        {**mail_of(mine, staff), "view": "99999999999999999999"},
        {**mail_of(mine, staff), "people": ["\x00"]},
    ):
        assert client.post(url, posted).status_code == 422
    assert not ReportSchedule.objects.exists()


def test_without_a_view_it_says_where_to_make_one(books: Books) -> None:
    assert "There is no saved view yet" in page(as_(books.member(Role.STAFF)), books, "mails/add/")
    assert "No view is saved yet" in page(as_(books.member(Role.VIEWER)), books)


def test_queries_do_not_grow_with_the_views(books: Books) -> None:
    staff = books.member(Role.STAFF)
    client = as_(staff)
    counts = []
    for start in (0, 10):
        for number in range(start, start + 3 + start):
            view = saved.save(books.practice, staff, name=f"View {number}", query="", is_shared=True)
            values = {"view": view, "cadence": "daily", "hour": 6, "format": "xlsx"}
            schedules.save(books.practice, staff, people=[staff, books.member()], values=values)
        page(client, books)
        with CaptureQueriesContext(connection) as queries:
            page(client, books)
        counts.append(len(queries))
    assert counts[0] == counts[1]
