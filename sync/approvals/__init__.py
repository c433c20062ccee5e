"""Second persons: what waits for one, who may be it, and who is told."""
