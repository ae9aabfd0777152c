"""The modality `audio`."""
