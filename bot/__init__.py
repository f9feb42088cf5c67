"""steward: unattended paper trading of SPX iron condors with a layered VIX-call hedge."""
