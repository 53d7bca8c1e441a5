"""The rules of docs/architecture.md that a machine can judge."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gateway.api.problems import STATUSES
from gateway.errors import GatewayError
from gateway.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("gateway", "signing", "certs", "verify_web")
MOST_LINES, MOST_FUNCTION_LINES = 400, 50
POOR_NAMES = re.compile(r"(^|_)(utils?|helpers?|manager|misc|common)$")
TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text())
    for room in ROOMS
    for path in (ROOT / room).rglob("*.py")
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def tracked():
    """Files of the repository, new ones that nobody ignored among them."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def text_of(path):
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def reasons():
    """What the decision records say: a file or function over a limit is named there."""
    return "\n".join(path.read_text() for path in (ROOT / "docs" / "adr").glob("*.md"))


def nodes(kinds):
    return ((name, node) for name, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, kinds))


def dotted(node):
    return ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""


def calls():
    return ((name, node, dotted(node.func)) for name, node in nodes(ast.Call))


def test_the_top_level_is_the_agreed_one():
    folders = {path.relative_to(ROOT).parts[0] for path in tracked() if path.parent != ROOT}
    assert folders == {*ROOMS, "tests", "docs", "tools", ".ci"}


def test_no_module_is_a_drawer():
    assert [name for name in TREES if POOR_NAMES.search(Path(name).stem)] == []


def test_modules_and_functions_stay_small():
    modules = [name for name in TREES if len((ROOT / name).read_text().splitlines()) > MOST_LINES]
    functions = [
        f"{name}:{node.name}"
        for name, node in nodes(FUNCTIONS)
        if node.end_lineno - node.lineno >= MOST_FUNCTION_LINES and not name.startswith("gateway/migrations/")
    ]
    assert [found for found in modules + functions if found not in reasons()] == []


def test_every_public_thing_says_what_it_does():
    def is_public(node):
        return not node.name.startswith("_")

    missing = []
    for name, tree in TREES.items():
        if name.startswith(("gateway/migrations/", "gateway/persistence/migrating/")):
            continue
        tops = [node for node in tree.body if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and is_public(node)]
        members = [
            node
            for top in tops
            if isinstance(top, ast.ClassDef)
            for node in top.body
            if isinstance(node, FUNCTIONS) and is_public(node)
        ]
        missing += [f"{name}:{node.name}" for node in tops + members if ast.get_docstring(node) is None]
    assert missing == []


def test_only_settings_read_the_environment():
    found = {name for name, node in nodes(ast.Attribute) if dotted(node) in ("os.environ", "os.environb")}
    found |= {name for name, _, callee in calls() if callee in ("os.getenv", "getenv")}
    assert found <= {"gateway/settings.py"}


def test_times_are_aware():
    naive = [
        f"{name}:{node.lineno}"
        for name, node, callee in calls()
        if callee.endswith(("utcnow", "utcfromtimestamp", "date.today"))
        or (callee.endswith("datetime.now") and not node.args and not node.keywords)
        or (callee.endswith("datetime.fromtimestamp") and len(node.args) + len(node.keywords) == 1)
    ]
    assert naive == []


def test_the_day_is_the_day_in_china():
    """The date of an instant in UTC is the day before in China from 16:00 on; china_day() knows."""
    naive = re.compile(r"(clock\(\)|\bnow)\.date\(\)")
    found = [path for path in tracked() if path.suffix == ".py" and naive.search(text_of(path))]
    assert found == []


def test_chance_comes_from_the_operating_system():
    found = [
        f"{name}:{node.lineno}" for name, node in nodes(ast.Import) for alias in node.names if alias.name == "random"
    ]
    found += [f"{name}:{node.lineno}" for name, node in nodes(ast.ImportFrom) if node.module == "random"]
    found += [
        f"{name}:{node.lineno}" for name, node, callee in calls() if callee.startswith(("np.random", "numpy.random"))
    ]
    assert found == []


def test_an_error_code_means_one_thing():
    codes = Counter(
        statement.value.value
        for _, node in nodes(ast.ClassDef)
        if node.name.endswith("Error")
        for statement in node.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and isinstance(statement.value, ast.Constant)
        and dotted(statement.targets[0] if isinstance(statement, ast.Assign) else statement.target) == "code"
    )
    assert len(codes) > 10
    assert [code for code, count in codes.items() if count > 1] == []


def test_every_error_has_its_http_status():
    def tree(kind):
        return {kind, *(deeper for child in kind.__subclasses__() for deeper in tree(child))}

    ours = {kind for kind in tree(GatewayError) if kind.__module__ == "gateway.errors"}
    assert ours == set(STATUSES)


def test_every_problem_is_documented_with_its_status():
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \|", (ROOT / "docs" / "problems.md").read_text(), re.MULTILINE)
    documented = dict(rows)
    assert len(documented) == len(rows)
    ours = {kind.code: str(int(status)) for kind, status in STATUSES.items()}
    assert ours.items() <= documented.items()
    given = {
        node.args[1].value
        for name, node, callee in calls()
        if name == "gateway/app.py" and callee == "problems.problem" and isinstance(node.args[1], ast.Constant)
    }
    assert given
    assert set(documented) == set(ours) | given


def test_every_setting_is_documented_and_nothing_else():
    text = (ROOT / "docs" / "configuration.md").read_text()
    assert set(re.findall(rf"{PREFIX}([A-Z_]+)", text)) == {name.upper() for name in Settings.model_fields}
    wrong = [
        name for name, field in Settings.model_fields.items() if not field.description or field.description not in text
    ]
    assert wrong == []


def test_vectors_say_where_they_come_from():
    folders = {path.parent for path in (ROOT / "tests" / "vectors").rglob("*") if path.is_file()}
    assert folders
    assert [folder.name for folder in folders if not (folder / "PROVENANCE.md").exists()] == []


def test_no_file_names_a_registry_or_a_neighbour():
    # The pieces are joined here, so that this file does not name what it looks for.
    hosts = [
        ".".join(parts)
        for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("debian", "org"))
    ]
    neighbour = ".." + "/shared"
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked()
        for word in (*hosts, neighbour, "/work" + "/")
        if word in text_of(path)
    ]
    assert found == []


def test_what_only_one_database_engine_understands_stands_in_few_modules():
    vendor = re.compile(
        r"dialect\.name|sqlalchemy\.dialects|startswith\(.sqlite|\bpg_\w+\(|plan_cache_mode"
        r"|\bSKIP LOCKED\b|\bLISTEN \w|REPEATABLE READ|import (psycopg|procrastinate)|from (psycopg|procrastinate)"
    )
    # docs/databases.md says of each what it needs and why; only the first asks which engine it is.
    known = {
        f"gateway/persistence/{name}.py"
        for name in ("engines", "direct", "connecting", "session", "bounded_connections", "queue")
    }
    triggers = "gateway/migrations/0004_log_every_event.py"
    found = {name for name in TREES if name.startswith("gateway/") and vendor.search((ROOT / name).read_text())}
    assert found == known | {triggers}


def test_no_test_is_skipped_or_expected_to_fail():
    marks = re.compile(r"pytest\.(skip|importorskip|xfail|mark\.(skip|skipif|xfail))\b")
    own = Path(__file__)
    found = [path.name for path in tracked() if path.suffix == ".py" and path != own and marks.search(text_of(path))]
    assert found == []


def test_nothing_unfinished_is_left():
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")
    assert [name for name in TREES if words.search((ROOT / name).read_text())] == []


@pytest.mark.timeout(120)
def test_imports_go_down_only():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
