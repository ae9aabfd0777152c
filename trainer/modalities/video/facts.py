"""What a video is like: what the frame in its middle is."""

from trainer.modalities.image.facts import facts_of_picture
from trainer.modalities.modality import Facts
from trainer.modalities.video.explain import picture


def facts(video: bytes) -> Facts:
    """Returns what a video in the form of `schemas.media` is like."""
    return facts_of_picture(picture(video))
