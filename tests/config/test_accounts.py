from allauth.mfa.adapter import get_adapter


def test_second_factors_are_encrypted_at_rest() -> None:
    adapter = get_adapter()
    stored = adapter.encrypt("JBSWY3DPEHPK3PXP")
    assert "JBSWY3DPEHPK3PXP" not in stored
    assert adapter.decrypt(stored) == "JBSWY3DPEHPK3PXP"
