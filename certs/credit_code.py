"""Takes the unified social credit code out of a certificate by configurable rules.

Profiles differ: GM/T 0015-2012 uses ``…10260.4.1.4``, implementations of the 2023 edition ``…4.4`` or ``…4.4.4``, and
CAs put the code into serialNumber, OU, O or CN, glued to a name, tagged or as bare ASCII. Whatever is found must agree.
"""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from asn1crypto import x509

from certs import uscc
from certs.errors import CreditCodeError, CreditCodesDifferError

_A = f"[{uscc.ALPHABET}]"
_CREDIT_CODE = rf"{_A}{{2}}[0-9]{{6}}{_A}{{10}}"
"""Registering department, kind, area (digits: GB/T 2260), body and check digit (GB 32100, 4)."""


@dataclass(frozen=True)
class ExtractionRules:
    """Where to look; what is found anywhere must be one and the same code."""

    extension_oids: tuple[str, ...] = (
        "1.2.156.10260.4.1.4",
        "1.2.156.10260.4.4",
        "1.2.156.10260.4.4.4",
        "1.2.86.11.7.4",
    )
    subject_fields: tuple[str, ...] = ("2.5.4.5", "2.5.4.11", "2.5.4.10", "2.5.4.3")
    """OIDs of serialNumber, OU, O, CN."""
    pattern: str = _CREDIT_CODE
    """What may be a code; only matches with the right check digit count."""


DEFAULT_RULES = ExtractionRules()
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_FIELDS = ("extension_oids", "subject_fields")


def read_rules(file: Path) -> ExtractionRules:
    """Rules from a JSON object with ``extension_oids``, ``subject_fields`` (lists of OIDs) and ``pattern``.

    What is left out stays as in ``DEFAULT_RULES``. CreditCodeError, with the file's name, for anything else: a misspelt
    rule would be no rule.
    """
    try:
        return _rules(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, RecursionError, re.error) as error:
        raise CreditCodeError(f"{file} holds no rules for credit codes: {error}") from error


def _rules(found: Any) -> ExtractionRules:
    if not isinstance(found, dict) or not found.keys() <= {*_FIELDS, "pattern"}:
        raise ValueError("it must be an object of extension_oids, subject_fields and pattern")
    oids = {name: found.get(name, list(getattr(DEFAULT_RULES, name))) for name in _FIELDS}
    for name, listed in oids.items():
        if not isinstance(listed, list) or not all(isinstance(o, str) and _OID.fullmatch(o) for o in listed):
            raise ValueError(f"{name} must be a list of OIDs")
    pattern = found.get("pattern", DEFAULT_RULES.pattern)
    if not isinstance(pattern, str) or re.compile(pattern).groups:
        raise ValueError("pattern must be a regular expression without groups")
    return ExtractionRules(tuple(oids["extension_oids"]), tuple(oids["subject_fields"]), pattern)


@lru_cache(maxsize=1024)
def extract_credit_code(certificate: bytes, rules: ExtractionRules = DEFAULT_RULES) -> str:
    """The one credit code with a valid check digit in a certificate (DER); one that was found before is known by its content.

    CreditCodeError when there is none or it is no certificate, CreditCodesDifferError when several differ.
    """
    try:
        fields = x509.Certificate.load(certificate)["tbs_certificate"]
        extensions = [
            extension["extn_value"].contents
            for extension in fields["extensions"]
            if extension["extn_id"].dotted in rules.extension_oids
        ]
        names = [
            attribute["value"].native
            for relative in fields["subject"].chosen
            for attribute in relative
            if attribute["type"].dotted in rules.subject_fields
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise CreditCodeError("not an X.509 certificate") from error
    # An extension's value may be tagged, doubly tagged or bare: without the zeros of a BMPString it is ASCII in each.
    texts = [*(value.replace(b"\0", b"").decode("latin-1") for value in extensions), *map(str, names)]
    # The look-ahead finds overlapping matches too: where two could be meant, neither is taken.
    candidate = re.compile(f"(?=({rules.pattern}))")
    found = {match for text in texts for match in candidate.findall(text) if uscc.is_valid(match)}
    if not found:
        raise CreditCodeError("the certificate holds no unified social credit code")
    if len(found) > 1:
        raise CreditCodesDifferError(f"the certificate holds differing credit codes: {', '.join(sorted(found))}")
    return str(found.pop())
