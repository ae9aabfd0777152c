"""Towers over pictures that look at them as visual words or as a spectrum."""
