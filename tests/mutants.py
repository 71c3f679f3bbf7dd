"""Mutants of modules, by hand: ``python -m tests.mutants losses penalties``.

A mutant is a module with one place changed: an operator, a condition, a constant, a
statement left out. If all tests pass, nothing has asked for that place: the survivor is
printed, to be killed by a test or argued to be the same. Each mutant is a fork, which
runs the tests that call the function in question, the shortest first, until one fails.
"""

import argparse
import ast
import copy
import gc
import os
import random
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from multiprocessing import get_context
from pathlib import Path
from types import CodeType, FunctionType
from typing import NamedTuple

import pytest

#: modules, which tests (as of pytest's -k), and their files; NumPy's form only
SUITES = [
    (
        ["engine/losses", "engine/penalties"],
        "not fast and (not gradients.py or tanh-None or squared_error-tanh)"
        " or batch_without_weight or weights_of_rows",
        ["engine/test_losses", "engine/test_penalties", "engine/test_gradients"],
    ),
    (["engine/optimizers"], "not fast", ["engine/test_optimizers"]),
    (
        ["engine/early_stopping"],
        "not fast",
        ["engine/test_early_stopping", "engine/test_training_loop"],
    ),
    (
        ["model_selection/_one_se"],
        "one_se or one_standard",
        ["model_selection/test_one_se", "model_selection/test_regularization_path"],
    ),
    (["model_selection/_time"], "", ["model_selection/test_max_time"]),
    (
        ["model_selection/_halving"],
        "halving and not twice[2] or one_metric",
        [
            "model_selection/test_halving",
            "model_selection/test_follow",
            "model_selection/test_max_time",
            "model_selection/test_regularization_path",
        ],
    ),
    (
        [
            f"model_selection/_{name}"
            for name in ("search", "evaluate", "work", "groups")
        ],
        # but those in other processes, and scikit-learn's checks
        "not loky and not multiprocessing and not 2- and not [2] and not learns_checks",
        [
            "model_selection/test_follow",
            "model_selection/test_fused_grid",
            "model_selection/test_fused_search",
            "model_selection/test_halving",
            "model_selection/test_max_time",
        ],
    ),
    (
        ["_cv/_plan", "_cv/_race", "_cv/_report", "_cv/_selection"],
        "",
        ["cv/test_parts", "cv/test_race"],
    ),
]

#: an operator, and what may stand in its place
OPERATORS = """
Lt LtE GtE, LtE Lt Gt, Gt GtE LtE, GtE Gt Lt, Eq NotEq, NotEq Eq, Is IsNot, IsNot Is,
In NotIn, NotIn In, And Or, Or And, Add Sub, Sub Add, Mult Div, Div Mult, FloorDiv Mult,
Mod Mult, Pow Mult, BitOr BitAnd, BitAnd BitOr
"""
OPERATORS = {old: new for old, *new in map(str.split, OPERATORS.split(","))}
#: the same of names
PAIRS = [("min", "max"), ("minimum", "maximum"), ("argmin", "argmax"), ("any", "all")]
PAIRS += [("floor", "ceil"), ("nanmin", "nanmax"), ("sum", "max"), ("zeros", "ones")]
NAMES = dict(PAIRS) | {b: a for a, b in PAIRS}


class Mutant(NamedTuple):
    """A change; ``function`` is the key of the code it is in."""

    line: int
    old: str
    new: str
    place: tuple
    node: ast.AST
    function: tuple | None


def variants(node):
    """What may stand in the place of a node."""
    match node:
        case ast.Compare(ops=[op]):
            return [changed(node, ops=[new]) for new in others(op)]
        case ast.BinOp(op=op) | ast.BoolOp(op=op):
            return [changed(node, op=new) for new in others(op)]
        case ast.AugAssign(op=op):
            return [ast.Pass(), *(changed(node, op=new) for new in others(op))]
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            return [node.operand]
        case ast.Constant(value=bool()):
            return [ast.Constant(not node.value)]
        case ast.Constant(value=int() | float()):
            return [ast.Constant(node.value + 1), ast.Constant(node.value - 1)]
        case ast.If() | ast.While() | ast.IfExp():
            if not isinstance(node.test, ast.Compare | ast.UnaryOp):
                return [changed(node, test=ast.UnaryOp(ast.Not(), node.test))]
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            return [ast.Return(ast.Constant(None))]
        case ast.Expr() | ast.Raise() | ast.Break() | ast.Continue():
            return [ast.Pass()]
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return [ast.Pass()]
        case ast.Name(id=name) if name in NAMES:
            return [changed(node, id=NAMES[name])]
        case ast.Attribute(attr=name) if name in NAMES:
            return [changed(node, attr=NAMES[name])]
    return []


def others(op):
    return [getattr(ast, name)() for name in OPERATORS.get(type(op).__name__, ())]


def changed(node, **fields):
    new = copy.copy(node)
    vars(new).update(fields)
    return new


def mutants(node, function=None):
    """All of a tree, in order."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        within = function
        if isinstance(node, ast.FunctionDef) and field == "body":
            first = min(each.lineno for each in (node, *node.decorator_list))
            within = node.name, first
        for i, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or is_idle(child):
                continue
            for new in variants(child):
                place = (value, i) if isinstance(value, list) else (vars(node), field)
                new = ast.fix_missing_locations(ast.copy_location(new, child))
                lines = [ast.unparse(each).splitlines()[0] for each in (child, new)]
                yield Mutant(child.lineno, *lines, place, new, within)
            yield from mutants(child, within)


def is_idle(node):
    """Docstrings, what only type checkers read, methods that are to be overridden."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    text = ast.unparse(node).splitlines()[0] if isinstance(node, ast.stmt) else ""
    return text in ("if TYPE_CHECKING:", "raise NotImplementedError")


