"""The review: read-only views of the ledger for people, and the figures behind them."""
