"""How data moves: one folder for each TFX component of our own, and the sources."""
