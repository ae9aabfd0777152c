"""The search over a recipe's ranges as a TFX component with three tables."""
