"""Read in by a worker before its first picture: what takes half a second to load is loaded while nobody waits."""

from gateway.imaging import qr_decoding, second_engine

__all__ = ["qr_decoding"]

second_engine.is_there()
