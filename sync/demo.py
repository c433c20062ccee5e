"""The demo's people, practices and connections, made against the sandbox the way a person would make them.

Refuses to run against anything but a provider on this machine, so it can never touch a real organisation.
"""

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from allauth.account.models import EmailAddress
from django.conf import settings
from django.urls import reverse

from connectors import oauth
from practices import connecting, connections, hooks
from practices.models import Connection, ConnectionState, Country, Membership, Practice, Provider, Role, User
from practices.oauth_apps import oauth_app, redirect_uri
from sync.alerts.recipients import default_channel
from sync.flows import ensure_flows

PASSWORD = "demo-practice-2026"  # noqa: S105 - printed on the screen; works only where the sandbox is
SENDER = "Sandbox"
"""Who reports changes of Ignition in the demo."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SECONDS = 30


class NotASandbox(Exception):
    """The provider addresses are not on this machine."""


@dataclass(frozen=True, slots=True)
class DemoPractice:
    slug: str
    name: str
    country: Country
    time_zone: str
    currency: str
    api_key: str


PRACTICES = (
    DemoPractice("demo", "Harbour Lane Advisory", Country.AU, "Australia/Sydney", "AUD", "ign-demo-key"),
    DemoPractice("kiwi", "Kauri Point Accounting", Country.NZ, "Pacific/Auckland", "NZD", "ign-kiwi-key"),
)
PEOPLE = (
    ("owner@demo.example", "Olive Owner", Role.OWNER),
    ("admin@demo.example", "Adam Admin", Role.ADMIN),
    ("staff@demo.example", "Sita Staff", Role.STAFF),
    ("viewer@demo.example", "Vera Viewer", Role.VIEWER),
)
SUPPORT = ("support@demo.example", "Sam Support")


def seed() -> None:
    """Make everything that is missing; running it again changes nothing."""
    for url in (settings.IGNITION_API_URL, settings.XERO_API_URL, settings.XERO_LOGIN_URL):
        if urlsplit(url).hostname not in LOOPBACK:
            raise NotASandbox(f"{url} is not on this machine: the demo only works with the sandbox.")
    people = {role: _person(email, name) for email, name, role in PEOPLE}
    _person(*SUPPORT, is_staff=True)
    for wanted in PRACTICES:
        practice, made = Practice.objects.get_or_create(
            slug=wanted.slug,
            defaults={
                "name": wanted.name,
                "country": wanted.country,
                "time_zone": wanted.time_zone,
                "base_currency": wanted.currency,
            },
        )
        for role, user in people.items():
            if wanted.slug == "demo" or role == Role.OWNER:
                Membership.objects.get_or_create(practice=practice, user=user, defaults={"role": role})
        ensure_flows(practice)
        if made:
            default_channel(practice)
        _connect(practice, wanted, people[Role.OWNER])
    report_changes()


def report_changes() -> None:
    """Let the sandbox report changes to this app's address, as somebody would set it up over there.

    What is set up already is left alone: setting it up again would forget what waits to be reported.
    """
    known = _control("GET")
    if settings.XERO_WEBHOOK_KEY:
        address = f"{settings.BASE_URL}{reverse('hook_xero')}"
        active = [hook["url"] for hook in known["xero"] if hook["status"] == "active"]
        if address not in active:
            facts = {
                "client_id": settings.XERO_CLIENT_ID,
                "url": address,
                "key": settings.XERO_WEBHOOK_KEY[0],
            }
            _control("POST", facts)
    for wanted in PRACTICES:
        connection = Connection.objects.filter(practice__slug=wanted.slug, provider=Provider.IGNITION).first()
        if connection is None or connection.state == ConnectionState.DISCONNECTED:
            continue
        kept = hooks.valid_of(connection).filter(label=SENDER, expires_at=None).first()
        secret = str(kept.secret) if kept else hooks.make(connection, actor=None, label=SENDER).text
        _control("POST", {"practice": wanted.slug, "url": hooks.address_of(connection), "secret": secret})


def _control(method: str, facts: dict[str, str] | None = None) -> Any:
    parts = urlsplit(settings.XERO_API_URL)
    url = f"{parts.scheme}://{parts.netloc}/_sandbox/hooks"
    answer = requests.request(method, url, json=facts, timeout=SECONDS)
    answer.raise_for_status()
    return answer.json()


def _person(email: str, name: str, *, is_staff: bool = False) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, PASSWORD, name=name, is_staff=is_staff, is_superuser=is_staff)
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


def _connect(practice: Practice, wanted: DemoPractice, owner: User) -> None:
    """Connect what has never been connected; a connection that someone ended stays ended."""
    known = set(Connection.objects.filter(practice=practice).values_list("provider", flat=True))
    if Provider.IGNITION not in known:
        connecting.connect_ignition_key(practice, actor=owner, api_key=wanted.api_key)
    if Provider.XERO not in known:
        grant = connecting.store_xero_grant(consent_for(wanted.name))
        reached = connections.xero_client(grant).connections()
        tenant = next(item["tenantId"] for item in reached if item["tenantName"] == wanted.name)
        connecting.connect_xero(practice, actor=owner, grant=grant, tenant_external_id=tenant)


def consent_for(organisation: str) -> oauth.Tokens:
    """Click through the sandbox's consent page for one organisation, as its form is."""
    app, address = oauth_app(Provider.XERO), redirect_uri(Provider.XERO)
    consent = oauth.begin(app, address)
    page = requests.get(consent.url, timeout=SECONDS)
    page.raise_for_status()
    form = _Form(organisation)
    form.feed(page.text)
    answer = requests.post(
        urljoin(page.url, form.action),
        data={**form.hidden, "tenant": form.tenant, "decision": "allow"},
        timeout=SECONDS,
        allow_redirects=False,
    )
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    params = {name: values[0] for name, values in query.items()}
    return oauth.finish(app, address, params, state=consent.state, verifier=consent.verifier)


class _Form(HTMLParser):
    """The consent page's hidden fields and the box of the organisation wanted."""

    def __init__(self, organisation: str) -> None:
        super().__init__()
        self.action, self.tenant, self.hidden = "", "", {}  # type: tuple[str, str, dict[str, str]]
        self._organisation, self._last_box = organisation, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = values.get("action", "")
        elif tag == "input" and values.get("type") == "hidden":
            self.hidden[values.get("name", "")] = values.get("value", "")
        elif tag == "input" and values.get("name") == "tenant":
            self._last_box = values.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._last_box and data.strip() == self._organisation:
            self.tenant, self._last_box = self._last_box, ""
