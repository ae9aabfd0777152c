"""Ingest: from a source's records to three tables of Examples and a quarantine."""
