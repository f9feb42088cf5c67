"""Recorded chains and histories: formats, import, record."""
