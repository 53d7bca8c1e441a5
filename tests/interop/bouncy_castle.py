"""BouncyCastle as Debian has it, asked by the small programs in java/."""

import contextlib
import subprocess
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path

PROGRAMS = Path(__file__).parent / "java"
CLASSES = Path(__file__).resolve().parents[2] / "build" / "java"
JARS = ":".join(f"/usr/share/java/{name}.jar" for name in ("bcprov", "bcpkix", "bcutil"))
SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Each run is over before code that the machine optimised could pay for that."""


def ask(program, *arguments):
    """What a program says of its arguments: status, output and errors."""
    return run("java", *SHORT_LIVED, "-cp", f"{JARS}:{_classes()}", program, *arguments)


def run(*command):
    return subprocess.run(
        [str(word) for word in command], capture_output=True, encoding="utf-8", timeout=120, check=False
    )


@cache
def _classes():
    """Where the programs are compiled, once for all processes of the suite; others come with other sources."""
    sources = sorted(PROGRAMS.glob("*.java"))
    place = CLASSES / sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    if not place.exists():
        CLASSES.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CLASSES) as folder:
            compiled = run("javac", "-J-XX:TieredStopAtLevel=1", "-cp", JARS, "-d", Path(folder) / "out", *sources)
            assert compiled.returncode == 0, compiled.stderr
            # Another process may have been quicker; without a place, every program fails.
            with contextlib.suppress(OSError):
                (Path(folder) / "out").rename(place)
    return place
