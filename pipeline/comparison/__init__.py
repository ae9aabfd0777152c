"""Recipes side by side on one dataset: the same rows, the same baselines, one table."""
