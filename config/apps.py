from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Registers the checks and the signals once the apps are loaded.
        from config import accounts, checks, workers  # noqa: F401, PLC0415
        from config.celery import app  # noqa: PLC0415

        workers.install(app)
