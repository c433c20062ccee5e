"""The Celery application and the whole schedule.

Tasks only wake somebody up: what is owed stands in rows, so a lost message costs one beat and a doubled one
costs nothing.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

#: How often the rows are looked through for work that is due or was left by a dead worker.
WAKE_EVERY_SECONDS = 10

#: How often grants that nothing used are looked for; each is refreshed at most once a week.
KEEP_ALIVE_EVERY_SECONDS = 6 * 3600

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "wake": {
        "task": "sync.tasks.wake",
        "schedule": WAKE_EVERY_SECONDS,
        # A beat that nobody took in time is worthless: the next one does the same.
        "options": {"expires": WAKE_EVERY_SECONDS * 3},
    },
    "keep grants alive": {
        "task": "sync.tasks.keep_grants_alive",
        "schedule": KEEP_ALIVE_EVERY_SECONDS,
        "options": {"expires": KEEP_ALIVE_EVERY_SECONDS},
    },
}
