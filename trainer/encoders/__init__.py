"""Pretrained encoders: loaded, asked, and their vectors as columns of the model's tables."""
