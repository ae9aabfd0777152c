"""Files that mean harm, or are broken in every way, made by code: each is a name and its bytes."""
