"""Personal data in the results: pseudonyms, and the search for what should not be there."""
