"""Decides whether a run's data are fit, by the schema, the limits and the last blessed run."""
