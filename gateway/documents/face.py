"""What stands on a licence: the specs that the pages are drawn from."""

from dataclasses import dataclass
from datetime import date

from gateway.errors import GatewayError


class FaceError(GatewayError):
    """A face cannot be set: too long, or a character that no font has."""

    code = "FACE_CANNOT_BE_SET"


@dataclass(frozen=True)
class FaceItem:
    """One line of the face."""

    label: str
    value: str


@dataclass(frozen=True)
class SealPicture:
    """A seal's picture at its real size."""

    png: bytes
    """RGBA."""
    width_mm: float
    height_mm: float


@dataclass(frozen=True)
class LicenceFace:
    """Everything that is printed on a licence."""

    title: str
    licence_number: str
    licence_identifier: str
    holder_name: str
    holder_code: str
    items: tuple[FaceItem, ...]
    issuing_authority: str
    issued_on: date
    valid_from: date
    valid_until: date | None
    """None is printed as 长期."""
    qr_text: str
    verify_url: str
    """Address of the look-up page, for those without a scanner."""
    watermark: str | None = None

    def lines(self) -> tuple[FaceItem, ...]:
        """All lines of the face in printing order."""
        until = "长期" if self.valid_until is None else chinese_date(self.valid_until)
        return (
            FaceItem("持证主体", self.holder_name),
            FaceItem("统一社会信用代码", self.holder_code),
            *self.items,
            FaceItem("有效期限", f"{chinese_date(self.valid_from)} 至 {until}"),
        )


def chinese_date(day: date) -> str:
    """The form of dates on licences, such as 2024年05月25日."""
    return f"{day.year}年{day.month:02}月{day.day:02}日"
