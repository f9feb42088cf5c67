"""Tells people what came into the ledger, off the path of trading."""
