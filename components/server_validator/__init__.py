"""Checks the exported model behind a real server before it may be pushed."""
