"""Takes some of the screenshots that the browser tests made over into docs/screens, with few colours, so that they stay small."""

from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
DRAWN, KEPT = ROOT / "build" / "screens", ROOT / "docs" / "screens"
NAMES = (
    "home-zh-360-light",
    "list-zh-360-light",
    "list-en-1280-light",
    "licence-in-force-zh-360-light",
    "licence-suspended-en-360-light",
    "licence-revoked-zh-360-dark",
    "licence-unchecked-zh-360-light",
    "paper-checked-zh-1280-light",
    "large-e-zh-360-light",
    "home-ready-zh-360",
    "check-suspended-zh-360",
    "own-check-en-360",
    "uploaded-verify-zh-360",
    "queue",
    "print-licence",
)
COLOURS = 64


def keep() -> None:
    """Replace what docs/screens holds of these names. FileNotFoundError when a test did not draw one."""
    KEPT.mkdir(exist_ok=True)
    for name in NAMES:
        with Image.open(DRAWN / f"{name}.png") as drawn:
            drawn.convert("RGB").quantize(COLOURS).save(KEPT / f"{name}.png", optimize=True)


if __name__ == "__main__":
    keep()
