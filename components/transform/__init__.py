"""TFX's Transform, in batches of bounded size."""
