"""Pictures, sounds and videos that tests write, and what became of them."""

import io
import wave
from fractions import Fraction

import av
import numpy as np
import soundfile
from PIL import Image

from schemas.media import SOUND_RATE, VIDEO_FRAMES, VIDEO_SIDE

VIDEO_FORMATS = {"MP4": ("mp4", "mpeg4", "aac"), "H.264": ("mp4", "libx264", "aac"),
           "WebM": ("webm", "libvpx", "libopus"), "VP9": ("webm", "libvpx-vp9", "libopus")}


def picture(image: Image.Image, kind: str = "PNG", **how) -> bytes:
    """An encoded picture."""
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def png(pixels, height: int = 6, width: int = 10) -> bytes:
    """A PNG of pixels `(height, width, 3)`, or of one colour."""
    shades = np.asarray(pixels, np.uint8)
    return picture(Image.fromarray(shades if shades.ndim == 3 else np.broadcast_to(
        shades, (height, width, 3)).copy()))


def tone(seconds: float, rate: int, hertz: float = 440.0, channels: int = 1) -> np.ndarray:
    """A tone on the first channel, silence on the others, `(samples, channels)`."""
    time = np.arange(int(seconds * rate)) / rate
    sound = np.zeros((len(time), channels))
    sound[:, 0] = 0.5 * np.sin(2 * np.pi * hertz * time)
    return sound


def encoded(samples: np.ndarray, rate: int, kind: str = "WAV", subtype: str = "PCM_16") -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=kind, subtype=subtype)
    return out.getvalue()


def decoded(data: bytes) -> np.ndarray:
    """The samples of a canonical sound, -1 to 1."""
    with wave.open(io.BytesIO(data)) as sound:
        assert sound.getparams()[:3] == (1, 2, SOUND_RATE)
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32_768


def pitch(samples: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * SOUND_RATE / len(samples))


def grey(frames: int, side: int = 32) -> np.ndarray:
    """Frames that get lighter one by one, `(frames, side, side, 3)`."""
    shades = np.linspace(20, 235, frames).round().astype(np.uint8)
    return np.broadcast_to(shades[:, None, None, None], (frames, side, side, 3))


def gif(frames: np.ndarray, duration: int | list[int] = 100) -> bytes:
    """An animation; durations of frames are in milliseconds."""
    images = [Image.fromarray(frame) for frame in frames]
    out = io.BytesIO()
    images[0].save(out, "GIF", save_all=True, append_images=images[1:], duration=duration)
    return out.getvalue()


def video(kind: str, frames: np.ndarray, sound: np.ndarray | None = None, rate: int = 10,
          times: list[float] | None = None, cover: bytes | None = None, **options: str) -> bytes:
    """Writes frames, and mono samples at 48 kHz beside them.

    Times are in seconds, for frames that come at no fixed rate. A cover is a JPEG beside
    them.
    """
    container_format, codec, sound_codec = VIDEO_FORMATS[kind]
    out = io.BytesIO()
    with av.open(out, "w", format=container_format, options=options) as container:
        art = None
        if cover is not None:
            art = container.add_stream("mjpeg", rate=1)
            art.width, art.height = Image.open(io.BytesIO(cover)).size
            art.pix_fmt = "yuvj420p"
            art.disposition = av.stream.Disposition.attached_pic
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        track = None
        if sound is not None:
            track = container.add_stream(sound_codec, rate=48_000)
            track.layout = "mono"
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if cover is not None and art is not None:
            shown = av.VideoFrame.from_image(Image.open(io.BytesIO(cover)))
            container.mux(art.encode(shown))
            container.mux(art.encode(None))
        for place, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = round(1000 * times[place]), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None and track is not None:
            heard = av.AudioFrame.from_ndarray(
                sound.astype(np.float32)[None], format="fltp", layout="mono")
            heard.sample_rate = 48_000
            container.mux(track.encode(heard))
            container.mux(track.encode(None))
    return out.getvalue()


def pictures(data: bytes) -> np.ndarray:
    """The frames of a canonical video, RGB."""
    with Image.open(io.BytesIO(data), formats=["BMP"]) as image:
        strip = np.asarray(image)
    return strip.reshape(VIDEO_FRAMES, VIDEO_SIDE, VIDEO_SIDE, 3)
