"""The app's Celery with shortened waits, for the workers and the beat of a run: ``celery -A chaos.worker``."""

import django

from chaos import pace
from config.celery import app

django.setup()
pace.hasten()
for name, seconds in pace.SCHEDULE.items():
    app.conf.beat_schedule[name]["schedule"] = seconds
app.conf.broker_transport_options = {
    **app.conf.broker_transport_options,
    "visibility_timeout": pace.VISIBILITY_SECONDS,
}
