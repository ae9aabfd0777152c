"""Decoding of media in a process of its own, with limits: a hostile file costs its value alone."""

from components.decoding.process import decode, decode_track

__all__ = ["decode", "decode_track"]
