"""Why a model gives a user an item: what each word, region and feature is worth to the score."""
