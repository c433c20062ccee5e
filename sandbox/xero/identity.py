"""Signing in and tokens: consent, token, revocation, discovery, userinfo."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode, urlsplit

from sandbox.web import Request, Response, Router, html_response, json_response, redirect
from sandbox.xero import consent, scopes
from sandbox.xero.organisations import Person, bearer_of
from sandbox.xero.tokens import ACCESS_SECONDS, CODE_SECONDS, ISSUER, Code, InvalidGrant, Issued, TokenSet

if TYPE_CHECKING:
    from sandbox.world import App, World

router = Router()
_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[?::1\]?|[\w-]+\.localhost)")


class BadClient(Exception):
    """Client id or secret are wrong."""

    def __init__(self, *, basic: bool) -> None:
        super().__init__("invalid_client")
        self.basic = basic


@router.route("GET", "/identity/connect/authorize")
def authorize(world: World, request: Request) -> Response:
    carried = {name: request.arg(name) or "" for name in consent.CARRIED if request.arg(name) is not None}
    stopped, app = _check_request(world, carried)
    if stopped is not None or app is None:
        return stopped or Response(400)
    person = _person(world, request.arg("user"))
    return html_response(consent.page(world, app, carried, person))


@router.route("POST", "/identity/connect/authorize")
def decide(world: World, request: Request) -> Response:
    fields = request.fields()
    carried = {name: fields[name][0] for name in consent.CARRIED if name in fields}
    stopped, app = _check_request(world, carried)
    if stopped is not None or app is None:
        return stopped or Response(400)
    if fields.get("decision", [""])[0] != "allow":
        return _back(carried, error="access_denied")
    person = _person(world, fields.get("user", [None])[0])
    if person is None:
        return html_response(consent.page(world, app, carried, None), 400)
    chosen = fields.get("tenant", [])
    requested = carried.get("scope", "").split()
    offered = {ledger.tenant_id for ledger in world.xero.organisations_of(person.user_id)}
    if not set(chosen) <= offered:
        return html_response(
            consent.page(world, app, carried, person, "That organisation is not yours."), 400
        )
    if not chosen and any(scope.startswith(scopes.ACCESS_SCOPES) for scope in requested):
        return html_response(
            consent.page(world, app, carried, person, "Choose at least one organisation."), 400
        )
    event = world.new_id()
    for tenant in chosen:
        world.xero.connect(app.client_id, person.user_id, tenant, event)
    code = Code(
        client_id=app.client_id,
        redirect_uri=carried["redirect_uri"],
        user_id=person.user_id,
        scopes=requested,
        auth_event_id=event,
        challenge=carried.get("code_challenge", ""),
        method=carried.get("code_challenge_method", "plain"),
        expires=_now(world) + CODE_SECONDS,
        nonce=carried.get("nonce", ""),
    )
    return _back(carried, code=world.xero.tokens.new_code(code), scope=" ".join(requested))


@router.route("POST", "/connect/token")
def token(world: World, request: Request) -> Response:
    form = request.form()
    try:
        app = _client(world, request, form)
    except BadClient as failure:
        return _oauth_error("invalid_client", 401 if failure.basic else 400)
    tokens, now = world.xero.tokens, _now(world)
    try:
        if form.get("grant_type") == "authorization_code":
            granted = tokens.redeem(
                form.get("code", ""),
                app.client_id,
                form.get("redirect_uri", ""),
                form.get("code_verifier", ""),
                now,
            )
            return _token_answer(world, granted, tokens.issue(granted, now))
        if form.get("grant_type") == "refresh_token":
            old = form.get("refresh_token", "")
            granted, issued = tokens.refresh(old, app.client_id, now)
            return _token_answer(world, granted, issued)
    except InvalidGrant:
        return _oauth_error("invalid_grant", 400)
    return _oauth_error("unsupported_grant_type", 400)


@router.route("POST", "/connect/revocation")
def revoke(world: World, request: Request) -> Response:
    """Ends the token set and every connection of its user. An unknown token is no error."""
    form = request.form()
    try:
        app = _client(world, request, form)
    except BadClient as failure:
        return _oauth_error("invalid_client", 401 if failure.basic else 400)
    granted = world.xero.tokens.by_refresh(form.get("token", ""))
    if granted is not None and granted.client_id == app.client_id:
        world.xero.tokens.end(granted)
        for entry in world.xero.connections_of(app.client_id, granted.user_id):
            del world.xero.connections[entry.id]
    return Response(200)


@router.route("GET", "/connect/userinfo")
def userinfo(world: World, request: Request) -> Response:
    """Claims of the signed-in person; Xero sends no email_verified."""
    found = world.xero.tokens.bearer(bearer_of(request))
    if found is None or found[1] < _now(world) or "openid" not in found[0].scopes:
        return Response(401, b"", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
    return json_response(_claims(world, found[0]))


@router.route("GET", "/.well-known/openid-configuration")
def discovery(world: World, request: Request) -> Response:
    """Endpoints are given at the address the caller used, so that clients stay on the sandbox."""
    base = request.url()
    return json_response(
        {
            "issuer": ISSUER,
            "authorization_endpoint": f"{base}/identity/connect/authorize",
            "token_endpoint": f"{base}/connect/token",
            "userinfo_endpoint": f"{base}/connect/userinfo",
            "revocation_endpoint": f"{base}/connect/revocation",
            "jwks_uri": f"{base}/.well-known/openid-configuration/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "scopes_supported": sorted(scopes.VALID),
            "claims_supported": ["sub", "xero_userid", "email", "given_name", "family_name", "name"],
        }
    )


@router.route("GET", "/.well-known/openid-configuration/jwks")
def jwks(world: World, request: Request) -> Response:
    """No keys: the sandbox's tokens have the shape of signed ones but cannot be verified."""
    return json_response({"keys": []})


