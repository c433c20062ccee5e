"""Comparing Ignition and Xero from what was last read of both: every difference, in money, kept until it is gone."""
