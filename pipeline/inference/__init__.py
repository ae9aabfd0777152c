"""`tessera schema`: drafts schemas from a user's files, and checks the ones that are there."""
