"""Which changed objects are explained by permitted kinds of changes, and who may refer to them."""

import re
from typing import Any

from signing.pdf.difference import TRAILER, Holder, differing_keys, references_in, same
from signing.pdf.fields import form_fields, text_of
from signing.pdf.file import PdfFile
from signing.pdf.metadata import differ_in_dates_only
from signing.pdf.objects import Name, Reference, Stream, Text
from signing.pdf.structure import DOCUMENT_TIMESTAMP
from signing.validation.policy import PermittedChange

_STORE_KEYS = frozenset({"Type", "Certs", "CRLs", "OCSPs", "VRI"})
_LISTS = ("Certs", "CRLs", "OCSPs")
_RELATED_KEYS = frozenset({"Type", "Cert", "CRL", "OCSP", "TU", "TS"})
_STREAM_KEYS = frozenset({"Type", "Length", "Filter", "DecodeParms"})
_EXTENSION_KEYS = frozenset({"Type", "BaseVersion", "ExtensionLevel", "ExtensionRevision", "URL"})
_STAMP_FIELD_KEYS = frozenset({"Type", "Subtype", "FT", "T", "TU", "V", "F", "Ff", "P", "Rect", "AP"})
_STAMP_KEYS = frozenset({"Type", "Filter", "SubFilter", "ByteRange", "Contents", "V", "M", "Prop_Build"})
_SIGNED_KEYS = frozenset({"V", "AP", "M"})
_FILLED_KEYS = frozenset({"V", "AP", "AS", "I", "RV", "M"})
_NOTED_KEYS = frozenset({"ModDate", "Producer"})
_ACTIVE_KEYS = frozenset({"AA", "JS"})
_ANY = "*"
_VERSION = re.compile(r"[12]\.\d")


