"""The table of faults: what API and pages say when a part is dead, slow or silent, on both engines."""

from tests.faults.suites import of_suite

FILES = ("tests/api/test_fault_table.py", "tests/api/test_fault_sweep.py", "tests/api/test_faults.py")


def run(folder):
    """One row."""
    del folder
    return [of_suite("pages and API with a part dead, slow or silent", *FILES)]
