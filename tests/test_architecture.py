"""The house rules that a machine can read off the source files."""

import ast
import functools
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "sktsgen"
FILES = sorted(PACKAGE.rglob("*.py"))

# From the top down: an import may point to a lower row, never up and never across one.
ROWS = (
    {"compose", "plotting"},
    {"estimators"},
    {"transformers", "metrics"},
    {"training", "decoding", "diffusion"},
    {"nn", "data"},
    {"persistence"},
    {"ops", "exceptions", "_sklearn_compat"},
)
LEVEL = {room: -row for row, rooms in enumerate(ROWS) for room in rooms}
# The arrows that point up all the same; only inside a function, so that no room needs the other to
# be imported. A report draws itself when it is asked to.
LAZY = {("metrics", "plotting")}
# They may use every room and no room uses them.
GUESTS = {"datasets", "testing"}

FORBIDDEN_CALLS = {
    "print",
    "breakpoint",
    "np.random.seed",
    "numpy.random.seed",
    "random.seed",
    "torch.manual_seed",
    "torch.cuda.manual_seed",
    "torch.cuda.manual_seed_all",
    "torch.random.manual_seed",
    "torch.random.fork_rng",
    "torch.set_default_device",
    "torch.set_default_dtype",
    "torch.set_num_threads",
}


class Import(NamedTuple):
    """One imported name: `from module import name`, or `import module` with an empty name."""

    line: int
    module: str
    name: str


@functools.cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports_of(tree: ast.Module) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (Import(node.lineno, module, alias.name) for alias in node.names)


def rooms_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and room of every import from the package itself."""
    for line, module, name in imports_of(tree):
        parts = [*module.split("."), name] if name else module.split(".")
        if parts[0] == "sktsgen" and parts[1:] != ["__version__"]:
            yield line, parts[1] if len(parts) > 1 else "sktsgen"


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def wrong_arrows(room: str, tree: ast.Module) -> list[str]:
    """Imports of `tree`, a file of `room`, that point up, across or to a guest."""
    lazy = lines_in_functions(tree)
    return [
        f"line {line}: {room} imports {other}"
        for line, other in rooms_of(tree)
        if other != room
        and not LEVEL.get(other, 1) < LEVEL[room]
        and not ((room, other) in LAZY and line in lazy)
    ]


def lines_in_functions(tree: ast.Module) -> set[int]:
    return {
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }


def private_scikit_learn(tree: ast.Module) -> list[str]:
    return [
        f"line {line}: {module}.{name}"
        for line, module, name in imports_of(tree)
        if module.split(".")[0] == "sklearn"
        and any(part.startswith("_") for part in [*module.split("."), name])
    ]


def private_files(room: str, tree: ast.Module) -> list[str]:
    """Imports that reach past the door of another room."""
    return [
        f"line {line}: {module}"
        for line, module, _ in imports_of(tree)
        if module.startswith("sktsgen.")
        and module.split(".")[1] != room
        and any(part.startswith("_") for part in module.split(".")[2:])
    ]


def forbidden_calls(tree: ast.Module) -> list[str]:
    return [
        f"line {node.lineno}: {name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (name := ast.unparse(node.func)) in FORBIDDEN_CALLS
    ]


def body_length(function: ast.FunctionDef) -> int:
    """Lines of a function's body, its docstring aside."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


def assigned_names(tree: ast.Module) -> list[str]:
    assignments = [node for node in tree.body if isinstance(node, ast.Assign)]
    return [ast.unparse(target) for node in assignments for target in node.targets]


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


every_file = pytest.mark.parametrize("path", FILES, ids=name_of)
every_room_file = pytest.mark.parametrize(
    "path", [path for path in FILES if room_of(path) in LEVEL], ids=name_of
)


@every_room_file
def test_imports_point_down(path):
    assert wrong_arrows(room_of(path), parse(path)) == []


def test_arrows_that_are_excused_are_drawn():
    drawn = {(room_of(path), other) for path in FILES for _, other in rooms_of(parse(path))}
    assert drawn >= LAZY


@every_file
def test_every_file_stands_in_a_known_room(path):
    assert room_of(path) in {*LEVEL, *GUESTS, "__init__"}


@every_file
def test_no_import_is_relative(path):
    assert [found for found in imports_of(parse(path)) if found.module.startswith(".")] == []


@every_file
def test_rooms_are_entered_by_their_door(path):
    assert private_files(room_of(path), parse(path)) == []


@every_file
def test_private_scikit_learn_is_imported_in_one_file(path):
    found = private_scikit_learn(parse(path))
    assert bool(found) == (name_of(path) == "_sklearn_compat.py"), found


@every_file
def test_nothing_prints_or_touches_global_state(path):
    assert forbidden_calls(parse(path)) == []


@every_file
def test_file_is_within_400_lines(path):
    n_lines = len(path.read_text(encoding="utf-8").splitlines())
    assert n_lines <= 400


@every_file
def test_nothing_is_left_to_do(path):
    text = path.read_text(encoding="utf-8")
    assert not [word for word in ("TODO", "FIXME", "XXX") if word in text]


@pytest.mark.parametrize("path", [path for path in FILES if path.parent != PACKAGE], ids=name_of)
def test_files_of_a_room_are_private_and_its_door_lists_all(path):
    if path.name == "__init__.py":
        assert "__all__" in assigned_names(parse(path))
    else:
        assert path.name.startswith("_")


def test_there_is_no_room_for_everything():
    assert not [path for path in FILES if path.stem.strip("_") in {"utils", "helpers", "misc"}]


def test_half_of_all_functions_fit_in_8_lines_and_nine_in_ten_in_25():
    lengths = [
        body_length(node)
        for path in FILES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef)
    ]
    deciles = statistics.quantiles(lengths, n=10)
    assert (deciles[4] <= 8, deciles[8] <= 25) == (True, True), deciles


def test_import_is_light():
    """The extras stay out until something asks for them."""
    extras = ("dask", "hypothesis", "matplotlib", "statsmodels")
    code = f"import sys, sktsgen; print(*[name for name in {extras} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("ops", "from sktsgen.nn import KVCache"),
        ("nn", "from sktsgen.data import Panel"),
        ("nn", "import sktsgen.data"),
        ("estimators", "from sktsgen import load"),
        ("metrics", "from sktsgen.datasets import make_ar1"),
        ("persistence", "def f():\n    from sktsgen import data"),
        ("metrics", "from sktsgen.plotting import FidelityDisplay"),
        ("data", "def f():\n    from sktsgen.plotting import FidelityDisplay"),
    ],
)
def test_a_wrong_arrow_is_seen(room, source):
    assert len(wrong_arrows(room, ast.parse(source))) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("nn", "from sktsgen.ops import rotate"),
        ("data", "from sktsgen.persistence import register"),
        ("estimators", "from sktsgen import __version__"),
        ("nn", "from sktsgen.nn._cache import KVCache"),
        ("metrics", "def f():\n    from sktsgen.plotting import FidelityDisplay"),
    ],
)
def test_a_right_arrow_passes(room, source):
    assert wrong_arrows(room, ast.parse(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "from sklearn.base import _fit_context",
        "from sklearn.utils._param_validation import Interval",
        "import sklearn.utils._tags",
    ],
)
def test_a_private_name_of_scikit_learn_is_seen(source):
    assert len(private_scikit_learn(ast.parse(source))) == 1
