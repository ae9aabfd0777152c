"""Seeded faults: what validation of data says of each, in a table (`make faults`)."""
