"""Decodes a video to the one form that later stages read, and its sound track to a sound."""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.stream import VideoStream

from components.sound import LONGEST, check_length, sound_bytes
from schemas.media import SOUND_RATE, VIDEO_FRAMES, VIDEO_SIDE, MediaFault, video_strip

_MAX_PIXELS = 9_000_000  # of a frame; 4K has 8.3 million
_MAX_DECODED = 20_000_000_000  # pixels in all
_MAX_FRAMES = 60 * LONGEST
_WHOLE = 60  # seconds up to which every frame is decoded, beyond it key frames only
_WHOLE_PIXELS = 4_000_000_000  # in all: up to here also where key frames are too few


def canonical_video(data: bytes) -> bytes:
    """Decodes a video and takes frames at even distances in time, turned as a player shows them.

    Up to a minute every frame is decoded; of a longer one the key frames, where they are enough.

    Args:
      data: GIF, MP4 or WebM, at most 10 minutes and 9 megapixels.

    Returns:
      A strip of frames as `schemas.media` describes it.

    Raises:
      MediaFault: The video is of another format, without frames, too long, too large or damaged.
    """
    with _opened(data) as (kind, container):
        stream = _pictures(kind, container)
        check_length(f"{kind} video", (container.duration or 0) / av.time_base)
        pixels = stream.width * stream.height
        if pixels > _MAX_PIXELS:
            raise MediaFault(
                f"{kind} video has {pixels / 1e6:.1f} megapixels, more than the limit of "
                f"{_MAX_PIXELS // 1_000_000} megapixels"
            )
        times, end, whole = _timeline(kind, container, stream)
    check_length(f"{kind} video", end - times[0])
    with _opened(data) as (kind, container):
        stream = _pictures(kind, container)
        # An edit list hides frames that are in the file, from players and from the decoder.
        promised = sum(not entry.is_discard for entry in stream.index_entries)
        if not whole:
            stream.codec_context.skip_frame = "NONKEY"
        frames, count = _on_screen(kind, container, stream, moments(times, end))
        if whole and kind == "MP4" and count < 0.9 * promised:
            raise MediaFault(f"{kind} video is truncated: {count} of {promised} frames are there")
    if not frames:
        raise MediaFault(f"{kind} video has no frames")
    strip = np.concatenate(frames)
    return video_strip(np.ascontiguousarray(strip[::-1]).tobytes())


def moments(times: list[float], end: float) -> np.ndarray:
    """Returns 16 moments at even distances, from within the first frame to within the last.

    The distance to either end is half of the shortest frame: where all last equally long, the
    moments are the middles of evenly spaced frames.

    Args:
      times: When each frame appears, in seconds and in order.
      end: When the last one disappears.
    """
    half = np.diff([*times, end]).min() / 2
    return np.linspace(times[0] + half, end - half, VIDEO_FRAMES)


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
        blocks, length = [], 0
        for frame in container.decode(container.streams.audio[0]):
            parts = [part.to_ndarray()[0] for part in resampler.resample(frame)]
            blocks += parts
            length += sum(map(len, parts))
            check_length(f"{kind} sound track", length / SOUND_RATE)
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
        raise MediaFault(f"not a readable GIF, MP4 or WebM video (it starts with {data[:8]!r})",
                         quotes=True)
    try:
        with av.open(io.BytesIO(data), "r", format=name) as container:
            yield kind, container
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaFault(
            f"{kind} video does not decode: it is truncated, damaged or of an unsupported kind "
            f"({reason})"
        ) from error


def _pictures(kind: str, container: InputContainer) -> VideoStream:
    """Returns the stream that players show: a cover picture may be another one."""
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream):
        raise MediaFault(f"{kind} video has no frames: there is no picture in it")
    if stream.codec_context is None:
        raise MediaFault(f"{kind} video does not decode: its codec is unknown")
    return stream


def _timeline(
    kind: str, container: InputContainer, stream: VideoStream
) -> tuple[list[float], float, bool]:
    """Returns when each frame appears, in seconds and in order, and when the last disappears.

    Nothing is decoded for it. The third value says whether all frames are meant, or key frames.
    """
    shown: dict[float, bool] = {}
    end = -math.inf
    for packet in container.demux(stream):
        tick = packet.dts if packet.pts is None else packet.pts
        if tick is None or packet.is_discard:
            continue
        time = float(tick * packet.time_base)
        shown[time] = packet.is_keyframe
        end = max(end, time + float((packet.duration or 0) * packet.time_base))
    if not shown:
        raise MediaFault(f"{kind} video has no frames")
    times = sorted(shown)
    if end <= times[-1]:  # how long the last one lasts is not known: as long as the one before it
        end = times[-1] + (times[-1] - times[-2] if len(times) > 1 else 1.0)
    keys = [time for time in times if shown[time]]
    much = stream.width * stream.height * len(times) > _WHOLE_PIXELS
    if whole := not keys or end - times[0] <= _WHOLE or (len(keys) < VIDEO_FRAMES and not much):
        keys = times
    if len(keys) > _MAX_FRAMES:
        raise _too_many(kind)
    return keys, end, whole


def _on_screen(
    kind: str, container: InputContainer, stream: VideoStream, wanted: np.ndarray
) -> tuple[list[np.ndarray], int]:
    """Returns the frame of each moment, small, `(side, side, 3)` BGR, and the number of all."""
    taken: list[np.ndarray] = []
    count, decoded = 0, 0
    last: av.VideoFrame | None = None
    for frame in container.decode(stream):
        decoded += frame.width * frame.height
        if count >= _MAX_FRAMES or decoded > _MAX_DECODED:
            raise _too_many(kind)
        count += 1
        if last is not None and frame.time is not None:
            over = int(np.searchsorted(wanted, frame.time)) - len(taken)
            taken += [_small(last)] * over if over > 0 else []
        last = frame
    if last is not None and len(taken) < len(wanted):
        taken += [_small(last)] * (len(wanted) - len(taken))
    return taken, count


def _small(frame: av.VideoFrame) -> np.ndarray:
    """Shrinks a frame, on white where it is transparent, turned as its display matrix says."""
    sides: Any = frame.side_data  # which PyAV's own types call one of them
    matrix = next((one for one in sides if one.type == SideDataType.DISPLAYMATRIX), None)
    if any(component.is_alpha for component in frame.format.components):
        frame = _on_white(frame)
    pixels = frame.to_ndarray(format="bgr24", width=VIDEO_SIDE, height=VIDEO_SIDE)
    if matrix is not None:
        # x' = a x + c y, y' = b x + d y; a square knows quarter turns and mirrors alone.
        (a, b), (c, d) = np.frombuffer(matrix, "i4", 9).reshape(3, 3)[:2, :2].tolist()
        if abs(a) + abs(d) < abs(b) + abs(c):
            pixels, a, d = pixels.swapaxes(0, 1), c, b
        pixels = pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    return pixels


def _on_white(frame: av.VideoFrame) -> av.VideoFrame:
    pixels = frame.to_ndarray(format="bgra")
    alpha = pixels[..., 3:].astype(np.uint16)
    if alpha.min() == 255:
        return frame
    page = (pixels[..., :3] * alpha + 255 * (255 - alpha)) // 255
    return av.VideoFrame.from_ndarray(page.astype(np.uint8), format="bgr24")


def _too_many(kind: str) -> MediaFault:
    return MediaFault(
        f"{kind} video has more frames than fit: at most {_MAX_FRAMES} of at most "
        f"{_MAX_DECODED // 1_000_000_000} gigapixels together"
    )
