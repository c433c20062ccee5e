"""Deterministic demo data: practices whose Ignition account and Xero organisation share a history."""

from sandbox.seed.demo import seed_demo
from sandbox.seed.practices import seed_practice
from sandbox.seed.report import SeedReport

__all__ = ["SeedReport", "seed_demo", "seed_practice"]
