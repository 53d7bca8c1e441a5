"""Answers as JSON: one form for the API and the command line."""

from typing import Any

from gateway.domain.answers import EnterpriseView, LicenceAnswer, ListedLicence, Resolution
from gateway.domain.verification import instant


def resolution_json(resolution: Resolution) -> dict[str, Any]:
    """The form of ``resolve --json`` (contract.md)."""
    enterprise = resolution.enterprise
    return {
        "class": resolution.code_class,
        "unified_social_credit_code": resolution.unified_social_credit_code,
        "enterprise": None if enterprise is None else enterprise_json(enterprise),
        "count": len(resolution.licences),
        "licences": [listed_json(licence) for licence in resolution.licences],
        "licence": None if resolution.licence is None else licence_json(resolution.licence),
        "as_of": instant(resolution.as_of),
        "reasons": [reason.to_json() for reason in resolution.reasons],
    }


def enterprise_json(enterprise: EnterpriseView) -> dict[str, Any]:
    """Public facts of an enterprise."""
    established = enterprise.established_on
    return {
        "unified_social_credit_code": enterprise.unified_social_credit_code,
        "name": enterprise.name,
        "type": enterprise.enterprise_type,
        "address": enterprise.address,
        "registration_status": enterprise.registration_status,
        "established_on": established.isoformat() if established else None,
    }


def listed_json(licence: ListedLicence) -> dict[str, Any]:
    """One line of a list; ``valid_until`` null means 长期."""
    until = licence.valid_until
    return {
        "licence_identifier": licence.licence_identifier,
        "licence_type": licence.licence_type_name,
        "licence_number": licence.licence_number,
        "issuing_authority": licence.issuing_authority,
        "holder_name": licence.holder_name,
        "issued_on": licence.issued_on.isoformat(),
        "valid_from": licence.valid_from.isoformat(),
        "valid_until": until.isoformat() if until else None,
        "status": str(licence.status),
        "genuine": licence.genuine,
        "in_force": licence.in_force,
        "checked_at": instant(licence.checked_at),
        "version": licence.version,
        "replaced_by": licence.replaced_by,
        "obligations": [obligation.to_json() for obligation in licence.obligations],
        "reasons": [reason.to_json() for reason in licence.reasons],
    }


def licence_json(answer: LicenceAnswer) -> dict[str, Any]:
    """One licence with its masked face."""
    return {
        **listed_json(answer.listed),
        "holder_code": answer.holder_code,
        "face": [vars(line) for line in answer.face],
        "differences": [vars(difference) for difference in answer.differences],
        "reasons": [reason.to_json() for reason in answer.reasons],
    }
