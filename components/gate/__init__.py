"""The one blessing: the verdicts of every check on a model, joined."""
