"""What goes into an archive package while it is made: never more than a package holds, whatever is asked for."""

import json
from typing import Any

from pydantic_core import to_jsonable_python

from gateway.domain.archive_files import require_room


class ArchiveContents:
    """Members by name. What would be too much is refused when it comes, not when everything is in memory."""

    def __init__(self) -> None:
        self.members: dict[str, bytes] = {}
        self._bytes = 0

    def __contains__(self, name: str) -> bool:
        """Whether there is a member of this name."""
        return name in self.members

    def add(self, name: str, content: bytes) -> None:
        """One member more, of a name that none has. OverLimitError."""
        self._bytes += len(content)
        require_room(self._bytes, len(self.members) + 1)
        self.members[name] = content

    def add_json(self, name: str, value: Any) -> None:
        """Rows of the register as a member. OverLimitError."""
        plain = to_jsonable_python(value, fallback=str)
        self.add(name, json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True).encode())
