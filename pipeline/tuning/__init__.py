"""`tessera tune`: the pipeline up to the Tuner, and the best values as a recipe file."""
