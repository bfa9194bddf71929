"""Which tests there are, for pages that name them."""

import ast
from functools import cache
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]


@cache
def defined() -> dict[str, set[str]]:
    """Return the names of all tests by their files, as a page writes them: ``tests/test_init.py``."""
    return {
        path.relative_to(TESTS.parent).as_posix(): {
            node.name
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if node.name.startswith("test_")
        }
        for path in TESTS.rglob("test_*.py")
    }


def missing(test: str) -> bool:
    """Say whether ``tests/test_init.py::test_x`` names no test."""
    path, _, name = test.partition("::")
    return name not in defined().get(path, ())
