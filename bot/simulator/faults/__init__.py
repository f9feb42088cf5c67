"""Faults that the simulated gateway provokes by a script; see ``docs/faults.md``."""
