"""The Celery application and the whole schedule.

Tasks only wake somebody up: what is owed stands in rows, so a lost message costs one beat and a doubled one
costs nothing.
"""

import os
from typing import Any

from celery import Celery

from config import pgmq_transport
from config.broker import LIVE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

#: How often workers are woken for runs whose time has come. A wait is never longer than it has to be by more than this.
WAKE_EVERY_SECONDS = 1

#: How often the rows are looked through for runs that are due by the clock and for what dead workers left.
LOOK_ROUND_EVERY_SECONDS = 10

#: How often everything that is wrong is looked at anew, and alerts that are due are sent.
WATCH_EVERY_SECONDS = 60
SEND_ALERTS_EVERY_SECONDS = 15

#: How often mails of saved views that are due are sent.
MAIL_REPORTS_EVERY_SECONDS = 60

#: How often practices are looked for that were compared since their months were worked out.
LOOK_FOR_MONTHS_EVERY_SECONDS = 60

#: How often requests for approval whose time is over are closed.
EXPIRE_APPROVALS_EVERY_SECONDS = 3600

#: How often what is too old is dropped.
TIDY_EVERY_SECONDS = 6 * 3600

#: How often grants that nothing used are looked for; each is refreshed at most once a week.
KEEP_ALIVE_EVERY_SECONDS = 6 * 3600

#: How often the outside is told that all is well, where ``HEARTBEAT_URL`` says whom to tell.
HEARTBEAT_EVERY_SECONDS = 60

pgmq_transport.install()
app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# In the queue that never holds long work: looking at the clock must not wait behind what it finds.
app.conf.task_routes = {
    name: {"queue": LIVE}
    for name in (
        "sync.tasks.wake",
        "sync.tasks.look_round",
        "sync.tasks.send_alerts",
        "config.tasks.heartbeat",
    )
}


def _every(seconds: int, task: str, *, lasts: int = 1) -> dict[str, Any]:
    """A line of the schedule. A beat that nobody took for ``lasts`` turns is worthless: the next one does the same."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds * lasts}}


app.conf.beat_schedule = {
    "wake": _every(WAKE_EVERY_SECONDS, "sync.tasks.wake", lasts=3),
    "look round": _every(LOOK_ROUND_EVERY_SECONDS, "sync.tasks.look_round", lasts=3),
    "watch": _every(WATCH_EVERY_SECONDS, "sync.tasks.watch"),
    "send alerts": _every(SEND_ALERTS_EVERY_SECONDS, "sync.tasks.send_alerts", lasts=2),
    "mail reports": _every(MAIL_REPORTS_EVERY_SECONDS, "sync.tasks.mail_reports"),
    "look for months": _every(LOOK_FOR_MONTHS_EVERY_SECONDS, "sync.tasks.look_for_months"),
    "expire approvals": _every(EXPIRE_APPROVALS_EVERY_SECONDS, "sync.tasks.expire_approvals"),
    "tidy": _every(TIDY_EVERY_SECONDS, "sync.tasks.tidy"),
    "keep grants alive": _every(KEEP_ALIVE_EVERY_SECONDS, "sync.tasks.keep_grants_alive"),
    "heartbeat": _every(HEARTBEAT_EVERY_SECONDS, "config.tasks.heartbeat"),
}
