"""Ignition's OAuth: consent page, code, rotation, revocation, PKCE and scopes."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sandbox.clock import Clock
from sandbox.ignition.state import IgnitionPractice
from sandbox.web import Response, request_of
from sandbox.world import World

APP = {"client_id": "sandbox-ignition-app", "client_secret": "sandbox-ignition-secret"}
CALLBACK = "http://127.0.0.1:8000/connections/ignition/callback"
ASKED = {
    "client_id": APP["client_id"],
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "reporting",
    "state": "s1&x",
}
VERIFIER = "a-verifier-that-is-long-enough-to-be-taken-seriously"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def world() -> World:
    made = World(clock=Clock(datetime(2026, 3, 18, tzinfo=UTC), speed=0))
    for key in ("demo", "kiwi"):
        made.ignition[key] = IgnitionPractice(key, f"{key} <Practice>", made.clock)
    return made


def post(world: World, path: str, form: dict[str, str]) -> Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return world.handle(request_of("POST", path, headers, urlencode(form).encode()))


def answer(world: World, practice: str = "demo", decision: str = "allow", **changes: str) -> dict[str, str]:
    """What comes back at the callback after the person pressed a button."""
    response = post(
        world, "/oauth2/authorize", {**ASKED, **changes, "practice": practice, "decision": decision}
    )
    assert response.status == 302
    location = response.headers["Location"]
    assert location.startswith(CALLBACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def exchange(world: World, **form: str) -> tuple[int, dict[str, Any]]:
    response = post(world, "/oauth2/token", {**APP, **form})
    return response.status, json.loads(response.body)


def code_form(code: str, **more: str) -> dict[str, str]:
    return {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **more}


def connect(world: World, practice: str = "demo", **changes: str) -> dict[str, Any]:
    status, tokens = exchange(world, **code_form(answer(world, practice, **changes)["code"]))
    assert status == 200
    return tokens


def refresh(world: World, token: str) -> tuple[int, dict[str, Any]]:
    return exchange(world, grant_type="refresh_token", refresh_token=token)


def read(world: World, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return world.handle(request_of("GET", "/external/api/v1/reporting/clients", headers, b"")).status


def test_the_consent_page_says_what_it_is_and_offers_the_practices(world: World) -> None:
    response = world.handle(request_of("GET", f"/oauth2/authorize?{urlencode(ASKED)}", {}, b""))
    page = response.body.decode()
    assert response.status == 200
    assert "<h1>SIMULATED Ignition sign-in</h1>" in page
    assert 'value="demo"' in page
    assert 'value="kiwi"' in page
    assert "demo &lt;Practice&gt;" in page
    assert 'value="s1&amp;x"' in page
    assert "<script" not in page


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "nobody"}, {"client_id": "sandbox-xero-app"}, {"redirect_uri": "https://evil.example/"}],
)
def test_an_untrusted_redirect_gets_a_page_instead(world: World, changes: dict[str, str]) -> None:
    query = urlencode({**ASKED, **changes})
    assert world.handle(request_of("GET", f"/oauth2/authorize?{query}", {}, b"")).status == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"code_challenge": "x", "code_challenge_method": "md5"}, "invalid_request"),
    ],
)
def test_other_mistakes_are_sent_back_to_the_app(world: World, changes: dict[str, str], error: str) -> None:
    found = answer(world, "demo", "allow", **changes)
    assert (found["error"], found["state"]) == (error, "s1&x")


def test_cancel_sends_the_person_back_without_a_code(world: World) -> None:
    found = answer(world, decision="cancel")
    assert found["error"] == "access_denied"
    assert found["error_description"]
    assert "code" not in found


def test_a_code_opens_the_chosen_practice_for_an_hour(world: World) -> None:
    tokens = connect(world, "kiwi")
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, "reporting")
    assert read(world, tokens["access_token"]) == 200
    assert len(world.ignition["kiwi"].grants) == 1
    assert world.ignition["demo"].grants == []
    world.clock.advance(3600)
    assert read(world, tokens["access_token"]) == 401


def test_a_code_works_once_in_time_and_at_its_own_address(world: World) -> None:
    code = answer(world)["code"]
    assert exchange(world, **code_form(code))[0] == 200
    assert exchange(world, **code_form(code)) == (
        400,
        {
            "error": "invalid_grant",
            "error_description": "The authorization code is invalid, expired or was used before.",
        },
    )
    late = answer(world)["code"]
    world.clock.advance(601)
    assert exchange(world, **code_form(late))[1]["error"] == "invalid_grant"
    elsewhere = code_form(answer(world)["code"], redirect_uri=f"{CALLBACK}/")
    assert exchange(world, **elsewhere)[1]["error"] == "invalid_grant"


def test_the_secret_belongs_into_the_form(world: World) -> None:
    form = {**code_form(answer(world)["code"]), "client_id": APP["client_id"]}
    for secret in ("wrong", ""):
        response = post(world, "/oauth2/token", {**form, "client_secret": secret})
        assert response.status == 401
        assert json.loads(response.body)["error"] == "invalid_client"
    basic = base64.b64encode(":".join(APP.values()).encode()).decode()
    request = request_of(
        "POST", "/oauth2/token", {"Authorization": f"Basic {basic}"}, urlencode(form).encode()
    )
    assert world.handle(request).status == 401


def test_refresh_tokens_rotate_and_die_on_use(world: World) -> None:
    first = connect(world)
    status, second = refresh(world, first["refresh_token"])
    assert status == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert read(world, first["access_token"]) == 200
    assert read(world, second["access_token"]) == 200
    assert refresh(world, first["refresh_token"])[1]["error"] == "invalid_grant"
    assert refresh(world, second["refresh_token"])[0] == 200


def test_a_refresh_token_lives_ninety_days(world: World) -> None:
    tokens = connect(world)
    world.clock.advance(90 * 24 * 3600 - 1)
    status, tokens = refresh(world, tokens["refresh_token"])
    assert status == 200
    world.clock.advance(90 * 24 * 3600)
    assert refresh(world, tokens["refresh_token"]) == (
        400,
        {
            "error": "invalid_grant",
            "error_description": "The refresh token is invalid, expired or was used before.",
        },
    )


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_whole_grant(world: World, which: str) -> None:
    tokens, other = connect(world), connect(world)
    assert post(world, "/oauth2/revoke", {**APP, "token": tokens[which]}).status == 200
    assert read(world, tokens["access_token"]) == 401
    assert refresh(world, tokens["refresh_token"])[0] == 400
    assert read(world, other["access_token"]) == 200
    assert post(world, "/oauth2/revoke", {**APP, "token": "unknown"}).status == 200
    assert post(world, "/oauth2/revoke", {"token": other[which]}).status == 401


def test_pkce_is_optional_but_checked_once_sent(world: World) -> None:
    asked = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    right = code_form(answer(world, **asked)["code"], code_verifier=VERIFIER)
    assert exchange(world, **right)[0] == 200
    for verifier in ("", "wrong", CHALLENGE):
        form = code_form(answer(world, **asked)["code"], code_verifier=verifier)
        assert exchange(world, **form)[1]["error"] == "invalid_grant"
    assert exchange(world, **code_form(answer(world)["code"], code_verifier="not needed"))[0] == 200


def test_a_token_without_the_scope_is_forbidden(world: World) -> None:
    tokens = connect(world, scope="")
    assert read(world, tokens["access_token"]) == 403


def test_an_unknown_grant_type_is_refused(world: World) -> None:
    assert exchange(world, grant_type="password")[1]["error"] == "unsupported_grant_type"


def test_grants_survive_the_state_file(world: World) -> None:
    tokens = connect(world)
    code = answer(world)["code"]
    stored = json.loads(json.dumps(world.ignition["demo"].dump()))
    world.ignition["demo"] = IgnitionPractice.load(stored, world.clock)
    assert read(world, tokens["access_token"]) == 200
    assert refresh(world, tokens["refresh_token"])[0] == 200
    assert exchange(world, **code_form(code))[0] == 200
