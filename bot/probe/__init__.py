"""First contact with a real gateway: what the code assumes of it, tested one by one."""
