"""The modality `numeric`."""
