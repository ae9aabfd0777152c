"""What a trained network does without a part of what it reads; nothing is trained for it."""

WHOLE = "none"  # Of the figures of a network from which nothing was taken.
