"""``python -m tests.fuzz TARGET --seconds N``: mutates the corpus, led by coverage (atheris, libFuzzer).

Ends with status 0 when the time is up, with another one at the first input that provokes anything but a SigningError;
that input is left in the folder.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["signing"]):
    from tests.fuzz import seeds
    from tests.fuzz.targets import TARGETS, policy, survive

MEMORY_MB, INPUT_SECONDS = 2048, 10


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--folder", type=Path, help="keep seeds and findings here")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="fuzz-"))
    inputs = folder / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds.of(arguments.target)):
        (inputs / f"{number:04d}").write_bytes(seed)
    policy()
    target = TARGETS[arguments.target]
    options = [
        f"-max_total_time={arguments.seconds}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-timeout={INPUT_SECONDS}",
        f"-artifact_prefix={folder}/",
        "-max_len=65536",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(inputs)], lambda data: survive(target, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
