"""The sample seal, and seals as PDF objects."""

import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gateway.documents.face import FaceError, SealPicture
from gateway.documents.seal_objects import seal_streams
from gateway.documents.seal_picture import DIAMETER_MM, draw_sample_seal
from tests.unit.documents.faces import ASSETS, seal


def pixels(picture):
    return np.asarray(Image.open(BytesIO(picture.png)))


@pytest.mark.parametrize(
    "name", ["某局", "阳江市江城区市场监督管理局", "阳江市海陵岛经济开发试验区市场监督管理和综合行政执法局"]
)
def test_a_seal_is_a_red_ring_with_a_star_on_a_transparent_ground(name):
    picture = seal(name)
    image = pixels(picture)
    height, width, _ = image.shape
    assert picture.width_mm == picture.height_mm == DIAMETER_MM == 42
    assert height == width == 504
    assert len(np.unique(image[..., :3].reshape(-1, 3), axis=0)) == 1
    red, green, blue, alpha = image[height // 2, width // 2]
    assert red > 180
    assert max(green, blue) < 60
    assert 150 < alpha < 255  # the name underneath shows through
    assert image[0, 0, 3] == 0
    assert image[height // 2, 6, 3] > 200
    assert image[height // 2, width // 4, 3] == 0


def test_the_name_keeps_clear_of_the_star_and_of_the_line_that_says_sample():
    image = pixels(seal("阳江市江城区市场监督管理局"))[..., 3] > 100
    rows, columns = np.indices(image.shape)
    radius = np.hypot(rows - 252, columns - 252) / 12
    angle = np.degrees(np.arctan2(columns - 252, 252 - rows))
    assert not image[(radius > 7.6) & (radius < 12.8) & (np.abs(angle) < 120)].any()
    beside_the_line = (np.abs(rows - 252 - 12.6 * 12) < 18) & (np.abs(np.abs(columns - 252) / 12 - 9.5) < 0.6)
    assert not image[beside_the_line].any()
    assert image[(radius > 14) & (radius < 18) & (np.abs(angle) < 110)].mean() > 0.1


def test_names_that_make_no_seal_are_refused():
    for name in ("", "局" * 80):
        with pytest.raises(FaceError):
            draw_sample_seal(name, ASSETS)


def inflated(stream_object):
    head, _, rest = stream_object.partition(b"\nstream\n")
    return head, zlib.decompress(rest.removesuffix(b"\nendstream"))


def test_a_seal_of_one_colour_takes_a_palette():
    streams = seal_streams(seal())
    head, indices = inflated(streams.colours)
    assert b"/Indexed/DeviceRGB 0<ce161e>" in head
    assert indices == bytes(504 * 504)
    assert inflated(streams.alpha)[1] == pixels(seal())[..., 3].tobytes()


def test_a_seal_of_several_colours_keeps_them():
    picture = Image.new("RGBA", (4, 2), (200, 0, 0, 255))
    picture.putpixel((1, 1), (0, 0, 200, 128))
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    streams = seal_streams(SealPicture(buffer.getvalue(), 40, 20))
    head, colours = inflated(streams.colours)
    assert b"/Width 4/Height 2" in head
    assert b"/ColorSpace/DeviceRGB" in head
    assert colours == picture.convert("RGB").tobytes()
    assert inflated(streams.alpha)[1][5] == 128


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded():
    buffer = BytesIO()
    Image.new("1", (5000, 5000)).save(buffer, "PNG")
    with pytest.raises(FaceError, match="pixels"):
        seal_streams(SealPicture(buffer.getvalue(), 42, 42))
