"""The modality `video`."""
