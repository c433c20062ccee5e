"""A sign of life to the outside, for an alarm that works when everything here is down."""

import requests
import structlog
from celery import shared_task
from django.conf import settings

from config import readiness

log = structlog.get_logger(__name__)

#: Seconds to connect, and to wait for the answer.
PATIENCE = (3, 5)


@shared_task(name="config.tasks.heartbeat", ignore_result=True)
def heartbeat() -> None:
    """Ask for ``HEARTBEAT_URL``, unless something is wrong: then the silence is the message."""
    if not settings.HEARTBEAT_URL:
        return
    troubles = {one.name: one.text for one in readiness.look() if not one.ok}
    if troubles:
        log.warning("heartbeat_withheld", **troubles)
        return
    try:
        requests.get(settings.HEARTBEAT_URL, timeout=PATIENCE).raise_for_status()
    except requests.RequestException as error:
        # Without the address: whoever knows it can keep the alarm quiet.
        log.warning("heartbeat_failed", error=type(error).__name__)
