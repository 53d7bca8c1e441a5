"""Who acts on the registry, and how far that reaches."""

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.errors import ForbiddenError


class ActorKind(StrEnum):
    """Where the act comes from."""

    OPERATOR = "operator"
    """Someone with the data directory, on the command line."""
    CLIENT = "client"
    """A department's or an enterprise's own system, through the API."""
    STAFF = "staff"
    """A person at the window, through the console."""
    SYSTEM = "system"
    """The gateway itself: scheduled work."""


class Scope(StrEnum):
    """What an actor may do; OAuth scopes have the same names."""

    LICENCES_READ = "licences:read"
    LICENCES_ISSUE = "licences:issue"
    LICENCES_CHANGE = "licences:change"
    """Status changes and new versions."""
    LICENCES_REVOKE = "licences:revoke"
    """Revocation, withdrawal and cancellation: the changes that end a licence."""
    PAPERS_HANDLE = "papers:handle"
    REPORTS_WRITE = "reports:write"
    """Intake of licences that were issued the old way."""
    COPIES_MAKE = "copies:make"
    SIGNING_WRITE = "signing:write"
    """Ask enterprises for signatures."""
    SIGNING_READ = "signing:read"
    EVENTS_READ = "events:read"
    ADMINISTER = "administer"
    """Clients, staff, stock of blank forms of every authority."""


ENTERPRISE_SCOPES = frozenset({Scope.SIGNING_WRITE, Scope.SIGNING_READ, Scope.EVENTS_READ})
"""What an enterprise's own system may do at most."""


@dataclass(frozen=True)
class Actor:
    """An authenticated caller with its limits."""

    kind: ActorKind
    id: str
    """Stable identifier: client id, staff account, name of the operator."""
    name: str
    scopes: frozenset[Scope]
    authority_codes: frozenset[str] | None = None
    """Issuing authorities that it acts for; None means all."""
    type_codes: frozenset[str] | None = None
    """Local codes of the licence types that it handles; None means all of its authorities'."""
    enterprise_code: str | None = None
    """Credit code of the enterprise whose own system it is: such a one acts for no authority."""
    is_sandbox: bool = False
    """Acts on samples only; everyone else never meets them."""
    detail: dict[str, str] = field(default_factory=dict)
    """What the caller says of itself, for the audit: the five elements and the purpose."""

    def reaches(self, authority_code: str, type_code: str) -> bool:
        """Whether a licence of this authority and type is within its limits."""
        return (self.authority_codes is None or authority_code in self.authority_codes) and (
            self.type_codes is None or type_code in self.type_codes
        )

    def asks_as(self, department_code: str | None, enterprise_code: str) -> bool:
        """Whether what one asked an enterprise to sign is its own: an authority's, or the enterprise's itself (None)."""
        if self.enterprise_code is not None:
            return department_code is None and enterprise_code == self.enterprise_code
        return self.authority_codes is None or department_code in self.authority_codes

    def require(self, scope: Scope, authority_code: str | None = None, type_code: str | None = None) -> None:
        """ForbiddenError unless it may do this, there."""
        if scope not in self.scopes:
            raise ForbiddenError(
                f"没有权限“{scope}”。The permission {scope} is missing.", hint="Ask the administrator for it."
            )
        if authority_code is not None and not self.reaches(authority_code, type_code or ""):
            raise ForbiddenError("超出发证机关或证照类型范围。Another authority's or another type's licence.")

    def audit(self) -> dict[str, str]:
        """How it stands in audit events."""
        return {"kind": self.kind, "id": self.id, "name": self.name, **self.detail}


OPERATOR = Actor(ActorKind.OPERATOR, "operator", "操作员 operator", frozenset(Scope))
"""The command line: whoever has the data directory and its keys may do everything."""

SYSTEM = Actor(ActorKind.SYSTEM, "system", "网关 gateway", frozenset(Scope))
