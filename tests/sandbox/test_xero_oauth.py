"""Signing in to Xero: consent, codes, rotating tokens, connections."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sandbox.world import World
from sandbox.xero.ledger import Ledger
from sandbox.xero.tokens import challenge_of
from tests.sandbox import xero_client as client
from tests.sandbox.xero_client import APP, BASE, CALLBACK, SECRET

HALF_HOUR = 30 * 60


def claims(token: str) -> dict[str, Any]:
    head, body, signature = token.split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "RS256"
    assert signature
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=="))
    return found


def authorize(world: World, **changes: str) -> Any:
    query = {
        "client_id": APP, "redirect_uri": CALLBACK, "response_type": "code", "state": "s",
        "scope": "offline_access accounting.contacts", **changes,
    }  # fmt: skip
    return client.session(world).get(
        f"{BASE}/identity/connect/authorize", params=query, allow_redirects=False
    )


def test_consent_page_says_that_it_is_simulated_and_offers_organisations(
    xero_world: World, ledger: Ledger
) -> None:
    page = authorize(xero_world)
    assert page.status_code == 200
    assert "SIMULATED" in page.text
    assert ledger.name in page.text
    assert "Allow access" in page.text
    assert "Cancel" in page.text


def test_consent_page_escapes_what_the_caller_sent(xero_world: World, ledger: Ledger) -> None:
    page = authorize(xero_world, state='"><script>alert(1)</script>')
    assert "<script>" not in page.text


def test_person_with_several_organisations_can_choose_who_they_are(xero_world: World, ledger: Ledger) -> None:
    page = authorize(xero_world)
    assert "Priya Raman" in page.text
    assert "Tom Whitfield" in page.text
    # A read-only user cannot connect an application.
    assert "Jess Omondi" not in page.text


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "somebody-else"}, {"redirect_uri": "https://evil.example/callback"}, {"redirect_uri": ""}],
)
def test_unknown_client_or_redirect_is_not_redirected(
    xero_world: World, ledger: Ledger, changes: dict[str, str]
) -> None:
    answer = authorize(xero_world, **changes)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_redirect_uri_of_another_app_must_match_exactly(xero_world: World, ledger: Ledger) -> None:
    xero_world.register_app(
        client_id="strict",
        secret="s",
        name="Strict",
        provider="xero",
        redirect_uris=["https://app.example/cb"],
    )
    assert authorize(xero_world, client_id="strict", redirect_uri="https://app.example/cb").status_code == 200
    assert (
        authorize(xero_world, client_id="strict", redirect_uri="https://app.example/cb/").status_code == 400
    )
    assert authorize(xero_world, client_id="strict").status_code == 400


@pytest.mark.parametrize("scope", ["accounting.transactions", "accounting.reports.read", "nonsense", ""])
def test_one_scope_that_is_not_granular_fails_the_whole_consent(
    xero_world: World, ledger: Ledger, scope: str
) -> None:
    answer = authorize(xero_world, scope=f"offline_access {scope}" if scope else "")
    assert client.returned(answer) == {"error": "invalid_scope", "state": "s"}


def test_report_scopes_are_one_per_report(xero_world: World, ledger: Ledger) -> None:
    assert authorize(xero_world, scope="accounting.reports.aged.read").status_code == 200


def test_cancel_comes_back_as_access_denied(xero_world: World, ledger: Ledger) -> None:
    answer = client.consent(xero_world, [ledger], decision="cancel")
    assert client.returned(answer) == {"error": "access_denied", "state": "st4te"}
    assert not xero_world.xero.connections


def test_consent_needs_an_organisation_of_the_person(xero_world: World, ledger: Ledger) -> None:
    assert client.consent(xero_world, []).status_code == 400
    other = xero_world.xero.add_organisation("Other", "NZ", people=False)
    assert client.consent(xero_world, [other]).status_code == 400


def test_code_with_pkce_becomes_tokens(xero_world: World, ledger: Ledger) -> None:
    answer = client.sign_in(xero_world, ledger)
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == HALF_HOUR
    body = claims(answer["access_token"])
    connection = client.connections(xero_world, answer["access_token"])[0]
    assert body["authentication_event_id"] == connection["authEventId"]
    assert body["exp"] - body["nbf"] == HALF_HOUR
    assert body["xero_userid"] == claims(answer["id_token"])["xero_userid"]
    assert body["iss"] == "https://identity.xero.com"


def test_wrong_verifier_and_missing_verifier_are_refused(xero_world: World, ledger: Ledger) -> None:
    for verifier in ({"code_verifier": "wrong"}, {}):
        sent = client.consent(
            xero_world, [ledger], code_challenge=challenge_of("right"), code_challenge_method="S256"
        )
        answer = client.exchange(xero_world, client.returned(sent)["code"], **verifier)
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


def test_code_works_once_and_for_five_minutes(xero_world: World, ledger: Ledger) -> None:
    code = client.returned(client.consent(xero_world, [ledger]))["code"]
    assert client.exchange(xero_world, code).status_code == 200
    assert client.exchange(xero_world, code).json() == {"error": "invalid_grant"}
    late = client.returned(client.consent(xero_world, [ledger]))["code"]
    xero_world.clock.advance(5 * 60 + 1)
    assert client.exchange(xero_world, late).json() == {"error": "invalid_grant"}


def test_code_is_bound_to_its_redirect_uri(xero_world: World, ledger: Ledger) -> None:
    code = client.returned(client.consent(xero_world, [ledger]))["code"]
    answer = client.token_call(
        xero_world, grant_type="authorization_code", code=code, redirect_uri="http://127.0.0.1/other"
    )
    assert answer.json() == {"error": "invalid_grant"}


def test_refresh_and_id_tokens_come_only_with_their_scopes(xero_world: World, ledger: Ledger) -> None:
    answer = client.sign_in(xero_world, ledger, scope="accounting.contacts")
    assert "refresh_token" not in answer
    assert "id_token" not in answer


def test_client_authenticates_in_the_header_or_in_the_body(xero_world: World, ledger: Ledger) -> None:
    http = client.session(xero_world)
    token = client.sign_in(xero_world, ledger)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    good = http.post(f"{BASE}/connect/token", data=form, auth=(APP, SECRET))
    assert good.status_code == 200
    wrong = http.post(f"{BASE}/connect/token", data=form, auth=(APP, "no"))
    assert (wrong.status_code, wrong.json()) == (401, {"error": "invalid_client"})
    wrong = http.post(f"{BASE}/connect/token", data={**form, "client_id": APP, "client_secret": "no"})
    assert (wrong.status_code, wrong.json()) == (400, {"error": "invalid_client"})


def test_unknown_grant_type(xero_world: World) -> None:
    answer = client.token_call(xero_world, grant_type="password")
    assert (answer.status_code, answer.json()) == (400, {"error": "unsupported_grant_type"})


def test_access_token_lives_half_an_hour(xero_world: World, ledger: Ledger) -> None:
    token = client.sign_in(xero_world, ledger)["access_token"]
    xero_world.clock.advance(HALF_HOUR - 1)
    assert client.connections(xero_world, token)
    xero_world.clock.advance(1)
    answer = client.session(xero_world).get(
        f"{BASE}/connections", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401
    assert answer.json()["Detail"].startswith("TokenExpired")
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_refresh_rotates_and_the_old_token_has_half_an_hour_of_grace(
    xero_world: World, ledger: Ledger
) -> None:
    old = client.sign_in(xero_world, ledger)["refresh_token"]
    new = client.refresh(xero_world, old).json()["refresh_token"]
    assert new != old
    xero_world.clock.advance(HALF_HOUR)
    again = client.refresh(xero_world, old)
    assert again.status_code == 200
    assert again.json()["refresh_token"] not in (old, new)
    xero_world.clock.advance(1)
    assert client.refresh(xero_world, old).json() == {"error": "invalid_grant"}


def test_two_copies_that_refresh_apart_kill_each_other(xero_world: World, ledger: Ledger) -> None:
    shared = client.sign_in(xero_world, ledger)["refresh_token"]
    one = client.refresh(xero_world, shared).json()["refresh_token"]
    two = client.refresh(xero_world, shared).json()["refresh_token"]
    xero_world.clock.advance(HALF_HOUR + 1)
    assert client.refresh(xero_world, one).json() == {"error": "invalid_grant"}
    assert client.refresh(xero_world, two).status_code == 200


def test_unused_refresh_token_dies_after_sixty_days(xero_world: World, ledger: Ledger) -> None:
    token = client.sign_in(xero_world, ledger)["refresh_token"]
    xero_world.clock.advance(60 * 24 * 3600 + 1)
    answer = client.refresh(xero_world, token)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


def test_scopes_only_grow(xero_world: World, ledger: Ledger) -> None:
    client.sign_in(xero_world, ledger, scope="offline_access accounting.contacts")
    later = client.sign_in(xero_world, ledger, scope="offline_access accounting.invoices")
    assert later["scope"].split() == ["offline_access", "accounting.contacts", "accounting.invoices"]


def test_revocation_ends_the_tokens_and_the_connections_of_the_user(
    xero_world: World, ledger: Ledger
) -> None:
    answer = client.sign_in(xero_world, ledger)
    http = client.session(xero_world)
    gone = http.post(
        f"{BASE}/connect/revocation", data={"token": answer["refresh_token"]}, auth=(APP, SECRET)
    )
    assert gone.status_code == 200
    assert client.refresh(xero_world, answer["refresh_token"]).status_code == 400
    assert not xero_world.xero.connections
    # An unknown token is no error.
    assert http.post(f"{BASE}/connect/revocation", data={"token": "x"}, auth=(APP, SECRET)).status_code == 200
    assert http.post(f"{BASE}/connect/revocation", data={"token": "x"}, auth=(APP, "no")).status_code == 401


def test_userinfo_has_no_email_verified(xero_world: World, ledger: Ledger) -> None:
    token = client.sign_in(xero_world, ledger)["access_token"]
    http = client.session(xero_world)
    found = http.get(f"{BASE}/connect/userinfo", headers={"Authorization": f"Bearer {token}"}).json()
    assert found["email"] == "priya.raman@books.example"
    assert found["sub"] == found["xero_userid"]
    assert "email_verified" not in found
    assert http.get(f"{BASE}/connect/userinfo").status_code == 401


def test_discovery_keeps_the_caller_on_the_sandbox(xero_world: World) -> None:
    found = client.session(xero_world).get(f"{BASE}/.well-known/openid-configuration").json()
    for name in ("authorization", "token", "userinfo", "revocation"):
        assert found[f"{name}_endpoint"].startswith(BASE)
    keys = client.session(xero_world).get(found["jwks_uri"]).json()
    # Tokens only look signed, so there is no key to check them with.
    assert keys == {"keys": []}


def test_one_consent_can_open_several_organisations(xero_world: World, ledger: Ledger) -> None:
    second = xero_world.xero.add_organisation("Kauri Point", "NZ")
    first = client.sign_in(xero_world, ledger)
    xero_world.clock.advance(60)
    later = client.sign_in(xero_world, second)
    found = client.connections(xero_world, later["access_token"])
    assert {entry["tenantName"] for entry in found} == {ledger.name, "Kauri Point"}
    event = claims(later["access_token"])["authentication_event_id"]
    added = client.connections(xero_world, later["access_token"], f"?authEventId={event}")
    assert [entry["tenantName"] for entry in added] == ["Kauri Point"]
    entry = added[0]
    assert entry["id"] != entry["tenantId"] == second.tenant_id
    assert entry["tenantType"] == "ORGANISATION"
    # No zone on these stamps.
    assert entry["createdDateUtc"] == "2026-11-20T02:01:00.5000000"
    assert claims(first["access_token"])["authentication_event_id"] != event


def test_both_spellings_of_connections_are_served(xero_world: World, ledger: Ledger) -> None:
    token = client.sign_in(xero_world, ledger)["access_token"]
    answer = client.session(xero_world).get(
        f"{BASE}/Connections", headers={"Authorization": f"Bearer {token}"}
    )
    assert len(answer.json()) == 1


def test_reconnecting_keeps_the_connection(xero_world: World, ledger: Ledger) -> None:
    before = client.connections(xero_world, client.sign_in(xero_world, ledger)["access_token"])
    xero_world.clock.advance(3600)
    after = client.connections(xero_world, client.sign_in(xero_world, ledger)["access_token"])
    assert [entry["id"] for entry in before] == [entry["id"] for entry in after]
    assert after[0]["updatedDateUtc"] > before[0]["updatedDateUtc"]
    assert after[0]["createdDateUtc"] == before[0]["createdDateUtc"]


def test_delete_of_a_connection(xero_world: World, ledger: Ledger) -> None:
    token = client.sign_in(xero_world, ledger)["access_token"]
    http = client.session(xero_world)
    http.headers["Authorization"] = f"Bearer {token}"
    key = client.connections(xero_world, token)[0]["id"]
    assert http.delete(f"{BASE}/connections/{key}").status_code == 204
    assert http.delete(f"{BASE}/connections/{key}").status_code == 404
    assert client.connections(xero_world, token) == []


def test_users_do_not_see_each_others_connections(xero_world: World, ledger: Ledger) -> None:
    priya, tom = list(xero_world.xero.users)[:2]
    client.sign_in(xero_world, ledger, user=priya)
    token = client.sign_in(xero_world, ledger, user=tom)["access_token"]
    assert len(client.connections(xero_world, token)) == 1
    assert len(xero_world.xero.connections) == 2
