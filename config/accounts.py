"""How allauth is wired to this app."""

from allauth.mfa.adapter import DefaultMFAAdapter

from practices.secrets import crypter


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keeps the secrets of authenticator apps and recovery codes encrypted at rest."""

    def encrypt(self, text: str) -> str:
        return crypter().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return crypter().decrypt(encrypted_text.encode()).decode()
