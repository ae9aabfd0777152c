"""Transformed Examples as arrays (the tables) and as batches (the interactions)."""
