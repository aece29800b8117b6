"""Every public function and class of linearizer_core has an example in its docstring, and it runs."""

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest
import torch

import linearizer_core

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(linearizer_core.__path__, "linearizer_core.")
    if not module.name.rsplit(".")[-1].startswith("_")
)


def public(module):
    """The functions and classes that the module defines itself, by name."""
    for name, thing in vars(module).items():
        own = not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__
        if own and (inspect.isclass(thing) or inspect.isroutine(inspect.unwrap(thing))):
            yield name, thing


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    torch.set_default_dtype(torch.float32)  # as a reader would type them
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    results = doctest.testmod(importlib.import_module(name), optionflags=flags)
    assert results.failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_has_an_example(name):
    module = importlib.import_module(name)
    missing = [thing for thing, value in public(module) if ">>>" not in (value.__doc__ or "")]
    assert not missing, f"{name}: no example in the docstring of {', '.join(missing)}"


def test_the_finder_of_public_things_finds_them():
    from linearizer_core.algebra import inverse

    assert dict(public(inverse)).keys() >= {"pinv", "default_rtol"}  # also functions with rules per type


def test_importing_the_core_does_nothing():
    script = (
        "import torch; before = (torch.get_default_dtype(), torch.initial_seed(), torch.is_grad_enabled())\n"
        "import sys, linearizer_core, linearizer_core.diagnostics\n"
        "assert before == (torch.get_default_dtype(), torch.initial_seed(), torch.is_grad_enabled())\n"
        "assert not torch.cuda.is_initialized()\n"
        "assert not {'gradio', 'matplotlib', 'plotly', 'sklearn'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
