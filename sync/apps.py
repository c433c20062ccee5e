from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "sync"

    def ready(self) -> None:
        """Tell the packages below what they may ask and whom to call; they know nothing of sync themselves."""
        from sync import wiring  # noqa: PLC0415 - models are not loaded before this point

        wiring.connect()
