"""What ingest left out, for people: each bad record once, and whether it would be taken now."""
