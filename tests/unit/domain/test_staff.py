"""What accounts and passwords must be, and what roles may do."""

import pytest

from gateway.domain.actors import Scope
from gateway.domain.passwords import first_password
from gateway.domain.staff import StaffRole, check_member, check_password, needs_second_factor, scopes_of
from gateway.errors import ValidationFailedError


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "PASSWORD_LENGTH"),
        ("x" * 201, "PASSWORD_LENGTH"),
        ("ababababababab", "PASSWORD_PLAIN"),
        ("abcdefghijklmn", "PASSWORD_PLAIN"),
        ("987654321098"[:10] + "//", None),
        ("my-LIANG-is-here", "PASSWORD_HAS_ACCOUNT"),
        ("春江潮水连海平，海上明月共潮生", None),
    ],
)
def test_passwords(password, code):
    if code is None:
        check_password(password, "liang")
        return
    with pytest.raises(ValidationFailedError) as caught:
        check_password(password, "liang")
    assert [error.code for error in caught.value.errors] == [code]


def test_first_passwords_pass_the_rules():
    for _ in range(20):
        check_password(first_password(), "liang")


def test_members():
    check_member("liang.w", "梁某", [StaffRole.WINDOW], "11441702G00006660X")
    check_member("chief", "林某", [StaffRole.ADMINISTRATOR], None)
    with pytest.raises(ValidationFailedError) as caught:
        check_member("Liang W", " ", [], None)
    assert [error.field for error in caught.value.errors] == ["account", "name", "roles", "authority"]
    with pytest.raises(ValidationFailedError, match="发证机关"):
        check_member("chief", "林某", [StaffRole.ADMINISTRATOR, StaffRole.APPROVER], None)


def test_roles_add_up_and_an_administrator_touches_no_licence():
    assert Scope.LICENCES_REVOKE not in scopes_of([StaffRole.WINDOW])
    assert Scope.LICENCES_CHANGE not in scopes_of([StaffRole.APPROVER])
    assert scopes_of([StaffRole.ADMINISTRATOR]) == {Scope.ADMINISTER}
    assert scopes_of([StaffRole.WINDOW, StaffRole.APPROVER]) > scopes_of([StaffRole.WINDOW])
    assert [needs_second_factor([role]) for role in StaffRole] == [False, True, True]
