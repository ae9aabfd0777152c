"""What a trained network does without a part of what it reads; nothing is trained for it."""
