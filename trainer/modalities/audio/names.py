"""The name of the column that a sound has beside its spectrogram."""


def mfcc(feature: str) -> str:
    """Returns the column of a sound's cepstral coefficients: their means, then deviations."""
    return f"{feature}__mfcc"
