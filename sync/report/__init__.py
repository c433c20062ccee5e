"""The reconciliation report: what is chosen of it, its rows, and its files."""
