"""Signing requests in an archive package: each a record, and beside it every file that it names by digest.

A list by which many requests were judged is one member, which all of them name.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gateway.domain.archives import EVIDENCE, REQUESTS, UNDECIDED, ArchiveFault, ArchiveManifest
from gateway.domain.holder_certificates import CERTIFICATE_SUFFIX, REVOCATION_SUFFIXES
from gateway.domain.signing_views import SigningView, evidence_entries, evidence_with

_UNREADABLE = "签名请求的记录无法读取。The record of a signing request cannot be read."
_MISSING = "签名请求的记录列有此文件，包中没有。A signing request names it and it is not there."
_ALTERED = "内容与签名请求的记录不符。It is not what a signing request names."


def request_member(request_id: str) -> str:
    """Name of the record of a request."""
    return f"{REQUESTS}{request_id}.json"


def evidence_member(entry: Mapping[str, Any]) -> str | None:
    """Name of what an entry of the evidence names; None of what was taken before contents were kept."""
    if "sm3" not in entry:
        return None
    return f"{EVIDENCE}{entry['sha256']}{REVOCATION_SUFFIXES.get(entry.get('kind', ''), CERTIFICATE_SUFFIX)}"


def request_record(view: SigningView, accepted: str | None = None) -> dict[str, Any]:
    """A request as departments are told of it, with the members that are its files.

    ``accepted`` is the member that was signed in an acceptance. Other requests' documents are not the register's: their
    digests stand here, and whoever asked has them.
    """
    told = view.to_json()
    for document in told["documents"]:
        if document["signed"] is not None:
            document["signed"]["member"] = accepted
    if view.evidence:
        told["evidence"] = evidence_with(view.evidence, lambda entry: entry | {"member": evidence_member(entry)})
    return told


def check_evidence(
    members: Mapping[str, bytes], manifest: ArchiveManifest, faulty: Collection[str]
) -> tuple[int, list[ArchiveFault]]:
    """How many files the records of requests name, and which of them are not there or not as they are named.

    ``members`` are as the manifest has them; ``faulty`` were found to be otherwise, and are not named again.
    """
    named: dict[str, set[tuple[str, str]]] = defaultdict(set)
    faults = []
    for record in sorted(name for name in members if name.startswith(REQUESTS)):
        try:
            for name, digests in _named(json.loads(members[record])):
                named[name].add(digests)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            faults.append(ArchiveFault(record, UNDECIDED, _UNREADABLE))
    for name in sorted(named.keys() - set(faulty)):
        if name not in members:
            faults.append(ArchiveFault(name, "missing", _MISSING))
        elif named[name] != {(manifest.members[name], hashlib.sha256(members[name]).hexdigest())}:
            faults.append(ArchiveFault(name, "altered", _ALTERED))
    return len(named), faults


def _named(told: dict[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    """(member, (SM3, SHA-256)) of each file that a record names."""
    for entry in evidence_entries(told["evidence"] or {}):
        name = evidence_member(entry)
        if name is not None:
            yield name, (entry["sm3"], entry["sha256"])
    for document in told["documents"]:
        signed = document["signed"]
        if signed is not None and signed["member"] is not None:
            yield f"{signed['member']}", (signed["digest"]["sm3"], signed["digest"]["sha256"])
