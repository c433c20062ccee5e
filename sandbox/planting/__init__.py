"""Mismatches planted on purpose, each with the truth about it: what the two systems show afterwards is what they
would show if it had happened.
"""

from sandbox.planting.plant import REFS, plant
from sandbox.planting.planted import Planted

__all__ = ["REFS", "Planted", "plant"]
