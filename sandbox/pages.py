"""The front page of the sandbox, for people who look into it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.world import World

RECENT_CALLS = 40
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:0;color:#14212b;background:#f4f6f8}
header{background:#7a3e00;color:#fff;padding:.75rem 1.5rem;font-weight:600}
main{max-width:70rem;margin:1.5rem auto;padding:0 1.5rem}
table{border-collapse:collapse;width:100%;background:#fff;margin:.5rem 0 1.5rem}
th,td{border:1px solid #d5dde3;padding:.3rem .6rem;text-align:left}
td.number,th.number{text-align:right} code{font-size:.9em}
"""
_XERO_COLUMNS = ("contacts", "invoices", "payments", "credit_notes", "accounts")
_IGNITION_COLUMNS = ("clients", "proposals", "invoices", "payments", "collections")


def index(world: World) -> str:
    """Organisations and practices with counts, and the newest calls."""
    organisations = [
        [escape(ledger.name), ledger.country, f"<code>{escape(tenant)}</code>"]
        + [str(len(ledger.shelves[kind])) for kind in _XERO_COLUMNS]
        for tenant, ledger in world.xero.organisations.items()
    ]
    practices = [
        [escape(practice.name), practice.country, f"<code>{escape(key)}</code>"]
        + [str(len(practice.rows(resource))) for resource in _IGNITION_COLUMNS]
        for key, practice in world.ignition.items()
    ]
    calls = [
        [
            call.at[11:23],
            call.host,
            call.method,
            f"<code>{escape(call.path)}</code>",
            str(call.status or "no answer"),
            str(call.bytes),
        ]
        for call in world.calls.recent(RECENT_CALLS)
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sandbox</title>'
        f"<style>{STYLE}</style></head><body>"
        "<header>SIMULATOR &mdash; stand-ins for Ignition and Xero. Nothing here is real.</header><main>"
        f"<p>Simulated time: {world.clock.now():%Y-%m-%d %H:%M:%S} UTC</p>"
        "<h2>Simulated Xero organisations</h2>"
        f"{_table(('Name', 'Country', 'Tenant', *_XERO_COLUMNS), organisations)}"
        "<h2>Simulated Ignition practices</h2>"
        f"{_table(('Name', 'Country', 'Key', *_IGNITION_COLUMNS), practices)}"
        f"<h2>Newest calls</h2>{_table(('Time', 'Host', 'Method', 'Path', 'Status', 'Bytes'), calls)}"
        "</main></body></html>"
    )


def _table(names: tuple[str, ...], rows: list[list[str]]) -> str:
    if not rows:
        return "<p>None yet.</p>"
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
