"""How a building block says what it found (EN 319 102-1, 5.1.3)."""

from collections.abc import Iterable

from signing.validation.report import Check, Conclusion, Indication, SubIndication


def passed(name: str, detail: str = "") -> Check:
    """A check that holds."""
    return Check(name, Conclusion.PASSED, detail)


def broken(name: str, sub_indication: SubIndication, detail: str) -> Check:
    """A check that does not hold: FAILED when the sub-indication stands for a proof, else INDETERMINATE."""
    is_proof = sub_indication.indication is Indication.TOTAL_FAILED
    return Check(name, Conclusion.FAILED if is_proof else Conclusion.INDETERMINATE, detail, sub_indication)


def not_applicable(name: str, detail: str) -> Check:
    """A check that was not asked for, or whose outcome decides nothing."""
    return Check(name, Conclusion.NOT_APPLICABLE, detail)


def advisory(check: Check) -> Check:
    """The check, told but without weight."""
    if check.conclusion is Conclusion.PASSED:
        return check
    return Check(check.name, Conclusion.NOT_APPLICABLE, f"not used: {check.detail}", check.sub_indication)


def decisive(checks: Iterable[Check]) -> Check | None:
    """The check that decides: the first proven failure, else the first undecided one, None when all hold."""
    found = tuple(checks)
    for conclusion in (Conclusion.FAILED, Conclusion.INDETERMINATE):
        for check in found:
            if check.conclusion is conclusion:
                return check
    return None
