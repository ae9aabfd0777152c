"""Stops the pipeline on data that must not be trained on."""
