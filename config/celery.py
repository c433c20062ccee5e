"""The Celery application and the whole schedule.

Tasks only wake somebody up: what is owed stands in rows, so a lost message costs one beat and a doubled one
costs nothing.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

#: How often the rows are looked through for work that is due or was left by a dead worker.
WAKE_EVERY_SECONDS = 10

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
}
