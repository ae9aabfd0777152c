"""Layers that vary content while training, so that a model learns what stays the same."""
