"""Metrics of predictions that the Trainer wrote, for models that TFMA cannot load."""
