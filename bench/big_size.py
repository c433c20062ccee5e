"""How large the large practice is."""

FULL = 1_000_000
"""Changes of a practice at full size; everything else is in proportion."""
