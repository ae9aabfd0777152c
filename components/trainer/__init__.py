"""Training as a TFX component with three tables."""
