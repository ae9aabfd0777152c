"""The modality `categorical`."""
