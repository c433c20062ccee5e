"""Members and roles: who may change whom, and the last owner."""

import threading

import pytest
from django.db import connection as database
from django.test import Client

from practices import membership
from practices.membership import MembershipRefused
from practices.models import AuditEntry, Membership, Practice, Role, User
from tests.make import make_member, make_practice, make_user

pytestmark = pytest.mark.django_db


def row(practice: Practice, user: User) -> Membership:
    return Membership.objects.get(practice=practice, user=user)


def test_the_last_owner_stays(alice: Client, owner: User, practice: Practice) -> None:
    mine = row(practice, owner)
    pages = [
        alice.post("/p/harbour/members/leave/", follow=True),
        alice.post(f"/p/harbour/members/{mine.pk}/remove/", follow=True),
        alice.post(f"/p/harbour/members/{mine.pk}/role/", {"role": "viewer"}, follow=True),
    ]
    assert all("is the only owner" in page.content.decode() for page in pages)
    assert row(practice, owner).role == Role.OWNER


def test_a_deactivated_owner_does_not_count(owner: User, practice: Practice) -> None:
    other = make_member(practice, Role.OWNER)
    User.objects.filter(pk=other.pk).update(is_active=False)
    with pytest.raises(MembershipRefused):
        membership.leave(practice, user=owner)


def test_an_owner_leaves_after_making_another(alice: Client, owner: User, practice: Practice) -> None:
    staff = make_member(practice, Role.STAFF)
    alice.post(f"/p/harbour/members/{row(practice, staff).pk}/role/", {"role": "owner"})
    assert row(practice, staff).role == Role.OWNER
    page = alice.post("/p/harbour/members/leave/", follow=True)
    assert "You left Harbour Lane Advisory" in page.content.decode()
    assert alice.get("/p/harbour/members/").status_code == 404
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["member.role_changed", "member.left"]


@pytest.mark.django_db(transaction=True)
def test_two_owners_leaving_at_once_leave_one(practice: Practice, owner: User) -> None:
    other = make_member(practice, Role.OWNER)
    refused: list[str] = []
    start = threading.Barrier(2)

    def go(user: User) -> None:
        try:
            start.wait()
            membership.leave(practice, user=user)
        except MembershipRefused as refusal:
            refused.append(str(refusal))
        finally:
            database.close()

    threads = [threading.Thread(target=go, args=(user,)) for user in (owner, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Membership.objects.filter(practice=practice, role=Role.OWNER).count() == 1


def test_an_admin_cannot_touch_owners(client: Client, owner: User, practice: Practice) -> None:
    admin = make_member(practice, Role.ADMIN)
    client.force_login(admin)
    client.post(f"/p/harbour/members/{row(practice, owner).pk}/role/", {"role": "viewer"})
    client.post(f"/p/harbour/members/{row(practice, owner).pk}/remove/")
    client.post(f"/p/harbour/members/{row(practice, admin).pk}/role/", {"role": "owner"})
    assert row(practice, owner).role == Role.OWNER
    assert row(practice, admin).role == Role.ADMIN
    page = client.get("/p/harbour/members/").content.decode()
    assert "Owner –" not in page  # noqa: RUF001


def test_an_admin_manages_the_others(client: Client, practice: Practice) -> None:
    client.force_login(make_member(practice, Role.ADMIN))
    staff = make_member(practice, Role.STAFF)
    client.post(f"/p/harbour/members/{row(practice, staff).pk}/role/", {"role": "viewer"})
    assert row(practice, staff).role == Role.VIEWER
    client.post(f"/p/harbour/members/{row(practice, staff).pk}/remove/")
    assert not Membership.objects.filter(user=staff).exists()


def test_the_same_role_again_is_no_event(owner: User, practice: Practice) -> None:
    staff = make_member(practice, Role.STAFF)
    membership.change_role(practice, actor=owner, member_id=row(practice, staff).pk, role=Role.STAFF)
    assert not AuditEntry.objects.exists()


def test_members_of_another_practice_are_out_of_reach(alice: Client) -> None:
    elsewhere = make_practice()
    stranger = make_member(elsewhere)
    pk = row(elsewhere, stranger).pk
    assert alice.post(f"/p/harbour/members/{pk}/remove/").status_code == 404
    assert alice.post(f"/p/harbour/members/{pk}/role/", {"role": "viewer"}).status_code == 404
    assert row(elsewhere, stranger).role == Role.OWNER


def test_a_made_up_role_is_refused(alice: Client, practice: Practice) -> None:
    staff = make_member(practice, Role.STAFF)
    page = alice.post(f"/p/harbour/members/{row(practice, staff).pk}/role/", {"role": "king"}, follow=True)
    assert "Choose a role" in page.content.decode()


def test_staff_and_viewers_only_look(client: Client, practice: Practice, owner: User) -> None:
    for role in (Role.STAFF, Role.VIEWER):
        client.force_login(make_member(practice, role))
        page = client.get("/p/harbour/members/").content.decode()
        assert "Send invitation" not in page
        pk = row(practice, owner).pk
        assert client.post(f"/p/harbour/members/{pk}/remove/").status_code == 403
        assert client.post("/p/harbour/members/invite/", {"email": "x@example.com"}).status_code == 403


def test_the_list_asks_a_fixed_number_of_questions(
    alice: Client, practice: Practice, django_assert_max_num_queries: object
) -> None:
    for _ in range(8):
        make_member(practice, Role.STAFF, user=make_user())
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        alice.get("/p/harbour/members/")
