"""How allauth is wired to this app."""

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.signals import authenticator_added
from allauth.usersessions.internal.flows.sessions import end_other_sessions
from django.dispatch import receiver
from django.http import HttpRequest

from practices.secrets import crypter


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keeps the secrets of authenticator apps and recovery codes encrypted at rest."""

    def encrypt(self, text: str) -> str:
        return crypter().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return crypter().decrypt(encrypted_text.encode()).decode()


@receiver(authenticator_added, dispatch_uid="end_sessions_without_second_factor")
def end_sessions_without_second_factor(*, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Whoever logged in elsewhere did so without the new second factor: they have to log in again."""
    end_other_sessions(request, user)
