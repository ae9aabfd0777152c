"""Time and memory, measured and held against limits; no part of the installed package."""
