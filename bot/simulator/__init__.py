"""A TWS-protocol gateway on loopback with a market, an account and an exchange behind it."""
