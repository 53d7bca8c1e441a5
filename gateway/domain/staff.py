"""Staff of the console: roles, what they may do, and what a password must be."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise

from gateway.domain.actors import Scope
from gateway.errors import FieldError, ValidationFailedError

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
_FEWEST_CHARACTERS = 6
"""Different characters that a password has at least: ``aaaaaaaaaaaa`` is long, and no secret."""
_ACCOUNT = re.compile(r"[a-z][a-z0-9._-]{2,49}")
_MOST_NAME = 100


class StaffRole(StrEnum):
    """What a person does; one person may have several roles."""

    WINDOW = "window"
    """Receives applications, issues, prints, hands over."""
    APPROVER = "approver"
    """Decides on revocations that someone else proposed."""
    ADMINISTRATOR = "administrator"
    """Keeps accounts; touches no licence."""


ROLE_WORDS = {
    StaffRole.WINDOW: ("窗口", "window"),
    StaffRole.APPROVER: ("审批", "approver"),
    StaffRole.ADMINISTRATOR: ("管理", "administrator"),
}

_SCOPES = {
    StaffRole.WINDOW: {Scope.LICENCES_READ, Scope.LICENCES_ISSUE, Scope.LICENCES_CHANGE, Scope.PAPERS_HANDLE},
    StaffRole.APPROVER: {Scope.LICENCES_READ, Scope.LICENCES_REVOKE},
    StaffRole.ADMINISTRATOR: {Scope.ADMINISTER},
}

_SECOND_FACTOR = frozenset({StaffRole.APPROVER, StaffRole.ADMINISTRATOR})


def scopes_of(roles: Iterable[StaffRole]) -> frozenset[Scope]:
    """What the roles allow together."""
    return frozenset(scope for role in roles for scope in _SCOPES[role])


def needs_second_factor(roles: Iterable[StaffRole]) -> bool:
    """Whether a password alone is too little."""
    return not _SECOND_FACTOR.isdisjoint(roles)


def check_member(account: str, name: str, roles: Iterable[StaffRole], authority_code: str | None) -> None:
    """ValidationFailedError names what a new account lacks.

    Only a pure administrator may belong to no authority, and then keeps the accounts of all.
    """
    wanted, errors = set(roles), []
    if not _ACCOUNT.fullmatch(account):
        message = "3 至 50 位小写字母、数字、点、横线，以字母开头。3 to 50 of a-z, 0-9, dot and dash; a letter first."
        errors.append(FieldError("account", "ACCOUNT_INVALID", message))
    if not 0 < len(name.strip()) <= _MOST_NAME:
        errors.append(FieldError("name", "MISSING", f"必填，至多 {_MOST_NAME} 字。Required, up to {_MOST_NAME}."))
    if not wanted:
        errors.append(FieldError("roles", "MISSING", "至少选一种角色。Choose a role."))
    if authority_code is None and wanted != {StaffRole.ADMINISTRATOR}:
        message = "窗口和审批人员须属于一个发证机关。Window staff and approvers belong to an authority."
        errors.append(FieldError("authority", "MISSING", message))
    if errors:
        raise ValidationFailedError(errors)


def check_password(password: str, account: str) -> None:
    """ValidationFailedError when a password is too short, too plain, or holds the account's name.

    Length counts, not kinds of characters (NIST SP 800-63B, 3.1.1.2): rules of composition make passwords alike.
    """
    text = unicodedata.normalize("NFKC", password)
    if not SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD:
        bounds = f"{SHORTEST_PASSWORD} 至 {LONGEST_PASSWORD}"
        message = f"口令须有 {bounds} 位。At least {SHORTEST_PASSWORD} characters, {LONGEST_PASSWORD} at most."
        raise ValidationFailedError([FieldError("password", "PASSWORD_LENGTH", message)])
    if len(set(text.lower())) < _FEWEST_CHARACTERS or _is_run(text.lower()):
        message = "口令过于简单。Too plain: repeated or running characters."
        raise ValidationFailedError([FieldError("password", "PASSWORD_PLAIN", message)])
    if account.lower() in text.lower():
        raise ValidationFailedError(
            [FieldError("password", "PASSWORD_HAS_ACCOUNT", "口令中不能有账号。It must not hold the account.")]
        )


def _is_run(text: str) -> bool:
    """Whether every character follows the one before it by the same step, as in ``abcdefghijkl``."""
    return len({ord(after) - ord(before) for before, after in pairwise(text)}) == 1
