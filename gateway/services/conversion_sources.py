"""Reads a source of paper licences into clean rows, and sets those against each other."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.domain.applications import Application
from gateway.domain.catalogue import Catalogue
from gateway.domain.cleaning import CleanRow, clean_row, fold_name, fold_number
from gateway.domain.conversions import Finding, RowStatus, SourceRow
from gateway.domain.headings import ColumnMapping, learn_mapping
from gateway.errors import UnreadableInputError, ValidationFailedError
from gateway.spreadsheets.reading import read_sheets
from signing.sm2 import sm3_new

_READ_AT_ONCE = 1 << 20
_ROWS_BETWEEN_SIGNS = 500

_Key = tuple[str, str, str]
"""Type, authority and folded number: what names a licence."""


@dataclass(frozen=True)
class PlannedRow:
    """A clean row with how it stands to the rest of its source."""

    clean: CleanRow
    status: RowStatus
    """PENDING, REFUSED, DUPLICATE or CONFLICT."""
    finding: Finding | None


class ConversionSource:
    """A file of paper licences with its column mapping. Reading it twice gives the same rows."""

    def __init__(
        self,
        path: Path,
        catalogue: Catalogue,
        profile: Mapping[str, str] | None = None,
        *,
        alive: Callable[[], object] = lambda: None,
    ) -> None:
        """``alive`` is called now and then while rows are read."""
        self.path = path
        self._alive = alive
        self._catalogue = catalogue
        self._profile = dict(profile or {})
        self._labels = [item.label for licence_type in catalogue.licence_types for item in licence_type.face_items]
        self._own_mappings: dict[tuple[str, ...], ColumnMapping] = {}
        self.unknown_headings: dict[str, tuple[str, ...]] = {}
        """By sheet: columns whose meaning is not known, and which are left out."""
        self.headings: dict[str, None] = {}
        """Every heading once, in order."""
        self.mapping: dict[str, str] = {}
        """Heading to meaning, over all sheets: what a profile keeps."""

    def digest(self) -> str:
        """SM3 over the file and its profile, lower-case hexadecimal: the same source has the same digest."""
        state = sm3_new(json.dumps(self._profile, ensure_ascii=False, sort_keys=True).encode())
        try:
            with self.path.open("rb") as handle:
                while data := handle.read(_READ_AT_ONCE):
                    state.update(data)
        except OSError as error:
            raise UnreadableInputError(f"{self.path}: {error.strerror}", hint="Check the path.") from error
        return bytes(state.digest()).hex()

    def rows(self) -> Iterator[PlannedRow]:
        """Every row in the order of the source. UnreadableInputError, ValidationFailedError for its headings."""
        first, disputed, names = self._survey()
        for position, clean in enumerate(self._clean()):
            application = clean.application
            if application is None:
                yield PlannedRow(clean, RowStatus.REFUSED, clean.finding)
                continue
            key = _key(application)
            if application.holder_code in names:
                yield PlannedRow(clean, RowStatus.CONFLICT, _names_differ(names[application.holder_code]))
            elif key in disputed:
                yield PlannedRow(clean, RowStatus.CONFLICT, _rows_differ(disputed[key]))
            elif first[key][0] != position:
                yield PlannedRow(clean, RowStatus.DUPLICATE, _twice(first[key][2]))
            else:
                yield PlannedRow(clean, RowStatus.PENDING, None)

    def _survey(self) -> tuple[dict[_Key, tuple[int, str, int]], dict[_Key, list[int]], dict[str, list[str]]]:
        """Where each licence stands first, with its digest; the rows of those that rows dispute; names that differ."""
        first: dict[_Key, tuple[int, str, int]] = {}
        disputed: dict[_Key, list[int]] = {}
        names: dict[str, dict[str, str]] = {}
        for position, clean in enumerate(self._clean()):
            if clean.application is None:
                continue
            key, digest = _key(clean.application), clean.application.digest()
            known = first.setdefault(key, (position, digest, clean.source.row))
            if known[1] != digest:
                disputed.setdefault(key, [known[2]]).append(clean.source.row)
            holder = names.setdefault(clean.application.holder_code, {})
            holder.setdefault(fold_name(clean.application.holder_name), clean.application.holder_name)
        return first, disputed, {code: sorted(found.values()) for code, found in names.items() if len(found) > 1}

    def _clean(self) -> Iterator[CleanRow]:
        for sheet in read_sheets(self.path, self._profile):
            mapping = None
            if sheet.headings:
                mapping = learn_mapping(sheet.headings, self._labels, self._profile)
                self.mapping |= mapping.meanings
                self.unknown_headings[sheet.name] = mapping.unknown
            for count, row in enumerate(sheet.rows):
                if count % _ROWS_BETWEEN_SIGNS == 0:
                    self._alive()
                self.headings |= dict.fromkeys(sheet.headings or row.cells)
                yield self._clean_row(row, mapping)

    def _clean_row(self, row: SourceRow, mapping: ColumnMapping | None) -> CleanRow:
        if row.defect is not None:
            return CleanRow(row, finding=row.defect)
        try:
            # A record names its fields itself; what is wrong with its names is wrong with it alone.
            return clean_row(row, mapping or self._own_mapping(tuple(row.cells)), self._catalogue)
        except ValidationFailedError as error:
            first = error.errors[0]
            return CleanRow(row, finding=Finding(first.code, first.field, first.message))

    def _own_mapping(self, names: tuple[str, ...]) -> ColumnMapping:
        if names not in self._own_mappings:
            self._own_mappings[names] = learn_mapping(names, self._labels, self._profile, is_complete=False)
        return self._own_mappings[names]


def _key(application: Application) -> _Key:
    return (
        application.licence_type.local_type_code,
        application.authority.code,
        fold_number(application.licence_number),
    )


def _twice(row: int) -> Finding:
    message = f"与第 {row} 行是同一证照，内容相同。The same licence as in row {row}."
    return Finding("DUPLICATE_IN_SOURCE", "", message, "删去多余的一行。Delete one of the rows.")


def _rows_differ(rows: list[int]) -> Finding:
    shown = "、".join(map(str, rows[:5]))
    message = f"第 {shown} 行是同一证照编号，内容不同。Rows of one licence number say different things."
    return Finding("ROWS_DISAGREE", "", message, "按原件核对后只留一行。Compare with the paper and keep one row.")


def _names_differ(names: list[str]) -> Finding:
    message = f"同一信用代码有不同名称：{'、'.join(names[:3])}。One credit code with several names."
    return Finding("HOLDER_NAMES_DISAGREE", "", message, "核对信用代码与名称。Check the code and the names.")
