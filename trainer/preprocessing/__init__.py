"""Raw columns to model inputs: pure TensorFlow functions and the one that Transform calls."""
