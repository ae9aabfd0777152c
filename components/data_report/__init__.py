"""What the data looks like: one self-contained page and its JSON twin."""
