"""Decodes a video to the one form that later stages read, and its sound track to a sound."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from components.media_fault import MediaFault
from components.sound import LONGEST, check_length, sound_bytes
from schemas.media import SOUND_RATE, VIDEO_FRAMES, VIDEO_SIDE, video_strip

_MAX_PIXELS = 9_000_000  # of a frame; 4K has 8.3 million
_MAX_DECODED = 20_000_000_000  # pixels in all
_MAX_FRAMES = 60 * LONGEST
_WHOLE = 60  # seconds up to which every frame is decoded, beyond it key frames only


def canonical_video(data: bytes) -> bytes:
    """Decodes a video and samples its frames evenly.

    Up to a minute every frame is decoded; of a longer one the key frames.

    Args:
      data: GIF, MP4 or WebM, at most 10 minutes and 9 megapixels.

    Returns:
      A strip of frames as `schemas.media` describes it.

    Raises:
      MediaFault: The video is of another format, without frames, too long, too large or damaged.
    """
    with _opened(data) as (kind, container):
        if not container.streams.video:
            raise MediaFault(f"{kind} video has no frames: there is no picture in it")
        stream = container.streams.video[0]
        seconds = (container.duration or 0) / av.time_base
        check_length(f"{kind} video", seconds)
        pixels = stream.width * stream.height
        if pixels > _MAX_PIXELS:
            raise MediaFault(
                f"{kind} video has {pixels / 1e6:.1f} megapixels, more than the limit of "
                f"{_MAX_PIXELS // 1_000_000} megapixels"
            )
        if seconds > _WHOLE:
            stream.codec_context.skip_frame = "NONKEY"
        frames, found = _thinned(kind, container, stream)
        if seconds <= _WHOLE and found < 0.9 * stream.frames:
            raise MediaFault(
                f"{kind} video is truncated: {found} of {stream.frames} frames are there"
            )
    if not frames:
        raise MediaFault(f"{kind} video has no frames")
    places = np.linspace(0, len(frames) - 1, VIDEO_FRAMES).round().astype(int)
    strip = np.concatenate([frames[place] for place in places])
    return video_strip(np.ascontiguousarray(strip[::-1]).tobytes())


def sound_track(data: bytes) -> bytes | None:
    """Decodes the sound of a video.

    Args:
      data: GIF, MP4 or WebM, at most 10 minutes.

    Returns:
      The 30 seconds in its middle, a WAV as `schemas.media` describes it; `None` without a track.

    Raises:
      MediaFault: The video is of another format, too long or damaged.
    """
    with _opened(data) as (kind, container):
        if not container.streams.audio:
            return None
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SOUND_RATE)
        blocks, found = [], 0
        for frame in container.decode(container.streams.audio[0]):
            parts = [part.to_ndarray()[0] for part in resampler.resample(frame)]
            blocks += parts
            found += sum(map(len, parts))
            check_length(f"{kind} sound track", found / SOUND_RATE)
        blocks += [part.to_ndarray()[0] for part in resampler.resample(None)]
    samples = np.concatenate([*blocks, np.zeros(0, "int16")])
    return sound_bytes(samples / 32_768) if len(samples) else None


@contextmanager
def _opened(data: bytes) -> Iterator[tuple[str, InputContainer]]:
    """Opens a video of a known kind: FFmpeg knows formats that name other files to read."""
    if data[:4] == b"GIF8":
        kind, name = "GIF", "gif"
    elif data[4:8] == b"ftyp":
        kind, name = "MP4", "mp4"
    elif data[:4] == b"\x1aE\xdf\xa3":
        kind, name = "WebM", "matroska"
    else:
        raise MediaFault(f"not a readable GIF, MP4 or WebM video (it starts with {data[:8]!r})")
    try:
        with av.open(io.BytesIO(data), "r", format=name) as container:
            yield kind, container
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaFault(
            f"{kind} video does not decode: it is truncated, damaged or of an unsupported kind "
            f"({reason})"
        ) from error


def _thinned(
    kind: str, container: InputContainer, stream: VideoStream
) -> tuple[list[np.ndarray], int]:
    """Returns every n-th frame, small, `(side, side, 3)` BGR each, and the number of all frames.

    How many there are is known at the end only: n doubles whenever too many have been kept.
    """
    kept: list[np.ndarray] = []
    every, found, decoded = 1, 0, 0
    for frame in container.decode(stream):
        decoded += frame.width * frame.height
        if found >= _MAX_FRAMES or decoded > _MAX_DECODED:
            raise MediaFault(
                f"{kind} video has more frames than fit: at most {_MAX_FRAMES} of at most "
                f"{_MAX_DECODED // 1_000_000_000} gigapixels together"
            )
        if found % every == 0:
            kept.append(frame.to_ndarray(format="bgr24", width=VIDEO_SIDE, height=VIDEO_SIDE))
        found += 1
        if len(kept) > 8 * VIDEO_FRAMES:
            kept, every = kept[::2], 2 * every
    return kept, found
