"""Our OAuth registrations, built from the settings, and the one callback address per provider."""

from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from connectors.oauth import OAuthApp
from practices.models import Provider

IGNITION_SCOPES = ("reporting",)


def oauth_app(provider: str) -> OAuthApp:
    """The registration at ``provider``; raises ``KeyError`` for one without OAuth."""
    return {Provider.XERO.value: _xero, Provider.IGNITION.value: _ignition}[provider]()


def offers_oauth(provider: str) -> bool:
    """Whether this installation is registered at the provider."""
    return bool(settings.XERO_CLIENT_ID if provider == Provider.XERO else settings.IGNITION_CLIENT_ID)


def redirect_uri(provider: str) -> str:
    """Where the provider sends the browser back to: fixed, because providers compare it letter by letter."""
    return settings.BASE_URL.rstrip("/") + reverse("connection_callback", kwargs={"provider": provider})


def _xero() -> OAuthApp:
    identity = settings.XERO_IDENTITY_URL.rstrip("/")
    scopes = settings.XERO_SCOPES
    return OAuthApp(
        provider=Provider.XERO,
        authorize_url=settings.XERO_LOGIN_URL.rstrip("/") + "/identity/connect/authorize",
        token_url=identity + "/connect/token",
        revoke_url=identity + "/connect/revocation",
        client_id=settings.XERO_CLIENT_ID,
        client_secret=settings.XERO_CLIENT_SECRET,
        scopes=tuple(scopes.split() if isinstance(scopes, str) else scopes),
    )


def _ignition() -> OAuthApp:
    # The authorisation host, without the API's path when an installation gave both in one address.
    parts = urlsplit(settings.IGNITION_AUTH_URL)
    base = f"{parts.scheme}://{parts.netloc}"
    return OAuthApp(
        provider=Provider.IGNITION,
        authorize_url=base + "/oauth2/authorize",
        token_url=base + "/oauth2/token",
        revoke_url=base + "/oauth2/revoke",
        client_id=settings.IGNITION_CLIENT_ID,
        client_secret=settings.IGNITION_CLIENT_SECRET,
        scopes=IGNITION_SCOPES,
        secret_in_body=True,
    )
