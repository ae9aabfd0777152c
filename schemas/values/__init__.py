"""How values are written: numbers, truth, times, lists and ids.

One rule each, for whoever drafts a schema and whoever reads the data with it.
"""
