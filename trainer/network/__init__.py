"""The network: what it is made of, and how its parts come together."""
