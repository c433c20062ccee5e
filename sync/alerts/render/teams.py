"""A message as an adaptive card, for a Teams workflow that posts what its webhook gets."""

import json
from typing import Any

from sync.alerts.render.message import RECOVERED, Item, Message

MOST_BYTES = 26_000
"""Teams takes 28 KB for a whole message."""

COLOURS = {"critical": "Attention", "warning": "Warning", "info": "Accent"}
LONGEST_TEXT = 1_000


def payload(message: Message) -> dict[str, Any]:
    """The JSON for the workflow. Alerts that do not fit are counted instead of shown."""
    shown = len(message.items)
    while True:
        made = _card(message, shown)
        if shown <= 1 or len(json.dumps(made, ensure_ascii=False).encode()) <= MOST_BYTES:
            return made
        shown -= 1


def _card(message: Message, shown: int) -> dict[str, Any]:
    alone = len(message.items) == 1
    more = message.more + len(message.items) - shown
    body = [_text(_run(message.subject, weight="Bolder", size="Medium"))]
    for item in message.items[:shown]:
        body += _item(item, alone=alone)
    if more:
        body.append(_text(_run(f"And {more} more", isSubtle=True)))
    link = message.items[0].url if alone else message.alerts_url
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [
            {"type": "Action.OpenUrl", "title": "Look at it", "url": link},
            {"type": "Action.OpenUrl", "title": "Who is told about what", "url": message.settings_url},
        ],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {
        "type": "message",
        "summary": message.subject,
        "attachments": [{"contentType": kind, "contentUrl": None, "content": content}],
    }


def _item(item: Item, *, alone: bool) -> list[dict[str, Any]]:
    colour = "Good" if item.event == RECOVERED else COLOURS.get(item.severity, "Default")
    lines = []
    if not alone:
        lines.append(
            _text(_run(item.headline, color=colour, selectAction={"type": "Action.OpenUrl", "url": item.url}))
        )
    if item.facts:
        lines.append(_text(_run(item.fact_line, **({"color": colour} if alone else {"isSubtle": True}))))
    if alone and item.text:
        lines.append(_text(_run(item.text[:LONGEST_TEXT])))
    return lines


def _text(run: dict[str, Any]) -> dict[str, Any]:
    """Rich text, as its runs know no Markdown: no link or heading is made of somebody's words."""
    return {"type": "RichTextBlock", "inlines": [run]}


def _run(text: str, **looks: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **looks}
