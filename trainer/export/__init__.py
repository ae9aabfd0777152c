"""The exported SavedModel: a trained network with everything that an answer needs."""
