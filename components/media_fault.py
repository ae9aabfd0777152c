"""What is said of a picture, a sound or a video that cannot be used."""


class MediaFault(Exception):
    """Why a medium cannot be used, as a sentence; the row lives on without it."""
