"""Judges what was changed after a signature: each changed object must be explained by a kind of change that is permitted.

Two revisions are compared object by object. An object that differs is explained when it stands where a permitted kind of
change puts it, differs in nothing but what that kind may touch, and nothing else in the document refers to it: else a
"certificate" of the security store could at the same time be the content of a page (shadow attacks). What remains is forbidden.
"""

from typing import Any

from signing.pdf.difference import (
    TRAILER,
    Holder,
    changed_numbers,
    described,
    has_stray_bytes,
    holders_of,
    is_same_trailer,
    pages_showing,
)
from signing.pdf.file import PdfFile
from signing.validation.explanations import Explanations
from signing.validation.policy import PermittedChange
from signing.validation.report import ChangedObject, Changes

_LISTED = 200
"""Objects named in one report; a file with more is forbidden all the same."""

_NO_CHANGES = frozenset({PermittedChange.VALIDATION_DATA, PermittedChange.DOCUMENT_TIMESTAMPS})
_FORMS = _NO_CHANGES | {
    PermittedChange.FORM_FILLING,
    PermittedChange.SIGNATURES_IN_EXISTING_FIELDS,
    PermittedChange.SIGNATURES_IN_CERTIFIED_FIELDS,
}
_CERTIFIED = {1: _NO_CHANGES, 2: _FORMS, 3: _FORMS | {PermittedChange.ANNOTATIONS}}
"""What each level of a certification leaves open (ISO 32000-2, 12.8.2.2, table 257)."""


def changes_between(
    signed: PdfFile | None, last: PdfFile, signature: dict[str, Any], permitted: frozenset[PermittedChange]
) -> tuple[Changes, tuple[ChangedObject, ...]]:
    """How ``last`` differs from the revision that a signature covers, and the objects whose change is forbidden.

    ``signed`` is None when the signature covers no whole revision: then nothing after it can be permitted.
    """
    if signed is None:
        return Changes.FORBIDDEN, ()
    permitted &= _certified(signed, signature)
    if PermittedChange.SIGNATURES_IN_CERTIFIED_FIELDS in permitted and _certifications(signed):
        permitted |= {PermittedChange.SIGNATURES_IN_EXISTING_FIELDS}
    locks = _parameters(signed, signature, "FieldMDP")
    found: list[ChangedObject] = []
    before = signed
    # Each update by itself: what one brought and the next left behind was explained when it came, or never.
    for index in reversed(range(len(last.sections) - len(signed.sections))):
        after = last.as_of_section(index)
        found += [changed for changed in _unexplained(before, after, permitted, locks) if changed not in found]
        before = after
    if has_stray_bytes(signed, last):
        found.insert(0, ChangedObject("", "added", "bytes outside of every object"))
    return (Changes.FORBIDDEN, tuple(found[:_LISTED])) if found else (Changes.PERMITTED, ())


def _unexplained(
    before: PdfFile, after: PdfFile, permitted: frozenset[PermittedChange], locks: list[dict[str, Any]]
) -> tuple[ChangedObject, ...]:
    """What one update changed without permission."""
    changed = changed_numbers(before, after)
    holders = holders_of(after)
    explained = Explanations(before, after, changed, permitted, locks).explained(holders)
    found = _listed(before, after, sorted(changed - explained), holders)
    if not is_same_trailer(before, after):
        found = (ChangedObject("trailer", "replaced", "trailer"), *found)
    return found


def _certified(signed: PdfFile, signature: dict[str, Any]) -> frozenset[PermittedChange]:
    """What the certification of the signed revision leaves open; everything when it has none."""
    left: frozenset[PermittedChange] = frozenset(PermittedChange)
    for parameters in (*_certifications(signed), *_parameters(signed, signature, "DocMDP")):
        # Table 257: level 2 is the default, and an unknown level permits least.
        left &= _CERTIFIED.get(parameters.get("P", 2), _NO_CHANGES)
    return left


def _certifications(signed: PdfFile) -> list[dict[str, Any]]:
    """What the certification that the catalog names says (12.8.6)."""
    permissions = signed.resolve(signed.root.get("Perms"))
    certifying = signed.resolve(permissions.get("DocMDP")) if isinstance(permissions, dict) else None
    return _parameters(signed, certifying, "DocMDP")


def _parameters(file: PdfFile, signature: Any, method: str) -> list[dict[str, Any]]:
    """Parameters of the transforms of this kind that a signature names (12.8.2)."""
    references = file.resolve(signature.get("Reference")) if isinstance(signature, dict) else None
    resolved = [file.resolve(reference) for reference in references] if isinstance(references, list) else []
    named = [r for r in resolved if isinstance(r, dict) and file.resolve(r.get("TransformMethod")) == method]
    found = [file.resolve(r.get("TransformParams")) for r in named]
    return [parameters if isinstance(parameters, dict) else {} for parameters in found]


def _listed(
    signed: PdfFile, last: PdfFile, numbers: list[int], holders: dict[int, set[Holder]]
) -> tuple[ChangedObject, ...]:
    """The objects by name, with the pages that show them before or after."""
    if not numbers:
        return ()
    before, pages_before = holders_of(signed), _page_numbers(signed)
    pages_after = _page_numbers(last)
    found = []
    for number in numbers[:_LISTED]:
        old, new = signed.get(number), last.get(number)
        kind = "added" if signed.place(number) is None else "removed" if last.place(number) is None else "replaced"
        around = holders.get(number, set()) | before.get(number, set())
        pages = pages_showing(number, before, pages_before) | pages_showing(number, holders, pages_after)
        generation = max(file.entries[number].generation for file in (signed, last) if number in file.entries)
        what = described(number, old if new is None else new, around)
        found.append(ChangedObject(f"{number} {max(generation, 0)}", kind, what, tuple(sorted(pages))))
    return tuple(found)


def _page_numbers(file: PdfFile) -> dict[int, int]:
    return {number: index for index, number in enumerate(file.pages(), 1) if number != TRAILER}
