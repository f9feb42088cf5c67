"""What is traded: pure strategies on top of ``bot.core``."""
