"""Telling people what is wrong, and that it is over.

``announce`` turns incidents into alerts and deliveries, ``send_due`` sends what is due.
"""

from sync.alerts.announcing import announce
from sync.alerts.sending import send_due

__all__ = ["announce", "send_due"]
