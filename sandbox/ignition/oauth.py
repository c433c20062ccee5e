"""Ignition's OAuth 2.0: consent page, code and refresh exchange with rotation, revocation.

Grants are practice-wide. Access tokens live one hour, refresh tokens ninety days; a refresh token dies on
use. The client's secret travels in the form, not in a Basic header. PKCE is optional, and checked once a
challenge was sent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from sandbox.ignition.access import READ_SCOPE, WRITE_SCOPE
from sandbox.ignition.consent import consent_page, problem_page
from sandbox.ignition.state import Code, Grant, IgnitionPractice
from sandbox.web import Request, Response, json_response, redirect

if TYPE_CHECKING:
    from sandbox.world import App, World

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 90 * 24 * 3600
CODE_SECONDS = 600
SCOPES = (READ_SCOPE, WRITE_SCOPE)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CARRIED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)


# The browser's part -------------------------------------------------------------------------------


def show_consent(world: World, request: Request) -> Response:
    """GET /oauth2/authorize: the page that asks which practice, allow or cancel."""
    asked = {name: request.arg(name) or "" for name in _CARRIED}
    refused = _refuse_request(world, asked)
    if refused:
        return refused
    practices = [(practice.key, practice.name) for practice in world.ignition.values()]
    return consent_page(world.apps[asked["client_id"]].name, practices, asked)


def decide_consent(world: World, request: Request) -> Response:
    """POST /oauth2/authorize: what the person pressed on that page."""
    form = request.form()
    asked = {name: form.get(name, "") for name in _CARRIED}
    refused = _refuse_request(world, asked)
    if refused:
        return refused
    practice = world.ignition.get(form.get("practice", ""))
    if form.get("decision") != "allow" or practice is None:
        return _back(asked, error="access_denied", error_description="The request was cancelled.")
    return _back(asked, code=_new_code(world, practice, asked))


def _refuse_request(world: World, asked: dict[str, str]) -> Response | None:
    """A page when the redirect cannot be trusted, a redirect with an error for anything else wrong, or
    None.
    """
    app = _app(world, asked["client_id"])
    if app is None:
        return problem_page("Unknown application: no app is registered under this client id.")
    if not _may_redirect(app, asked["redirect_uri"]):
        return problem_page("The redirect address is not registered for this application.")
    if asked["response_type"] != "code":
        return _back(
            asked, error="unsupported_response_type", error_description="response_type must be code."
        )
    if asked["code_challenge"] and (asked["code_challenge_method"] or "plain") not in ("S256", "plain"):
        return _back(asked, error="invalid_request", error_description="Unknown code_challenge_method.")
    if not set(asked["scope"].split()).issubset(SCOPES):
        return _back(asked, error="invalid_scope", error_description="Unknown scope.")
    return None


def _new_code(world: World, practice: IgnitionPractice, asked: dict[str, str]) -> str:
    now = world.clock.now().timestamp()
    for holder in world.ignition.values():
        for old in [name for name, entry in holder.codes.items() if entry.expires <= now]:
            del holder.codes[old]
    code = secrets.token_urlsafe(24)
    practice.codes[code] = Code(
        client_id=asked["client_id"],
        redirect_uri=asked["redirect_uri"],
        scopes=asked["scope"].split(),
        challenge=asked["code_challenge"] or None,
        method=(asked["code_challenge_method"] or "plain") if asked["code_challenge"] else None,
        expires=now + CODE_SECONDS,
    )
    return code


def _back(asked: dict[str, str], **answer: str) -> Response:
    if asked["state"]:
        answer["state"] = asked["state"]
    joint = "&" if urlsplit(asked["redirect_uri"]).query else "?"
    return redirect(f"{asked['redirect_uri']}{joint}{urlencode(answer)}")


def _may_redirect(app: App, uri: str) -> bool:
    if uri in app.redirect_uris:
        return True
    try:
        parts = urlsplit(uri)
        return app.any_loopback and parts.scheme in ("http", "https") and parts.hostname in _LOOPBACK
    except ValueError:
        return False


# The server's part --------------------------------------------------------------------------------


def exchange(world: World, request: Request) -> Response:
    """POST /oauth2/token: a code or a refresh token for a pair of tokens."""
    form = request.form()
    app = _authenticated(world, form)
    if app is None:
        return _oauth_error(401, "invalid_client", "Unknown client or wrong secret.")
    grant_type = form.get("grant_type")
    if grant_type == "authorization_code":
        return _exchange_code(world, app, form)
    if grant_type == "refresh_token":
        return _exchange_refresh(world, app, form)
    return _oauth_error(
        400, "unsupported_grant_type", "grant_type must be authorization_code or refresh_token."
    )


def revoke(world: World, request: Request) -> Response:
    """POST /oauth2/revoke: ends the whole grant a token belongs to. Unknown tokens are answered 200 as
    well.
    """
    form = request.form()
    app = _authenticated(world, form)
    if app is None:
        return _oauth_error(401, "invalid_client", "Unknown client or wrong secret.")
    token = form.get("token", "")
    for practice in world.ignition.values():
        practice.grants = [
            grant
            for grant in practice.grants
            if grant.client_id != app.client_id or (token not in grant.access and token not in grant.refresh)
        ]
    return json_response({})


def issue(practice: IgnitionPractice, client_id: str, scopes: list[str], now: float) -> dict[str, Any]:
    """A new grant for a practice with its first pair of tokens; the body of a token answer."""
    grant = Grant(client_id=client_id, scopes=scopes)
    practice.grants.append(grant)
    return _new_tokens(grant, now)


def _exchange_code(world: World, app: App, form: dict[str, str]) -> Response:
    now = world.clock.now().timestamp()
    for practice in world.ignition.values():
        code = practice.codes.pop(form.get("code", ""), None)
        if code is None:
            continue
        if code.expires <= now or code.client_id != app.client_id:
            break
        if code.redirect_uri != form.get("redirect_uri") or not _verified(
            code, form.get("code_verifier", "")
        ):
            break
        return json_response(issue(practice, app.client_id, code.scopes, now))
    return _oauth_error(
        400, "invalid_grant", "The authorization code is invalid, expired or was used before."
    )


def _exchange_refresh(world: World, app: App, form: dict[str, str]) -> Response:
    now = world.clock.now().timestamp()
    token = form.get("refresh_token", "")
    for practice in world.ignition.values():
        for grant in practice.grants:
            expires = grant.refresh.get(token)
            if expires is None or grant.client_id != app.client_id:
                continue
            del grant.refresh[token]
            if expires > now:
                return json_response(_new_tokens(grant, now))
    return _oauth_error(400, "invalid_grant", "The refresh token is invalid, expired or was used before.")


def _new_tokens(grant: Grant, now: float) -> dict[str, Any]:
    grant.access = {token: expires for token, expires in grant.access.items() if expires > now}
    access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    grant.access[access] = now + ACCESS_SECONDS
    grant.refresh[refresh] = now + REFRESH_SECONDS
    return {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": ACCESS_SECONDS,
        "refresh_token": refresh,
        "scope": " ".join(grant.scopes),
    }


def _verified(code: Code, verifier: str) -> bool:
    if code.challenge is None:
        return True
    if code.method == "plain":
        return hmac.compare_digest(code.challenge.encode(), verifier.encode())
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(code.challenge.encode(), digest)


def _app(world: World, client_id: str) -> App | None:
    app = world.apps.get(client_id)
    return app if app is not None and app.provider == "ignition" else None


def _authenticated(world: World, form: dict[str, str]) -> App | None:
    app = _app(world, form.get("client_id", ""))
    if app is None or not hmac.compare_digest(app.secret.encode(), form.get("client_secret", "").encode()):
        return None
    return app


def _oauth_error(status: int, error: str, description: str) -> Response:
    return json_response({"error": error, "error_description": description}, status)
