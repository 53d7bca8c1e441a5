"""Electronic and paper in step: a licence becomes valid in both forms, or in the one form that its type allows."""

from gateway.domain.catalogue import Forms, LicenceType
from gateway.domain.orders import MOST_DUPLICATES
from gateway.errors import ConflictError, FieldError, ValidationFailedError


def check_forms(licence_type: LicenceType, duplicates: int) -> None:
    """ValidationFailedError when the type's licences are not issued here, or not with so many duplicates (副本)."""
    if licence_type.forms is Forms.PAPER_ONLY:
        message = (
            "此类证照只有纸质形式，请报送，不在此签发。The type exists on paper only; report such licences instead."
        )
        raise ValidationFailedError([FieldError("type", "PAPER_ONLY_TYPE", message)])
    most = 0 if licence_type.forms is Forms.ELECTRONIC_ONLY else MOST_DUPLICATES
    if not 0 <= duplicates <= most:
        message = f"副本数应为 0 至 {most}。From 0 to {most} duplicates."
        raise ValidationFailedError([FieldError("duplicates", "OUT_OF_RANGE", message)])


def check_complete(licence_type: LicenceType, *, has_electronic: bool, has_original: bool) -> None:
    """ConflictError unless exactly the forms of the type were made. The last gate before a version is recorded."""
    asked = (licence_type.forms is not Forms.PAPER_ONLY, licence_type.forms is not Forms.ELECTRONIC_ONLY)
    if (has_electronic, has_original) != asked:
        raise ConflictError(
            f"“{licence_type.name}”的电子与纸质形式不齐，不能登记。The forms that the type needs were not all made.",
            hint="Issue it again; if it recurs, look at the log.",
        )
