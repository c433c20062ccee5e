"""Rehearsing a draft: real records go through it and through what is in force, and the two are compared."""
