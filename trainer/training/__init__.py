"""Training: from batches to a fitted network."""
