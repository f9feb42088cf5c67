"""Does the hedge work: the same decisions over history, and what the numbers say of the claims."""
