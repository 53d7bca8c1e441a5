"""Codes in photos as people take them: the generator of `make bench ARGS=qr`, a few photos of each distortion."""

from collections import Counter
from io import BytesIO

from PIL import Image

from gateway.imaging import second_engine
from tests.bench.bench_qr import reads
from tests.bench.qr_photos import photos

EACH, LEAST_SHARE = 6, 0.91


def test_most_photos_are_read_and_those_under_a_seal_too():
    read = Counter({photo.distortion: 0 for photo in photos(1)})
    for photo in photos(EACH):
        read[photo.distortion] += reads(photo, with_second=True)
    assert len(read) == 14
    assert read.total() >= LEAST_SHARE * 14 * EACH, read
    assert read["sealed"] == EACH


def test_the_second_engine_is_installed_and_reads():
    assert second_engine.is_there()
    photo = next(iter(photos(1, only={"dark"})))
    found = second_engine.read(Image.open(BytesIO(photo.data)).convert("L"))
    assert [text for text, _ in found] == [photo.text]
