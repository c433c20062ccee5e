"""The Celery application and the whole schedule.

Tasks only wake somebody up: what is owed stands in rows, so a lost message costs one beat and a doubled one
costs nothing.
"""

import os

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
app.conf.beat_schedule = {
    "wake": {
        "task": "sync.tasks.wake",
        "schedule": WAKE_EVERY_SECONDS,
        # A beat that nobody took in time is worthless: the next one does the same.
        "options": {"expires": WAKE_EVERY_SECONDS * 3},
    },
    "look round": {
        "task": "sync.tasks.look_round",
        "schedule": LOOK_ROUND_EVERY_SECONDS,
        "options": {"expires": LOOK_ROUND_EVERY_SECONDS * 3},
    },
    "watch": {
        "task": "sync.tasks.watch",
        "schedule": WATCH_EVERY_SECONDS,
        "options": {"expires": WATCH_EVERY_SECONDS},
    },
    "send alerts": {
        "task": "sync.tasks.send_alerts",
        "schedule": SEND_ALERTS_EVERY_SECONDS,
        "options": {"expires": SEND_ALERTS_EVERY_SECONDS * 2},
    },
    "mail reports": {
        "task": "sync.tasks.mail_reports",
        "schedule": MAIL_REPORTS_EVERY_SECONDS,
        "options": {"expires": MAIL_REPORTS_EVERY_SECONDS},
    },
    "look for months": {
        "task": "sync.tasks.look_for_months",
        "schedule": LOOK_FOR_MONTHS_EVERY_SECONDS,
        "options": {"expires": LOOK_FOR_MONTHS_EVERY_SECONDS},
    },
    "expire approvals": {
        "task": "sync.tasks.expire_approvals",
        "schedule": EXPIRE_APPROVALS_EVERY_SECONDS,
        "options": {"expires": EXPIRE_APPROVALS_EVERY_SECONDS},
    },
    "tidy": {
        "task": "sync.tasks.tidy",
        "schedule": TIDY_EVERY_SECONDS,
        "options": {"expires": TIDY_EVERY_SECONDS},
    },
    "keep grants alive": {
        "task": "sync.tasks.keep_grants_alive",
        "schedule": KEEP_ALIVE_EVERY_SECONDS,
        "options": {"expires": KEEP_ALIVE_EVERY_SECONDS},
    },
    "heartbeat": {
        "task": "config.tasks.heartbeat",
        "schedule": HEARTBEAT_EVERY_SECONDS,
        "options": {"expires": HEARTBEAT_EVERY_SECONDS},
    },
}
