"""A mail to one person about a practice: text and HTML of the same, an id that stays, and what a refusal means."""

import hashlib
import smtplib
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


def mail_to(email: str, *, subject: str, template: str, letter: object, key: str) -> EmailMultiAlternatives:
    """The mail, ready to be sent: ``template`` as text and as HTML, with ``letter`` in it.

    ``key`` names what it is about. A repeated mail has the id of the first, so that mail systems which look at it show
    one.
    """
    name = hashlib.sha256(key.encode()).hexdigest()[:40]
    mail = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"{template}.txt", {"letter": letter}),
        to=[email],
        headers={
            "Message-ID": f"<{name}@{urlsplit(settings.BASE_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    mail.attach_alternative(render_to_string(f"{template}.html", {"letter": letter}), "text/html")
    return mail


def is_final(error: smtplib.SMTPRecipientsRefused) -> bool:
    """Whether the server will never take a mail to these people; otherwise it may later."""
    return all(500 <= code < 600 for code, _ in error.recipients.values())
