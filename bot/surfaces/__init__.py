"""Pure market models shared by the simulator and the evidence."""
