"""The plan of the house, held by tests: who may import whom, and what a file may say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOREST = sorted((ROOT / "forum").rglob("*.py"))
FLOORS = {
    "core": 0,
    "worker": 1, "activity": 1, "accounts": 1, "discussion": 1,
    "case_studies": 2, "resources": 2, "suggestions": 2,
    "moderation": 3, "following": 3, "feeds": 3, "search": 3, "insight": 3,
    "pages": 4, "api": 4, "postbox": 4,
    "seed": 5, "cli": 5, "serving": 5, "": 5,
}  # fmt: skip
WITHIN_ONE = {("accounts", "activity"), ("discussion", "activity"), ("discussion", "accounts")}
DOORS = {
    "forum.case_studies.upkeep",
    "forum.discussion.beside",
    "forum.discussion.nearest",
}  # besides models: made for those above and the commands
INSIDE = {"views": 3, "forms": 2, "models": 1}
DRAWERS = {"utils", "helpers", "common", "misc", "services", "manager", "managers"}


def module_of(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(module: str) -> str:
    """`forum.accounts.views` is of `accounts`; `forum` itself is of ``."""
    return (module.split(".") + [""])[1]


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def known(module: str) -> str:
    """The module that an import names: `from forum.core import db` names forum.core.db."""
    path = ROOT.joinpath(*module.split("."))
    return (
        module
        if path.with_suffix(".py").exists() or (path / "__init__.py").exists()
        else module.rpartition(".")[0]
    )


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (known(alias.name) for alias in node.names if alias.name.split(".")[0] == "forum")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "forum":
            yield from {known(f"{node.module}.{alias.name}") for alias in node.names}


@pytest.mark.parametrize("path", FOREST, ids=module_of)
def test_imports_go_down_and_in_by_the_front_door(path: Path) -> None:
    mine = module_of(path)
    here = package_of(mine)
    assert here in FLOORS, f"{here} is on no floor"
    if here == "":
        return  # create_app, the only file that sees everything
    for module in imports(path):
        there = package_of(module)
        if there in (here, "core") and here != "core":
            continue
        down = FLOORS[there] < FLOORS[here] or (here, there) in WITHIN_ONE or here == there == "core"
        down = down or (FLOORS[here] == 5 and there in ("seed", ""))
        assert down, f"{mine} imports {module}: up or sideways"
        door = re.fullmatch(r"forum\.(core\..+|seed\..+|\w+\.models(\..+)?)", module) or there in ("core", "")
        door = door or module in DOORS
        assert door, f"{mine} imports {module}: another package is entered by its models"


@pytest.mark.parametrize("path", FOREST, ids=module_of)
def test_inside_a_package_views_see_forms_and_forms_see_models(path: Path) -> None:
    mine = module_of(path).split(".")
    if len(mine) < 3 or mine[2] not in INSIDE or mine[1] == "core":
        return
    for module in imports(path):
        parts = module.split(".")
        if len(parts) > 2 and parts[1] == mine[1] and parts[2] in INSIDE:
            assert INSIDE[parts[2]] <= INSIDE[mine[2]], f"{'.'.join(mine)} imports {module}"


@pytest.mark.parametrize("path", [p for p in FOREST if "/models" in str(p)], ids=module_of)
def test_models_know_no_request(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module in ("flask", "flask_login"):
            names = {alias.name for alias in node.names}
            assert not names & {"request", "session", "current_user"}, f"{path} reads {names}"


@pytest.mark.parametrize("path", FOREST, ids=module_of)
def test_no_import_inside_a_function_and_none_relative(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
            assert not inner, f"{path}:{node.lineno} imports inside a function"


def test_no_import_circle() -> None:
    graph = {module_of(path): set(imports(path)) - {module_of(path)} for path in FOREST}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join([*way, module])
        if module in done or module not in graph:
            return
        for other in graph[module]:
            if other != "forum" and not module.startswith(f"{other}."):
                visit(other, (*way, module))
        done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", FOREST, ids=module_of)
def test_only_markup_makes_markup_and_only_db_commits_a_request(path: Path) -> None:
    text, name = path.read_text("utf-8"), module_of(path)
    if not name.startswith("forum.core.markup"):
        assert not re.search(r"\bMarkup\(|^import (bleach|nh3)|^from (bleach|nh3)", text, re.MULTILINE), name
    views = ("views", "writing", "settings", "team", "acts", "reports", "texts")
    if name.endswith((*views, "models")) or ".models." in name:
        assert ".commit(" not in text, f"{name} commits: core/db does, after the request"


def test_no_drawer_without_a_noun_and_no_template_that_says_safe() -> None:
    assert not [path for path in FOREST if path.stem in DRAWERS or path.parent.name in DRAWERS]
    for path in (ROOT / "templates").rglob("*"):
        if path.is_file():
            text = path.read_text("utf-8")
            assert not re.search(r"\|\s*safe\b|autoescape\s+false", text), path
            assert not re.search(r"\sstyle=|<style|\son\w+=", text), f"{path}: inline style or handler"
            assert not re.search(r"<script(?![^>]*\ssrc=)", text), f"{path}: inline script"


def test_the_readme_names_every_setting() -> None:
    settings = set(re.findall(r'env(?:\.get\(|, )"([A-Z_]+)"', (ROOT / "config.py").read_text("utf-8")))
    table = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE))
    assert settings == table
