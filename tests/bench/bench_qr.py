"""Reading QR codes from rendered photos: how many of 560 (14 distortions, 40 each), and how long each takes."""

import statistics
import time
from collections import Counter

from rich.console import Console
from rich.table import Table

from gateway.imaging.qr_decoding import read_picture
from tests.bench.qr_photos import COUNT, photos
from tests.bench.result import BenchResult

MAX_PIXELS, SECONDS = 40_000_000, 4.0


def run():
    """``qr_read_share`` with both engines, ``qr_read_share_first_engine`` and times without the second one, in milliseconds."""
    seen, first, both, times = Counter(), Counter(), Counter(), []
    for photo in photos():
        started = time.perf_counter()
        was_read = reads(photo, with_second=False)
        times.append((time.perf_counter() - started) * 1e3)
        seen[photo.distortion] += 1
        first[photo.distortion] += was_read
        both[photo.distortion] += was_read or reads(photo, with_second=True)
    show(first, both)
    return BenchResult(
        ratios={
            "qr_read_share": both.total() / seen.total(),
            "qr_read_share_first_engine": first.total() / seen.total(),
        },
        rates={
            "qr_read_median_ms": statistics.median(times),
            "qr_read_p95_ms": statistics.quantiles(times, n=20)[-1],
        },
    )


def reads(photo, *, with_second):
    """Whether the very text of the code comes out."""
    _, texts, _ = read_picture(photo.data, max_pixels=MAX_PIXELS, seconds=SECONDS, with_second=with_second)
    return photo.text in texts


def show(first, both):
    table = Table(title=f"codes read, of {COUNT} photos each")
    for column in ("distortion", "zxing-cpp", "with the second engine"):
        table.add_column(column, justify="left" if column == "distortion" else "right")
    for distortion, count in both.items():
        table.add_row(distortion, str(first[distortion]), str(count))
    Console(width=100).print(table)
