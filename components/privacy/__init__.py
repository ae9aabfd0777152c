"""What ingest does to personal data: pseudonyms by a key, and values that are left out."""