class Explanations:
    """Collects the explained objects, each with those that may refer to it."""

    def __init__(
        self,
        signed: PdfFile,
        last: PdfFile,
        changed: set[int],
        permitted: frozenset[PermittedChange],
        locks: list[dict[str, Any]],
    ) -> None:
        self._signed, self._last = signed, last
        self._changed, self._permitted, self._locks = changed, permitted, locks
        self._pages = set(signed.pages()) | set(last.pages())
        self._anywhere: set[int] = set()
        """Replaced in permitted keys only: harmless whoever refers to them."""
        self._holders: dict[int, set[Holder]] = {}
        """Explained as long as nothing else refers to them."""
        self._stamps: set[int] = set()
        self._refused: set[int] = set()

    def explained(self, holders: dict[int, set[Holder]]) -> set[int]:
        """Numbers of the explained objects; ``holders`` says who refers to whom in the last revision."""
        self._structure()
        self._catalog()
        self._information()
        self._metadata(self._last.root.get("Metadata"))
        for page in self._last.pages():
            self._page(page)
        self._fields()
        kept = {
            number
            for number, allowed in self._holders.items()
            if all(holder in allowed or (holder[0], _ANY) in allowed for holder in holders.get(number, ()))
        }
        return (self._anywhere | kept) - self._refused

    def _may(self, change: PermittedChange) -> bool:
        return change in self._permitted

    def _is_added(self, number: int) -> bool:
        return number in self._changed and self._signed.place(number) is None

    def _allow(self, value: Any, *holders: Holder) -> None:
        if isinstance(value, Reference):
            self._holders.setdefault(value.number, set()).update(holders)

    def _structure(self) -> None:
        """Cross-reference streams and object streams of the new revisions; nothing may refer to them."""
        for section in self._last.sections[: len(self._last.sections) - len(self._signed.sections)]:
            containers = {entry.container for entry in section.entries.values() if entry.container}
            for number in containers | ({section.number} if section.number else set()):
                value = self._last.get(number)
                kinds = ("ObjStm", "XRef")
                if isinstance(value, Stream) and value.entries.get("Type") in kinds and "Extends" not in value.entries:
                    self._holders.setdefault(number, set())

    # --- the catalog, the security store, the form ---

    def _catalog(self) -> None:
        before, after = self._signed.root, self._last.root
        number = self._last.root_number
        store = self._may(PermittedChange.VALIDATION_DATA)
        allowed = {"AcroForm"} if self._form(before, after) else set()
        if store and self._store(before.get("DSS"), after.get("DSS")):
            allowed.add("DSS")
        if store and self._extensions(before, after):
            allowed.add("Extensions")
        version = after.get("Version")
        if store and isinstance(version, Name) and _VERSION.fullmatch(version):
            allowed.add("Version")
        if number == self._signed.root_number and differing_keys(before, after) <= allowed:
            self._anywhere.add(number)

    def _information(self) -> None:
        """14.3.3: an update notes when and by what the file was written; title and author are not its business."""
        reference = self._last.trailer.get("Info")
        after = self._last.resolve(reference)
        before = self._signed.resolve(self._signed.trailer.get("Info")) or {}
        if not self._permitted or not isinstance(after, dict) or not isinstance(before, dict):
            return
        differing = differing_keys(before, after)
        if differing <= _NOTED_KEYS and all(isinstance(after.get(key), Text) for key in differing):
            trailers = [TRAILER, *(section.number for section in self._last.sections if section.number)]
            self._allow(reference, *((number, "Info") for number in trailers))

    def _metadata(self, reference: Any) -> None:
        """The same in the metadata of the document (14.3.2)."""
        after, before = self._last.resolve(reference), self._signed.resolve(self._signed.root.get("Metadata"))
        if not self._permitted or not isinstance(after, Stream) or not isinstance(before, Stream):
            return
        if after.entries.get("Type") != "Metadata":
            return
        if differ_in_dates_only(self._signed.decoded(before), self._last.decoded(after)):
            self._allow(reference, (self._last.root_number, "Metadata"))

    def _store(self, before: Any, after: Any) -> bool:
        """ISO 32000-2, 12.8.4.3: a store of streams that grew."""
        old, store = self._signed.resolve(before), self._last.resolve(after)
        if not isinstance(store, dict) or not store.keys() <= _STORE_KEYS:
            return False
        outer = (self._last.root_number, "DSS")
        self._allow(after, outer)
        lists = [(store.get(key), _inside(after, key, outer)) for key in _LISTS]
        related = self._last.resolve(store.get("VRI"))
        around = _inside(after, "VRI", outer)
        self._allow(store.get("VRI"), around)
        for key, value in related.items() if isinstance(related, dict) else ():
            entry = self._last.resolve(value)
            if not isinstance(entry, dict) or not entry.keys() <= _RELATED_KEYS:
                return False
            own = _inside(store["VRI"], key, around)
            self._allow(value, own)
            lists += [(entry.get(name), _inside(value, name, own)) for name in ("Cert", "CRL", "OCSP")]
            lists.append(([entry["TS"]] if "TS" in entry else None, _inside(value, "TS", own)))
        return all(self._streams(*item) for item in lists) and self._grew(old, store)

    def _streams(self, array: Any, holder: Holder) -> bool:
        """An array of streams that hold one DER value each, where there is one."""
        self._allow(array, holder)
        references = self._last.resolve(array)
        if references is None:
            return True
        if not isinstance(references, list):
            return False
        inside = _inside(array, "", holder)
        for reference in references:
            stream = self._last.resolve(reference)
            if not isinstance(stream, Stream) or not stream.entries.keys() <= _STREAM_KEYS:
                return False
            if stream.entries.get("Type") in ("XRef", "ObjStm"):
                return False
            self._allow(reference, inside)
            self._allow(stream.entries.get("Length"), (reference.number, "Length"))
        return True

    def _grew(self, old: Any, store: dict[str, Any]) -> bool:
        """Validation data is added, never taken away."""
        if not isinstance(old, dict):
            return True
        return all(_contents(self._signed, old.get(key)) <= _contents(self._last, store.get(key)) for key in _LISTS)

    def _extensions(self, before: dict[str, Any], after: dict[str, Any]) -> bool:
        """7.12: that the file uses ESIC or ISO extensions; numbers and names only."""
        old, new = self._signed.resolve(before.get("Extensions")) or {}, self._last.resolve(after.get("Extensions"))
        if not isinstance(new, dict) or not isinstance(old, dict) or not old.keys() <= new.keys():
            return False
        self._allow(after.get("Extensions"), (self._last.root_number, "Extensions"))
        for value in new.values():
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, Reference):
                    return False
                if isinstance(entry, dict) and (not entry.keys() <= _EXTENSION_KEYS or any(references_in(entry))):
                    return False
        return True

    def _form(self, before: dict[str, Any], after: dict[str, Any]) -> bool:
        """The form may gain document time-stamps at its end, and say that it holds signatures."""
        old, new = self._signed.resolve(before.get("AcroForm")) or {}, self._last.resolve(after.get("AcroForm"))
        if not isinstance(new, dict) or not isinstance(old, dict):
            return False
        allowed = {"Fields", "SigFlags"} | ({"NeedAppearances"} if self._may(PermittedChange.FORM_FILLING) else set())
        fields, grown = self._signed.resolve(old.get("Fields")) or [], self._last.resolve(new.get("Fields")) or []
        if not differing_keys(old, new) <= allowed or not same(fields, grown[: len(fields)]):
            return False
        reference = after.get("AcroForm")
        self._allow(reference, (self._last.root_number, "AcroForm"))
        own = (reference.number, "Fields") if isinstance(reference, Reference) else (self._last.root_number, "AcroForm")
        self._allow(new.get("Fields"), own)
        inside = (new["Fields"].number, "") if isinstance(new.get("Fields"), Reference) else own
        return all(self._stamp(field, inside) for field in grown[len(fields) :])

    def _stamp(self, reference: Any, holder: Holder) -> bool:
        """12.8.5: a new invisible field with a document time-stamp."""
        field = self._last.resolve(reference)
        if not isinstance(reference, Reference) or not self._is_added(reference.number) or not isinstance(field, dict):
            return False
        stamp = self._last.resolve(field.get("V"))
        right = self._may(PermittedChange.DOCUMENT_TIMESTAMPS) and field.keys() <= _STAMP_FIELD_KEYS
        if not right or field.get("FT") != "Sig" or not isinstance(stamp, dict) or not stamp.keys() <= _STAMP_KEYS:
            return False
        if stamp.get("SubFilter") != DOCUMENT_TIMESTAMP or any(references_in(stamp)) or not _is_invisible(field):
            return False
        self._stamps.add(reference.number)
        self._allow(reference, holder)
        self._allow(field["V"], (reference.number, "V"))
        self._subtree(field.get("AP"), reference.number, replaced_too=False)
        return True

    # --- pages ---

    def _page(self, number: int) -> None:
        after, before = self._last.get(number), self._signed.get(number)
        if not isinstance(after, dict) or not isinstance(before, dict):
            return
        array = after.get("Annots")
        touched = {number, array.number} if isinstance(array, Reference) else {number}
        if not self._changed & touched and not self._may(PermittedChange.ANNOTATIONS):
            return
        holder = (array.number, "") if isinstance(array, Reference) else (number, "Annots")
        annotations, earlier = self._last.resolve(array) or [], self._signed.resolve(before.get("Annots")) or []
        if not isinstance(annotations, list) or not isinstance(earlier, list):
            return
        new = [item for item in annotations if item not in earlier]
        kept = [item for item in annotations if item in earlier]
        gone = [item for item in earlier if item not in annotations]
        right = all(self._annotation(item, holder) for item in new)
        if self._may(PermittedChange.ANNOTATIONS):
            for item in kept:
                self._annotation(item, holder)
        if right and same(kept, [i for i in earlier if i not in gone]) and self._may_go(gone):
            self._allow(array, (number, "Annots"))
            if differing_keys(before, after) <= {"Annots"}:
                self._anywhere.add(number)

    def _annotation(self, item: Any, holder: Holder) -> bool:
        """A new or changed annotation: a time-stamp's field, or where permitted whatever is no field."""
        if isinstance(item, Reference) and item.number in self._stamps:
            self._allow(item, holder)
            return True
        value = self._last.resolve(item)
        if not self._may(PermittedChange.ANNOTATIONS) or not _is_plain_annotation(value):
            return False
        if isinstance(item, Reference) and item.number in self._changed:
            self._allow(item, holder)
        self._subtree(value, item.number if isinstance(item, Reference) else holder[0], replaced_too=True)
        return True

    def _may_go(self, gone: list[Any]) -> bool:
        if not gone:
            return True
        plain = all(_is_plain_annotation(self._signed.resolve(item)) for item in gone)
        if plain and self._may(PermittedChange.ANNOTATIONS):
            for item in gone:
                self._allow(item)
            return True
        return False

    # --- fields that stood in the signed revision ---

    def _fields(self) -> None:
        for field in form_fields(self._signed):
            after = self._last.get(field.number)
            if field.number not in self._changed or not isinstance(after, dict):
                continue
            differing = differing_keys(field.dictionary, after)
            if field.kind == "Sig":
                if not self._locked(field.name):
                    self._signature(field.number, field.dictionary, after, differing)
            elif self._may(PermittedChange.FORM_FILLING) and differing <= _FILLED_KEYS and not self._locked(field.name):
                self._anywhere.add(field.number)
                for key in _FILLED_KEYS & after.keys():
                    self._subtree(after[key], field.number, replaced_too=True)

    def _signature(self, number: int, before: dict[str, Any], after: dict[str, Any], differing: set[str]) -> None:
        """An empty field was signed: an approval, never a certification (12.8.2.2)."""
        value = self._last.resolve(after.get("V"))
        empty = self._signed.resolve(before.get("V")) is None
        permitted = self._may(PermittedChange.SIGNATURES_IN_EXISTING_FIELDS)
        if not permitted or not differing <= _SIGNED_KEYS or not empty or not isinstance(value, dict):
            return
        if self._certifies(value) or "ByteRange" not in value:
            return
        self._anywhere.add(number)
        self._allow(after["V"], (number, "V"))
        self._subtree(after.get("AP"), number, replaced_too=False)
        self._subtree(value, after["V"].number if isinstance(after["V"], Reference) else number, replaced_too=False)

    def _certifies(self, signature: dict[str, Any]) -> bool:
        references = self._last.resolve(signature.get("Reference")) or []
        resolved = [self._last.resolve(item) for item in references] if isinstance(references, list) else [None]
        return any(not isinstance(r, dict) or r.get("TransformMethod") != "FieldMDP" for r in resolved)

    def _locked(self, name: str) -> bool:
        """12.8.2.4: whether the signature fixed the value of this field."""
        for lock in self._locks:
            named = [text_of(self._signed.resolve(item)) for item in self._signed.resolve(lock.get("Fields")) or []]
            within = any(name == item or name.startswith(f"{item}.") for item in named)
            action = lock.get("Action")
            if action not in ("Include", "Exclude") or within == (action == "Include"):
                return True
        return False

    def _subtree(self, value: Any, holder: int, *, replaced_too: bool) -> None:
        """Whatever hangs under an explained object and is used nowhere else; scripts never."""
        stack = [(reference, holder) for reference in references_in(value)]
        seen: set[int] = set()
        while stack:
            reference, parent = stack.pop()
            number = reference.number
            taken = number in self._changed if replaced_too else self._is_added(number)
            if not taken or number in self._pages or number == self._last.root_number:
                continue
            self._allow(reference, (parent, _ANY))
            if number in seen:
                continue
            seen.add(number)
            item = self._last.get(number)
            entries = item.entries if isinstance(item, Stream) else item
            if isinstance(entries, dict) and _ACTIVE_KEYS & entries.keys():
                self._refused.add(number)
            stack += [(inner, number) for inner in references_in(item)]


def _contents(file: PdfFile, array: Any) -> set[bytes]:
    """What the streams of an array hold: a store that is written anew may number its values anew."""
    references = file.resolve(array)
    streams = map(file.resolve, references if isinstance(references, list) else ())
    return {stream.raw for stream in streams if isinstance(stream, Stream)}


def _inside(value: Any, key: str, outer: Holder) -> Holder:
    """Who holds what stands in ``value`` under ``key``: the object itself, or that in which it is written out."""
    return (value.number, key) if isinstance(value, Reference) else outer


def _is_invisible(field: dict[str, Any]) -> bool:
    """A rectangle without area shows nothing, whatever the appearance (12.5.5, algorithm 8.1)."""
    box = field.get("Rect")
    if box is None:
        return "AP" not in field
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(side, int | float) for side in box):  # noqa: PLR2004
        return False
    return bool(box[0] == box[2] and box[1] == box[3])


def _is_plain_annotation(value: Any) -> bool:
    """An annotation that is no field of a form and does nothing by itself."""
    if not isinstance(value, dict) or value.get("Subtype") == "Widget" or "FT" in value:
        return False
    return "Subtype" in value and not _ACTIVE_KEYS & value.keys()
