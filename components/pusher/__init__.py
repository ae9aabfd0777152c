"""Pushing a blessed model as a TFX component: a version appears at once and whole."""
