"""``python -m tests.corpus``: lists the corpus, writes its files for people, brings the documentation up to date."""

import argparse
from pathlib import Path

from tests.corpus.case import load_generators, rows
from tests.corpus.tabulation import DOCUMENT, put_into
from tests.corpus.world import World


def write(folder):
    """Every file, the trust that they are judged by, and how to judge them."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World()
    for name, make in load_generators().items():
        (folder / f"{name}.pdf").write_bytes(make(world))
    world.write_trust(folder / "trust")
    command = f"licence-gateway verify --offline --trust-anchors trust --at {world.at.isoformat()} good_sm2.pdf"
    (folder / "README.txt").write_text(f"Keys and files are made anew each time. To judge one:\n\n  {command}\n")
    return len(rows())


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help=f"bring the table in docs/{DOCUMENT.name} up to date")
    parser.add_argument("--write", metavar="DIR", type=Path, help="write the files and their trust folder")
    arguments = parser.parse_args()
    if arguments.markdown:
        DOCUMENT.write_text(put_into(DOCUMENT.read_text()))
    if arguments.write:
        print(f"{write(arguments.write)} files in {arguments.write}")
    if not (arguments.markdown or arguments.write):
        for row in rows().values():
            print(f"{row.id:55} {row.answer[0]:16} exit {row.answer[1]:5} {row.attack}")


if __name__ == "__main__":
    main()
