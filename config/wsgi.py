import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from config.database import limit_statements  # noqa: E402  (needs the settings, and they need the line above)

limit_statements()
