"""What keeps something from working: one row for each cause, kept true by :func:`refresh`."""

from sync.incidents.keeping import refresh

__all__ = ["refresh"]
