"""The house's own rules: short modules, short functions, few parameters."""

import ast
from pathlib import Path

import pytest

import simulator

ROOT = Path(simulator.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
MODULE_LINES, FUNCTION_LINES, PARAMETERS = 400, 45, 6

# The compiled event loop is one machine in marked sections; splitting it would hide the order of its parts.
EXCEPTIONS = {"engine/events.py:run_loop"}
LONG_MODULES = {"engine/events.py"}


def functions(module: Path):
    """Yield (name, node) of every function in a module."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{module.relative_to(ROOT)}:{node.name}", node


def body_lines(node: ast.FunctionDef) -> int:
    """Lines from the first statement after the docstring to the end."""
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_are_short(module):
    """A module holds one idea, in at most 400 lines, but for the declared exception."""
    if str(module.relative_to(ROOT)) in LONG_MODULES:
        return
    assert len(module.read_text().splitlines()) <= MODULE_LINES


def test_functions_are_short():
    """A function's body has at most 45 lines, but for the declared exception."""
    long = {name: body_lines(node) for module in MODULES for name, node in functions(module)}
    too_long = {name: lines for name, lines in long.items() if lines > FUNCTION_LINES and name not in EXCEPTIONS}
    assert not too_long


def test_functions_take_few_parameters():
    """A function takes at most six parameters; a command takes one for each of its options."""
    many = {
        name: len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs)
        for module in MODULES
        for name, node in functions(module)
        if not name.startswith("cli/")
    }
    assert not {name: count for name, count in many.items() if count > PARAMETERS + ("self" in name)}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_names_are_listed_and_sorted(module):
    """A module that defines anything public lists it in a sorted `__all__`."""
    tree = ast.parse(module.read_text())
    listed = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
    ]
    defines = any(
        isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") for node in tree.body
    )
    if defines:
        assert listed, "no __all__"
        assert listed[0] == sorted(listed[0], key=lambda name: (not name.isupper(), not name[0].isupper(), name))
