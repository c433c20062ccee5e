"""The consent page: a plain stand-in for Xero's sign-in, clearly headed as a simulation."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sandbox.xero import scopes
from sandbox.xero.organisations import Person

if TYPE_CHECKING:
    from sandbox.world import App, World

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#eef3f7;color:#14212b}
header{background:#0b5f86;color:#fff;padding:.75rem 1.5rem;font-weight:600}
main{max-width:34rem;margin:2rem auto;background:#fff;padding:1.5rem 2rem 2rem;border-radius:.5rem}
h1{font-size:1.3rem;margin-top:0} fieldset{border:1px solid #c5d3dd;border-radius:.4rem;margin:1rem 0}
label{display:block;padding:.25rem 0} .note{color:#4a5b68;font-size:.9rem}
button{font:inherit;padding:.5rem 1.4rem;border-radius:.3rem;border:1px solid #0b5f86;background:#0b5f86;
color:#fff}
button.quiet{background:#fff;color:#0b5f86} .problem{color:#a01818;font-weight:600}
"""
# Parameters that travel through the form unchanged.
CARRIED = (
    "client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge",
    "code_challenge_method", "nonce",
)  # fmt: skip


def page(world: World, app: App, carried: dict[str, str], person: Person | None, problem: str = "") -> str:
    """The page for one person; other people are links. Works without script."""
    requested = carried.get("scope", "").split()
    body = [f"<h1>{escape(app.name)} would like access</h1>"]
    if problem:
        body.append(f'<p class="problem" role="alert">{escape(problem)}</p>')
    if person is None:
        body.append("<p>No simulated Xero user can connect an organisation yet. Seed one first.</p>")
        return shell("Simulated Xero sign-in", "".join(body))
    body.append(_people(world, carried, person))
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(carried[name], quote=True)}">'
        for name in CARRIED
        if name in carried
    )
    labels = dict.fromkeys(scopes.label(scope) for scope in requested)
    body.append(
        f'<form method="post" action="/identity/connect/authorize">{hidden}'
        f'<input type="hidden" name="user" value="{escape(person.user_id)}">'
        f"{_organisations(world, app, person)}"
        f"<p>It asks to:</p><ul>{''.join(f'<li>{escape(text)}</li>' for text in labels)}</ul>"
        '<p><button name="decision" value="allow">Allow access</button> '
        '<button class="quiet" name="decision" value="cancel">Cancel</button></p></form>'
    )
    return shell("Simulated Xero sign-in", "".join(body))


def problem_page(title: str, text: str) -> str:
    return shell(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>")


def shell(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        "<header>SIMULATED Xero sign-in &mdash; this is the sandbox, not Xero</header>"
        f"<main>{body}</main></body></html>"
    )


def _people(world: World, carried: dict[str, str], person: Person) -> str:
    others = [
        candidate
        for candidate in world.xero.users.values()
        if candidate != person and world.xero.organisations_of(candidate.user_id)
    ]
    links = " &middot; ".join(
        f'<a href="/identity/connect/authorize?'
        f'{escape(urlencode({**carried, "user": other.user_id}), quote=True)}">{escape(other.name)}</a>'
        for other in others
    )
    switch = f'<p class="note">Not you? Sign in as {links}</p>' if others else ""
    return f"<p>Signed in as <strong>{escape(person.name)}</strong> ({escape(person.email)})</p>{switch}"


def _organisations(world: World, app: App, person: Person) -> str:
    choices = []
    available = world.xero.organisations_of(person.user_id)
    for ledger in available:
        known = world.xero.connection_to(app.client_id, person.user_id, ledger.tenant_id)
        note = ' <span class="note">(already connected)</span>' if known else ""
        ticked = " checked" if len(available) == 1 else ""
        choices.append(
            f'<label><input type="checkbox" name="tenant" value="{escape(ledger.tenant_id)}"{ticked}> '
            f"{escape(ledger.name)}{note}</label>"
        )
    return f"<fieldset><legend>Organisations to connect</legend>{''.join(choices)}</fieldset>"
