"""From trained weights to a model that is served, as a TFX component of its own."""
