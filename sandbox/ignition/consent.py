"""The pages a person sees when an app asks for access to an Ignition practice. Plain HTML, no script."""

from __future__ import annotations

from html import escape

from sandbox.web import Response, html_response

_HEADING = "SIMULATED Ignition sign-in"
_SCOPE_TEXT = {
    "reporting": "Read clients, proposals, services, invoices and payments",
    "partner": "Create and change clients and invoices",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{heading}</title>
<style>
body{{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;color:#1d2433}}
h1{{font-size:1.4rem}}label{{display:block;margin:.4rem 0}}
button{{font:inherit;padding:.5rem 1.2rem;margin-right:.5rem}}
.note{{background:#fff6d6;padding:.6rem .8rem;border-radius:6px}}</style></head>
<body><h1>{heading}</h1><p class="note">This is a stand-in with invented data, not the real service.</p>
{content}</body></html>"""


def consent_page(app_name: str, practices: list[tuple[str, str]], asked: dict[str, str]) -> Response:
    """Asks to choose one of the practices (key, name) and to allow or cancel; carries the request along."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
        if value
    )
    choices = "".join(
        f'<label><input type="radio" name="practice" value="{escape(key)}"{" checked" if first else ""}> '
        f"{escape(name)}</label>"
        for first, (key, name) in zip([True] + [False] * len(practices), practices, strict=False)
    )
    scopes = "".join(f"<li>{escape(_SCOPE_TEXT.get(scope, scope))}</li>" for scope in asked["scope"].split())
    content = (
        f"<p><strong>{escape(app_name)}</strong> asks for access to one of your practices:</p>"
        f"<ul>{scopes or '<li>Nothing in particular</li>'}</ul>"
        f'<form method="post" action="/oauth2/authorize">{hidden}'
        f"<fieldset><legend>Practice</legend>{choices or '<p>There is no practice yet.</p>'}</fieldset>"
        '<p><button name="decision" value="allow">Allow</button>'
        '<button name="decision" value="cancel">Cancel</button></p></form>'
    )
    return html_response(_PAGE.format(heading=_HEADING, content=content))


def problem_page(text: str) -> Response:
    """For requests that must not be sent back to the caller's address."""
    return html_response(_PAGE.format(heading=_HEADING, content=f"<p>{escape(text)}</p>"), 400)
