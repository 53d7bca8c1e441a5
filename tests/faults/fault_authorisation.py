"""The authorisation matrix: every route of departments against every kind of caller that must not get through."""

from tests.faults.suites import of_suite


def run(folder):
    """One row."""
    del folder
    return [
        of_suite("callers without the right", "tests/api/test_authorisation.py", "tests/api/test_console_access.py")
    ]
