"""The model's parts: Keras layers that import `keras` only, so that they run on every backend."""
