"""OAuth 2.0 consent, refresh and revocation. The only user of requests-oauthlib.

Nothing here stores anything: callers keep the state and verifier of a consent, and save what comes back
before they use it. Every call has a time-out.
"""

import base64
import binascii
import hmac
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from oauthlib.oauth2 import InvalidGrantError, OAuth2Error  # type: ignore[import-untyped]
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session  # type: ignore[import-untyped]

from connectors.errors import ConnectorError, NeedsReconnect, Rejected, Retryable, Unavailable
from connectors.http import USER_AGENT

log = logging.getLogger(__name__)

# These two write requests and answers, tokens included, to their debug log.
logging.getLogger("requests_oauthlib").setLevel(logging.INFO)
logging.getLogger("oauthlib").setLevel(logging.INFO)

TIMEOUT = (5, 20)
"""Seconds to connect and to wait for an answer of a token endpoint."""

DEFAULT_LIFETIME = timedelta(minutes=30)
"""Assumed when a provider does not say how long a token lives; the shortest lifetime of those we know."""

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthApp:
    """Our registration at a provider. ``secret_in_body``: the secret goes in the form, not as HTTP Basic."""

    provider: str
    authorize_url: str
    token_url: str
    revoke_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]
    pkce: bool = True
    secret_in_body: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Where to send the browser, and what to keep in its session until it comes back."""

    url: str
    state: str
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a token endpoint gave. ``subject`` and ``event_id`` are empty where the provider has none."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    scopes: tuple[str, ...]
    subject: str = ""
    event_id: str = ""


def begin(app: OAuthApp, redirect_uri: str) -> Consent:
    """Make a consent address with a fresh random state and, with PKCE, a fresh verifier."""
    session = _session(app, redirect_uri)
    session.scope = list(app.scopes)
    verifier = ""
    extra: dict[str, str] = {}
    if app.pkce:
        verifier = session._client.create_code_verifier(64)
        challenge = session._client.create_code_challenge(
            code_verifier=verifier, code_challenge_method="S256"
        )
        extra = {"code_challenge": challenge, "code_challenge_method": "S256"}
    url, state = session.authorization_url(app.authorize_url, **extra)
    return Consent(url=url, state=state, verifier=verifier)


def finish(
    app: OAuthApp, redirect_uri: str, params: Mapping[str, str], *, state: str, verifier: str
) -> Tokens:
    """Swap the code that the browser brought back for tokens.

    ``params`` is the query of the callback. Raises :class:`Rejected` when the person pressed cancel, the
    state isn't ours or the code was used or ran out, and :class:`Retryable` when the provider did not answer.
    A code works once: after any failure the consent starts over.
    """
    if not state or not hmac.compare_digest(params.get("state", "").encode(), state.encode()):
        raise Rejected("This answer does not belong to a consent you started here.", provider=app.provider)
    if params.get("error"):
        raise Rejected(_declined(app, params["error"]), provider=app.provider, detail=params["error"])
    if not params.get("code"):
        raise Rejected(f"{app.provider.title()} sent no code. Please start again.", provider=app.provider)
    session = _session(app, redirect_uri)
    extra = {"code_verifier": verifier} if app.pkce else {}
    try:
        token = session.fetch_token(
            app.token_url, code=params["code"], timeout=TIMEOUT, **_client_credentials(app), **extra
        )
    except InvalidGrantError as error:
        text = f"{app.provider.title()}'s consent ran out or was used already. Please start again."
        raise Rejected(text, provider=app.provider, detail=repr(error)) from error
    except (OAuth2Error, requests.RequestException, ValueError, Warning) as error:
        raise _failure(app, error) from error
    return _tokens(token, previous_refresh="")


def refresh(app: OAuthApp, refresh_token: str) -> Tokens:
    """Get a new pair. Keeps the old refresh token when the answer names none.

    Raises :class:`NeedsReconnect` when the provider calls the refresh token invalid, and :class:`Retryable`
    when it did not answer: then the old token may be tried again (Xero honours it for 30 minutes).
    """
    session = _session(app, "")
    credentials = (
        {"client_id": app.client_id, "client_secret": app.client_secret}
        if app.secret_in_body
        else {"auth": HTTPBasicAuth(app.client_id, app.client_secret)}
    )
    try:
        token = session.refresh_token(
            app.token_url, refresh_token=refresh_token, timeout=TIMEOUT, **credentials
        )
    except InvalidGrantError as error:
        text = f"{app.provider.title()} no longer accepts our access. Please reconnect."
        raise NeedsReconnect(text, provider=app.provider, status=400, detail=repr(error)) from error
    except (OAuth2Error, requests.RequestException, ValueError, Warning) as error:
        raise _failure(app, error) from error
    return _tokens(token, previous_refresh=refresh_token)


def revoke(app: OAuthApp, token: str) -> None:
    """Ask the provider to forget a token. Raises :class:`Retryable` when that can't be confirmed."""
    _require_safe(app.revoke_url)
    form = {"token": token, "token_type_hint": "refresh_token"}
    auth = None
    if app.secret_in_body:
        form |= {"client_id": app.client_id, "client_secret": app.client_secret}
    else:
        auth = HTTPBasicAuth(app.client_id, app.client_secret)
    try:
        answer = requests.post(
            app.revoke_url, data=form, auth=auth, timeout=TIMEOUT, headers={"User-Agent": USER_AGENT}
        )
    except requests.RequestException as error:
        raise _failure(app, error) from error
    if answer.status_code >= 400:
        text = f"{app.provider.title()} did not confirm that access was withdrawn."
        raise Retryable(text, provider=app.provider, status=answer.status_code)


