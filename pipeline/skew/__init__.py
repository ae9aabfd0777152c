"""`tessera skew`: whether what a server is asked is distributed as what its model learned from."""
