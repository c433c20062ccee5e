"""Closing a period: tax, the clearing account, the pack, and signing it off."""
