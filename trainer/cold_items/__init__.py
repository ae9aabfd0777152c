"""Items without an event: the recipe is fitted once more without some, and ranks these."""

SHOWN = ("recall@50", "ndcg@10")  # What is shown of a ranking of cold items.