def _check_request(world: World, carried: dict[str, str]) -> tuple[Response | None, App | None]:
    """The application, or the answer that ends the request."""
    app = world.apps.get(carried.get("client_id", ""))
    if app is None or app.provider != "xero":
        page = consent.problem_page("Unknown client", "unauthorized_client: the client_id is not registered.")
        return html_response(page, 400), None
    if not redirect_allowed(app, carried.get("redirect_uri", "")):
        page = consent.problem_page(
            "Invalid redirect_uri", "The redirect_uri must match a registered one exactly."
        )
        return html_response(page, 400), None
    if carried.get("response_type", "code") != "code":
        return _back(carried, error="unsupported_response_type"), None
    requested = carried.get("scope", "").split()
    if not requested or scopes.invalid(requested):
        return _back(carried, error="invalid_scope"), None
    return None, app


def redirect_allowed(app: App, uri: str) -> bool:
    if uri in app.redirect_uris:
        return True
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return False
    return app.any_loopback and parts.scheme == "http" and _LOOPBACK.fullmatch(host) is not None


def _back(carried: dict[str, str], **answer: str) -> Response:
    if "state" in carried:
        answer["state"] = carried["state"]
    uri = carried["redirect_uri"]
    return redirect(f"{uri}{'&' if '?' in uri else '?'}{urlencode(answer)}")


def _person(world: World, user_id: str | None) -> Person | None:
    """The chosen person, or the first who may connect anything."""
    if user_id:
        return world.xero.users.get(user_id)
    people = world.xero.users.values()
    return next((person for person in people if world.xero.organisations_of(person.user_id)), None)


def _client(world: World, request: Request, form: dict[str, str]) -> App:
    """The authenticated application, by HTTP Basic or by the form. Raises BadClient."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    basic = scheme.lower() == "basic"
    if basic:
        try:
            client_id, _, secret = base64.b64decode(encoded.strip()).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise BadClient(basic=True) from error
        client_id, secret = unquote(client_id), unquote(secret)
    else:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    app = world.apps.get(client_id)
    if app is None or app.provider != "xero" or not hmac.compare_digest(app.secret.encode(), secret.encode()):
        raise BadClient(basic=basic)
    return app


def _token_answer(world: World, granted: TokenSet, issued: Issued) -> Response:
    answer: dict[str, Any] = {
        "access_token": issued.access,
        "token_type": "Bearer",
        "expires_in": ACCESS_SECONDS,
        "scope": " ".join(issued.scopes),
    }
    if issued.refresh:
        answer["refresh_token"] = issued.refresh
    if "openid" in issued.scopes:
        answer["id_token"] = world.xero.tokens.id_token(granted, _claims(world, granted), _now(world))
    return json_response(answer, headers={"Cache-Control": "no-store"})


def _claims(world: World, granted: TokenSet) -> dict[str, Any]:
    person = world.xero.users[granted.user_id]
    claims: dict[str, Any] = {"sub": person.user_id, "xero_userid": person.user_id}
    if "profile" in granted.scopes:
        claims.update(given_name=person.first_name, family_name=person.last_name, name=person.name)
        claims["preferred_username"] = person.email
    if "email" in granted.scopes:
        claims["email"] = person.email
    return claims


def _oauth_error(code: str, status: int) -> Response:
    return json_response({"error": code}, status, {"Cache-Control": "no-store"})


def _now(world: World) -> float:
    return world.clock.now().timestamp()
