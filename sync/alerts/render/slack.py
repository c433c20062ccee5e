"""A message in Slack's blocks."""

from typing import Any

from sync.alerts.render.message import RECOVERED, Item, Message

LONGEST_TITLE = 250
LONGEST_TEXT = 500
"""A section holds 3,000 characters; escaping can make five of one."""

MARKS = {
    "critical": "\N{LARGE RED CIRCLE}",
    "warning": "\N{LARGE ORANGE CIRCLE}",
    "info": "\N{LARGE BLUE CIRCLE}",
}
OVER = "\N{WHITE HEAVY CHECK MARK}"


def payload(message: Message) -> dict[str, Any]:
    """The JSON for an incoming webhook. Only a message about one alert has room for its text."""
    blocks: list[dict[str, Any]] = []
    if len(message.items) > 1:
        blocks.append(_section(f"*{escape(message.subject, LONGEST_TITLE)}*"))
    for item in message.items:
        blocks.append(_section(_headline(item, message)))
        if item.text and len(message.items) == 1:
            blocks.append(_section(escape(item.text, LONGEST_TEXT)))
    if message.more:
        blocks.append(_section(f"<{message.alerts_url}|And {message.more} more>"))
    foot = f"{escape(message.product, 50)} · <{message.settings_url}|Who is told about what>"
    blocks.append({"type": "context", "elements": [_text(foot)]})
    return {
        "text": escape(message.subject, LONGEST_TITLE),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def escape(text: str, most: int) -> str:
    """Cut to length, and without meaning to Slack: no link, no mention, no channel is made of it."""
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _headline(item: Item, message: Message) -> str:
    mark = OVER if item.event == RECOVERED else MARKS.get(item.severity, "")
    whose = f"{escape(message.practice, 150)}: " if len(message.items) == 1 else ""
    lines = [f"{mark} *{whose}{escape(item.headline, LONGEST_TITLE)}*".strip()]
    if item.facts:
        lines.append(escape(item.fact_line, LONGEST_TITLE))
    lines.append(f"<{item.url}|Look at it>")
    return "\n".join(lines)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> dict[str, Any]:
    # "verbatim" keeps Slack from making links of words that merely look like some.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
