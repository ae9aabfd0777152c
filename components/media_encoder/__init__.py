"""Frozen encoders as a TFX component: every text, picture and sound of a table once."""
