"""Every relative link in the documents leads to a file, and to a heading where it names one."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchor(heading: str) -> str:
    """The fragment under which a heading is reached, as forges make it: lower case, no punctuation, spaces to dashes."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(document: Path) -> set[str]:
    """Every fragment of a document."""
    return {anchor(heading) for heading in _HEADING.findall(_FENCE.sub("", document.read_text()))}


def broken_links(document: Path) -> Iterator[str]:
    """One sentence for each link that leads nowhere."""
    for target in _LINK.findall(_FENCE.sub("", document.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if not path.exists() or not path.is_relative_to(ROOT):
            yield f"{document.relative_to(ROOT)}: {target} does not exist"
        elif fragment and path.suffix == ".md" and fragment not in anchors(path):
            yield f"{document.relative_to(ROOT)}: {target} names no heading"


def main() -> None:
    """Exit status 1 when a link is broken."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    broken = [sentence for name in names if (ROOT / name).exists() for sentence in broken_links(ROOT / name)]
    print("\n".join(broken) or f"{len(names)} documents: every link leads somewhere")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
