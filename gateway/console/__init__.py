"""Pages for window staff. One blueprint; each module adds the routes of its noun."""

from gateway.console import (
    administration,
    clients,
    conversions,
    dashboard,
    deliveries,
    holder_certificates,
    issuing,
    licences,
    papers,
    reconciliation,
    revocations,
    seals,
    sign_in,
    statistics,
    stock,
    versions,
    wrong_entries,
)
from gateway.console.frame import blueprint

__all__ = [
    "administration",
    "blueprint",
    "clients",
    "conversions",
    "dashboard",
    "deliveries",
    "holder_certificates",
    "issuing",
    "licences",
    "papers",
    "reconciliation",
    "revocations",
    "seals",
    "sign_in",
    "statistics",
    "stock",
    "versions",
    "wrong_entries",
]
