"""Pages for window staff. One blueprint; each module adds the routes of its noun."""

from gateway.console import (
    administration,
    dashboard,
    issuing,
    licences,
    papers,
    reconciliation,
    revocations,
    sign_in,
    stock,
    versions,
)
from gateway.console.frame import blueprint

__all__ = [
    "administration",
    "blueprint",
    "dashboard",
    "issuing",
    "licences",
    "papers",
    "reconciliation",
    "revocations",
    "sign_in",
    "stock",
    "versions",
]
