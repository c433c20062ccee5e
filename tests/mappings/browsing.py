"""What the tests of the mapping's pages do again and again: look, save a section, publish the draft.

All of it happens in the practice with the address ``harbour``.
"""

from html import unescape
from typing import Any

from django.test import Client

from mappings import drafts
from mappings.spec import Choices, choices_from_json
from practices.models import Practice, User

INVOICES = {
    "invoice_status": "DRAFT",
    "sales_account": "202",
    "number_prefix": "IGN-",
    "terms_days": "14",
    "branding_theme": "theme-1",
    "line_amounts": "auto",
    "documents_from": "2026-07-01",
}


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(client: Client, path: str = "", status: int = 200) -> str:
    response = client.get(f"/p/harbour/mapping/{path}")
    assert response.status_code == status, response.content[:500]
    return unescape(response.content.decode())


def revision(practice: Practice) -> int:
    draft = drafts.draft_of(practice)
    return draft.revision if draft else 0


def save(client: Client, section: str, data: dict[str, Any], status: int = 200) -> str:
    """What a section answers when its form is sent."""
    return posted(client, f"save/{section}/", data, status)


def posted(client: Client, path: str, data: dict[str, Any], status: int = 200) -> str:
    """What the mapping answers when something is sent with the revision that is up to date."""
    practice = Practice.objects.get(slug="harbour")
    sent = {"revision": revision(practice), **data}
    response = client.post(f"/p/harbour/mapping/{path}", sent, follow=True)
    assert response.status_code == status, response.content[:500]
    return unescape(response.content.decode())


def publish(client: Client, note: str = "") -> str:
    data = {"revision": revision(Practice.objects.get(slug="harbour")), "note": note}
    response = client.post("/p/harbour/mapping/draft/publish/", data, follow=True)
    assert response.status_code == 200, response.content[:500]
    return unescape(response.content.decode())


def drafted(practice: Practice) -> Choices:
    draft = drafts.draft_of(practice)
    assert draft is not None
    return choices_from_json(draft.choices)
