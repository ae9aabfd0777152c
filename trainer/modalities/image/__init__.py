"""The modality `image`."""
