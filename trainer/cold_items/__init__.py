"""Items without an event: the recipe is fitted once more without some, and ranks these."""
