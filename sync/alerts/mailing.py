"""One mail to each person a channel tells. Everybody gets their own: nobody sees who else is told."""

import hashlib
import smtplib
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string

from practices.localise import shown_for
from sync.alerts.posting import Outcome
from sync.alerts.recipients import Recipient, recipients_of
from sync.alerts.render.message import Message
from sync.models import Alert, Channel

log = structlog.get_logger(__name__)

Reached = Callable[[str], None]


def send(
    channel: Channel, alerts: Sequence[Alert], message: Message, *, done: Sequence[str], reached: Reached
) -> Outcome:
    """Mail everybody but those in ``done``; ``reached`` is called after each mail that was taken.

    An address that the mail server refuses for good does not keep the mail from the others. Never raises for what
    happens on the way. Never inside a transaction: mail servers can be slow.
    """
    started = time.monotonic()
    everybody = recipients_of(channel)
    if not everybody:
        return Outcome(ok=False, text="Nobody is left to be told. Choose who gets the mails.", final=True)
    refused: list[str] = []
    sent = len(done)
    connection = get_connection()
    try:
        with shown_for(channel.practice), connection:
            for recipient in everybody:
                if recipient.email in done:
                    continue
                if _mail(connection, channel, alerts, message, recipient):
                    sent += 1
                    reached(recipient.email)
                else:
                    refused.append(recipient.email)
    except (smtplib.SMTPException, OSError) as error:
        log.warning("mail_not_sent", channel=channel.pk, error=type(error).__name__)
        text = "The mail server did not take it." if sent == 0 else f"The mail server stopped after {sent}."
        return Outcome(ok=False, text=text, unclear=_is_unclear(error), ms=_ms(started))
    return _outcome(sent, refused, _ms(started))


def _outcome(sent: int, refused: list[str], ms: int) -> Outcome:
    people = f"{sent} {'person' if sent == 1 else 'people'}"
    if not sent:
        return Outcome(ok=False, text=f"Refused: {', '.join(refused)}.", ms=ms)
    return Outcome(
        ok=True, text=f"Mailed to {people}." + (f" Refused: {', '.join(refused)}." if refused else ""), ms=ms
    )


def _mail(
    connection: BaseEmailBackend,
    channel: Channel,
    alerts: Sequence[Alert],
    message: Message,
    recipient: Recipient,
) -> bool:
    """Whether the server took it. An address refused for good is ``False``, any other failure is raised."""
    facts = {"message": message, "stop_url": recipient.stop_url}
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=render_to_string("sync/alert_mail.txt", facts),
        to=[recipient.email],
        headers=_headers(channel, alerts, message, recipient),
        connection=connection,
    )
    mail.attach_alternative(render_to_string("sync/alert_mail.html", facts), "text/html")
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        if all(500 <= code < 600 for code, _ in error.recipients.values()):
            return False
        raise
    return True


def _headers(
    channel: Channel, alerts: Sequence[Alert], message: Message, recipient: Recipient
) -> dict[str, str]:
    """A repeated mail has the id of the first, so that mail systems which look at it show one."""
    parts = "|".join([str(channel.pk), recipient.email.lower(), *sorted(str(alert.key) for alert in alerts)])
    name = hashlib.sha256(parts.encode()).hexdigest()[:40]
    found = {
        "Message-ID": f"<{name}@{urlsplit(settings.BASE_URL).hostname}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Unsubscribe": f"<{recipient.stop_url or message.settings_url}>",
    }
    if recipient.stop_url:
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def _is_unclear(error: Exception) -> bool:
    """Whether a mail may have been taken although the line broke."""
    return isinstance(error, smtplib.SMTPServerDisconnected | TimeoutError)


def _ms(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