class Target:
    """A module and its mutants."""

    def __init__(self, name):
        self.name, self.path = name, str(Path("sknnreg", name + ".py").resolve())
        self.tree = ast.parse(Path(self.path).read_text())
        self.mutants = list(mutants(self.tree))

    def code(self, number):
        """Of a mutant; once a process, whose tree it changes."""
        (parent, where), new = self.mutants[number][3:5]
        parent[where] = new
        return compile(self.tree, self.path, "exec")

    def find_spec(self, name, path=None, target=None):
        """An importer's: of ``changed`` code in the place of the module's file."""
        if name != "sknnreg." + self.name.replace("/", "."):
            return None
        loader = SourceFileLoader(name, self.path)
        loader.get_code = lambda name: self.changed
        return spec_from_file_location(name, self.path, loader=loader)


def run_tests(suite, *plugins):
    _, which, files = suite
    options = ["-x", "-q", "-s", "-k", which, "-p", "no:cacheprovider"]
    return pytest.main([*options, *(f"tests/{f}.py" for f in files)], plugins=plugins)


def import_anew(suite, target, number):
    """The answer of the tests, in a process that has not imported the package."""
    target.changed = target.code(number)
    sys.meta_path.insert(0, target)
    return run_tests(suite)


class Warm:
    """A plugin: tests are collected once, and run in a fork for each mutant."""

    def __init__(self, chosen):
        self.chosen, self.answers, self.calls, self.seconds = chosen, {}, {}, {}

    def pytest_runtestloop(self, session):
        self.follow(session)
        every = [f for f in gc.get_objects() if isinstance(f, FunctionType)]
        gc.freeze()  # what forks share is not gone through again
        for target, number in self.chosen:
            functions = [f for f in every if f.__code__.co_filename == target.path]
            call = target.path, *(target.mutants[number].function or ())
            items = [item for item in session.items if call in self.calls[item]]
            items.sort(key=self.seconds.get)
            limit = 10 + 3 * sum(self.seconds[item] for item in items)
            task = self.run, items, functions, target, number
            answer = forked(*task, timeout=limit) if len(call) > 1 else ANEW
            self.answers[target, number] = answer
            tell(target, number, answer)
        return True

    def follow(self, session):
        """Run all tests without any change: how long they take, and what they call."""
        paths = {target.path for target, _ in self.chosen}

        def trace(frame, *_):
            code = frame.f_code
            if code.co_filename in paths:
                called.add((code.co_filename, code.co_name, code.co_firstlineno))

        for item in session.items:
            start, called = time.perf_counter(), self.calls.setdefault(item, set())
            sys.settrace(trace)
            run(item)
            sys.settrace(None)
            self.seconds[item] = time.perf_counter() - start
        if session.testsfailed:
            raise SystemExit("the tests fail without any change")

    def run(self, items, functions, target, number):
        codes = {key(code): code for code in nested(target.code(number))}
        for function in functions:
            try:
                function.__code__ = codes[key(function.__code__)]
            except (KeyError, ValueError):  # another closure
                return ANEW
        for item in items:
            run(item)
            if item.session.testsfailed:
                return 1
        return 0


#: not in functions that exist
ANEW = 99


def run(item):
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def key(code):
    return code.co_qualname, code.co_firstlineno


def nested(code):
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from nested(each)


def forked(function, *args, timeout=600):
    """The answer of a function, None if it took too long."""
    start, pid = time.monotonic(), os.fork()
    if not pid:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        answer = 1
        try:
            answer = int(function(*args))
        finally:
            os._exit(answer)
    answer = None
    while answer is None and time.monotonic() < start + timeout:
        done, status = os.waitpid(pid, os.WNOHANG)
        answer = os.waitstatus_to_exitcode(status) if done else time.sleep(0.01)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # and what it has started
    if answer is None:
        os.waitpid(pid, 0)
    return answer


def tell(target, number, answer):
    mutant = target.mutants[number]
    if answer == 0:
        print(f"\n{target.name}:{mutant.line}: {mutant.old}  ->  {mutant.new}", end="")
    sys.stdout.flush()


def warm(suite, names, numbers):
    targets = [Target(name) for name in names]
    plugin = Warm([(t, i) for t in targets for i in numbers[t.name]])
    run_tests(suite, plugin)
    return {(target.name, i): answer for (target, i), answer in plugin.answers.items()}


def survivors(suite, names, args):
    targets = [Target(name) for name in names]
    numbers = {}
    for target in targets:
        lines = args.lines or {mutant.line for mutant in target.mutants}
        found = [i for i, m in enumerate(target.mutants) if m.line in lines]
        n = min(args.sample, len(found))
        numbers[target.name] = sorted(random.Random(args.seed).sample(found, n))
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        answers = pool.submit(warm, suite, names, numbers).result()
    for target in targets:
        mine = {i: answers[target.name, i] for i in numbers[target.name]}
        for i in [i for i, answer in mine.items() if answer == ANEW]:
            mine[i] = forked(import_anew, suite, target, i)
            tell(target, i, mine[i])
        n = list(mine.values()).count(0)
        print(f"\n{target.name}: {n} of {len(mine)} survive", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="parts of their names; all without")
    parser.add_argument("--sample", type=int, default=10**6, help="so many a module")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", type=int, nargs="*", help="mutants of these only")
    args = parser.parse_args()
    for name in ("sklearn.model_selection", "sklearn.datasets", "pandas"):
        import_module(name)  # before the forks, being slow
    for suite in SUITES:
        wanted = args.modules or [""]
        names = [name for name in suite[0] if any(part in name for part in wanted)]
        if names:
            survivors(suite, names, args)


if __name__ == "__main__":
    main()
