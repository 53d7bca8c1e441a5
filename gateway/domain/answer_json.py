"""Answers as JSON: one form for the API and the command line."""

from typing import Any

from gateway.domain.answers import (
    AuthorityAnswer,
    AuthorityFreshness,
    EnterpriseView,
    LicenceAnswer,
    ListedLicence,
    ReportedLine,
    Resolution,
)
from gateway.domain.verification import instant


def resolution_json(resolution: Resolution) -> dict[str, Any]:
    """The form of ``resolve --json`` (contract.md)."""
    return {
        **resolution_head(resolution),
        "enterprise": None if resolution.enterprise is None else enterprise_json(resolution.enterprise),
        "licences": [listed_json(licence) for licence in resolution.licences],
        "authorities": [authority_json(authority) for authority in resolution.authorities],
    }


def resolution_head(resolution: Resolution) -> dict[str, Any]:
    """The same without its long parts, which are null."""
    return {
        "class": resolution.code_class,
        "outcome": resolution.outcome,
        "unified_social_credit_code": resolution.unified_social_credit_code,
        "enterprise": None,
        "count": len(resolution.licences),
        "licences": None,
        "licence": None if resolution.licence is None else licence_json(resolution.licence),
        "authorities": None,
        "complete": resolution.is_complete,
        "also_found": [resolution_json(other) for other in resolution.also_found],
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
        "registration_source": enterprise.registration_source,
        "registration_as_of": instant(enterprise.registration_as_of),
        "established_on": established.isoformat() if established else None,
    }


def authority_json(authority: AuthorityAnswer) -> dict[str, Any]:
    """One authority's part of a list. Its registered licences are named only: they stand whole under ``licences``."""
    return {
        **freshness_json(authority.freshness),
        "licence_identifiers": [licence.licence_identifier for licence in authority.licences],
        "reported": [reported_json(line) for line in authority.reported],
    }


def freshness_json(freshness: AuthorityFreshness) -> dict[str, Any]:
    """How fresh an authority's data are."""
    return {
        "code": freshness.authority_code,
        "name": freshness.authority_name,
        "state": freshness.state,
        "last_report_at": instant(freshness.last_report_at),
        "last_report_kind": freshness.last_report_kind,
        "stale_after_seconds": int(freshness.stale_after.total_seconds()),
    }


def reported_json(line: ReportedLine) -> dict[str, Any]:
    """A licence that was only reported; ``valid_until`` null means 长期."""
    return {
        "licence_type": line.licence_type_name,
        "licence_number": line.licence_number,
        "holder_name": line.holder_name,
        "issued_on": line.issued_on.isoformat(),
        "valid_from": line.valid_from.isoformat(),
        "valid_until": line.valid_until.isoformat() if line.valid_until else None,
        "status": line.status,
        "origin": line.origin,
        "reported_at": instant(line.reported_at),
        "conflicts": list(line.conflicts),
    }


def listed_json(licence: ListedLicence) -> dict[str, Any]:
    """One line of a list; ``valid_until`` null means 长期."""
    until = licence.valid_until
    return {
        "licence_identifier": licence.licence_identifier,
        "licence_type": licence.licence_type_name,
        "licence_number": licence.licence_number,
        "issuing_authority": licence.issuing_authority,
        "issuing_authority_code": licence.authority_code,
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
        "differences": [difference.to_json() for difference in answer.differences],
        "reasons": [reason.to_json() for reason in answer.reasons],
        "acceptance": None if answer.acceptance is None else answer.acceptance.to_json(),
    }