def claims(access_token: str) -> dict[str, Any]:
    """The payload of a JWT, unverified; empty for an opaque token.

    Not verified on purpose: the token came straight from the provider's token endpoint over TLS, and the
    claims only tell which of the provider's users consented. Never use this on a token that others hand in.
    """
    parts = access_token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _session(app: OAuthApp, redirect_uri: str) -> OAuth2Session:
    _require_safe(app.token_url)
    # No scope: oauthlib would refuse an answer that grants other scopes than asked; we read what was granted.
    session = OAuth2Session(app.client_id, redirect_uri=redirect_uri)
    session.headers["User-Agent"] = USER_AGENT
    for hook in ("access_token_response", "refresh_token_response"):
        session.register_compliance_hook(hook, _refuse_trouble(app))
    return session


def _refuse_trouble(app: OAuthApp) -> Callable[[requests.Response], requests.Response]:
    """A busy or broken token endpoint says nothing about the token: only later can tell."""

    def check(answer: requests.Response) -> requests.Response:
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Unavailable(
                f"{app.provider.title()}'s log-in service had a problem ({answer.status_code}).",
                provider=app.provider,
                status=answer.status_code,
            )
        return answer

    return check


def _client_credentials(app: OAuthApp) -> dict[str, Any]:
    if app.secret_in_body:
        return {"include_client_id": True, "client_secret": app.client_secret}
    return {"auth": HTTPBasicAuth(app.client_id, app.client_secret), "include_client_id": False}


def _tokens(token: Mapping[str, Any], *, previous_refresh: str) -> Tokens:
    access = str(token["access_token"])
    said = claims(access)
    lifetime = token.get("expires_in")
    granted = token.get("scope") or said.get("scope") or ()
    return Tokens(
        access_token=access,
        refresh_token=str(token.get("refresh_token") or previous_refresh),
        expires_at=datetime.now(UTC) + (timedelta(seconds=float(lifetime)) if lifetime else DEFAULT_LIFETIME),
        scopes=tuple(granted.split() if isinstance(granted, str) else (str(scope) for scope in granted)),
        subject=str(said.get("xero_userid") or ""),
        event_id=str(said.get("authentication_event_id") or ""),
    )


def _declined(app: OAuthApp, error: str) -> str:
    if error == "access_denied":
        return f"You did not allow access at {app.provider.title()}. Nothing was changed."
    return f"{app.provider.title()} refused the consent. Start again; tell support if it happens twice."


def _failure(app: OAuthApp, error: Exception) -> ConnectorError:
    if isinstance(error, requests.RequestException):
        text = f"{app.provider.title()}'s log-in service did not answer. It will be tried again."
        return Retryable(text, provider=app.provider, detail=type(error).__name__)
    # A wrong client id or secret, or an answer without a token: the operator's to mend, no reason to ask
    # the practice for a new consent.
    log.error("token endpoint of %s: %s", app.provider, getattr(error, "error", "") or type(error).__name__)
    return Unavailable(
        f"{app.provider.title()}'s log-in service did not accept this app. Support has to look at it.",
        provider=app.provider,
        detail=type(error).__name__,
    )


def _require_safe(url: str) -> None:
    """Secrets travel over TLS only; plain HTTP is for a sandbox on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return
    if parts.hostname not in LOOPBACK:
        raise ValueError(f"{parts.scheme}://{parts.hostname} would carry secrets in the clear")
    # oauthlib has its own check with only this switch; ours above is the stricter one.
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
