"""Databases of other systems that paper licences are read from: the file of settings names them, with who may ask."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from certs.errors import KeystoreError
from certs.private_files import read_password_file
from gateway.errors import ConfigurationError, NotFoundError, UnreadableInputError
from gateway.persistence.foreign_queries import asked
from gateway.spreadsheets.reading import MOST_ROWS, cell_text

_HINT = "See docs/conversion.md."


class QuerySource(BaseModel):
    """One database; paths are relative to the file that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(max_length=1000)
    """As SQLAlchemy writes it, without a password."""
    password_file: Path | None = None
    query: str | None = None
    """What is asked when nobody says otherwise."""


class _SourcesFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: Mapping[str, QuerySource]


class QuerySources:
    """Asks the databases of a file of settings; None: there are none."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def spool(self, name: str, query: str | None, folder: Path) -> Path:
        """The rows of a query as a file in ``folder``, one JSON object a line, for it is read twice and must not change between.

        ``query`` None: the one of the source. NotFoundError, ConfigurationError, UnreadableInputError.
        """
        source = self._source(name)
        wanted = query or source.query
        if wanted is None:
            raise UnreadableInputError(
                f"来源 {name} 没有查询语句。The source has no query.", hint="Give one by --query."
            )
        target, count = folder / f"{_safe(name)}.ndjson", 0
        with asked(self._url(source), wanted) as (names, rows), target.open("w", encoding="utf-8") as handle:
            if len(set(names)) < len(names):
                raise UnreadableInputError("查询有同名的列。Columns of one name.", hint="Name each by AS.")
            for count, row in enumerate(rows, 1):
                if count > MOST_ROWS:
                    raise UnreadableInputError(f"超过 {MOST_ROWS} 行。Too many rows.", hint="Ask for a part.")
                cells = {column: cell_text(value) for column, value in zip(names, row, strict=True)}
                handle.write(json.dumps(cells, ensure_ascii=False) + "\n")
        if count == 0:
            raise UnreadableInputError("查询没有结果。The query gave no row.")
        return target

    def _source(self, name: str) -> QuerySource:
        source = {} if self._file is None else self._read(self._file).sources
        if name not in source:
            raise NotFoundError(f"没有数据来源“{name}”。No such source.", hint="Name it in GATEWAY_CONVERSION_SOURCES.")
        return source[name]

    def _read(self, file: Path) -> _SourcesFile:
        try:
            return _SourcesFile.model_validate_json(file.read_bytes())
        except ValidationError as error:
            # Not what stands there: it may be a password in the wrong place.
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the file"
            raise ConfigurationError(f"{file}: {place}: {first['msg']}", hint=_HINT) from None
        except OSError as error:
            raise ConfigurationError(f"{file}: {error.strerror}", hint=_HINT) from error

    def _url(self, source: QuerySource) -> URL:
        try:
            url = make_url(source.url)
            if url.password:
                raise ConfigurationError("A source's url holds no password; name a password_file.", hint=_HINT)
            if source.password_file is None or self._file is None:
                return url
            return url.set(password=read_password_file(self._file.parent / source.password_file).decode())
        except (ArgumentError, KeystoreError, ValueError) as error:
            raise ConfigurationError(f"{self._file}: {type(error).__name__}", hint=_HINT) from None


def _safe(name: str) -> str:
    """A name for the file; the job bears it."""
    return "".join(character if character.isalnum() else "_" for character in name)[:60]
