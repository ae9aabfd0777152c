"""The shapes that all options of a recipe have."""
