"""The model: preprocessing, towers, fusion, heads, training and export."""
