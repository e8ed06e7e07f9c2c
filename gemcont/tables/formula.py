"""Covariate formulas such as ``sex*age + sex*I(age**2) + C(site)``, by formulaic, behind a fence.

formulaic evaluates any Python that a formula holds. Here a formula may hold names of columns,
numbers, + - * : ** ( ) and the calls I(), C(), log() only; everything else is refused before
formulaic sees it, so nothing a user types is ever evaluated as code.
"""

import ast
import difflib
import logging
import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from gemcont.errors import GemcontError

log = logging.getLogger(__name__)

_TOKEN = re.compile(r"\s*(?:([A-Za-z_][A-Za-z0-9_]*)|(\d+(?:\.\d+)?)|(\*\*|[-+*:()]))")
_CALLS = {"I", "C", "log"}
_NODES = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    ast.Call,
    ast.Name,
    ast.Constant,
    ast.Load,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Pow,
    ast.USub,
    ast.UAdd,
)
_LONGEST = 2000  # characters


def formula_columns(formula: str, present: Collection[str]) -> list[str]:
    """Return the columns that a formula names.

    Args:
        formula: such as "sex*age + C(site)".
        present: names of the columns there are.

    Raises:
        GemcontError: it names another column or holds anything but what is allowed.
    """
    names = []
    tokens = _tokens(formula)
    for i, name in enumerate(tokens):
        following = tokens[i + 1] if i + 1 < len(tokens) else ""
        called = following == "("
        if not re.match(r"[A-Za-z_]", name):
            if called and re.match(r"[\d)]", name):
                raise GemcontError(f"--covar-formula: '(' after {name!r} is not allowed")
        elif called and name not in _CALLS:
            raise GemcontError(f"--covar-formula: {name}() is not allowed, only I(), C(), log()")
        elif not called and name not in present:
            raise GemcontError(_unknown(name, present))
        elif not called:
            names.append(name)
        if name == "**" and _outside_i(tokens[:i]):
            log.warning(
                "--covar-formula: %s ** %s means interactions, not a power; write I(%s**%s) for it",
                tokens[i - 1],
                following,
                tokens[i - 1],
                following,
            )
        if name == "**" and not following.isdigit():
            raise GemcontError("--covar-formula: ** takes a whole number")
        if name == "**" and int(following) > 9:
            raise GemcontError(f"--covar-formula: power {following} is above 9")
    if not names:
        raise GemcontError("--covar-formula: no column is named")
    if tokens.count("(") != tokens.count(")"):
        raise GemcontError("--covar-formula: the parentheses do not match")
    return list(dict.fromkeys(names))


def _outside_i(before):
    """Return whether the token behind these stands outside I(): there ** is no power."""
    open_calls = []
    for i, token in enumerate(before):
        if token == "(":
            open_calls.append(before[i - 1] if i else "")
        elif token == ")" and open_calls:
            open_calls.pop()
    return not {"I", "log"} & set(open_calls)


def _tokens(formula):
    if len(formula) > _LONGEST:
        raise GemcontError(f"--covar-formula: longer than {_LONGEST} characters")
    tokens, at = [], 0
    while formula[at:].strip():
        match = _TOKEN.match(formula, at)
        if match is None:
            raise GemcontError(
                f"--covar-formula: {formula[at:].strip()[0]!r} is not allowed: only names of "
                "columns (letters, digits and _: rename others), numbers, + - * : ** ( ), I(), "
                "C(), log()"
            )
        tokens.append(match.group().strip())
        at = match.end()
    return tokens


def _unknown(name, present):
    nearest = difflib.get_close_matches(name, present, 1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else f" ({', '.join(list(present)[:8])})"
    return f"--covar-formula: {name!r} is not a column{hint}"


def formula_design(
    formula: str,
    columns: Mapping[str, np.ndarray | list[str]],
    samples: Sequence[str] | None = None,
) -> tuple[np.ndarray, list[str]]:
    """Return design columns (rows, c) and their names, the intercept left out.

    Args:
        formula: as ``formula_columns`` allows it.
        columns: float64 arrays or lists of category names, of equal length and without missing
            values, for every column that the formula names.
        samples: ids of the rows, for messages.

    Raises:
        GemcontError: formulaic cannot read it, or a term has no finite value.
    """
    import pandas as pd
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    text = [name for name, values in columns.items() if isinstance(values, list)]
    _refuse_arithmetic_on(text, formula)
    try:
        parsed = Formula(formula)
        _check_factors(parsed)
        with np.errstate(all="ignore"):
            matrix = parsed.get_model_matrix(pd.DataFrame(columns), context={}, na_action="ignore")
    except (FormulaicError, SyntaxError, ValueError, TypeError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise GemcontError(f"--covar-formula: cannot be read ({reason})") from None
    names = [name for name in matrix.columns if name != "Intercept"]
    if not names:
        raise GemcontError("--covar-formula: no covariate is left of it")
    design = matrix[names].to_numpy(dtype=np.float64)
    _refuse_without_value(design, names, columns, samples)
    return design, names


def _refuse_without_value(design, names, columns, samples):
    """Name the first sample for which a term has no finite value, such as the log of 0."""
    wrong = ~np.isfinite(design)
    if not wrong.any():
        return
    row, column = np.argwhere(wrong)[0]
    of = [name for name in columns if re.search(rf"\b{re.escape(name)}\b", names[column])]
    values = ", ".join(f"{name} is {columns[name][row]}" for name in of)
    where = "" if samples is None else f", sample {samples[int(row)]} the first ({values})"
    raise GemcontError(
        f"--covar-formula: {names[column]} has no finite value for {wrong.any(axis=1).sum()} "
        f"samples{where}"
    )


def _refuse_arithmetic_on(text, formula):
    """Refuse the logarithm or power of categories before formulaic tries."""
    for name in text:
        inside = rf"(?:I|log)\([^()]*\b{name}\b"
        if re.search(inside, formula):
            raise GemcontError(
                f"--covar-formula: {name} holds categories; I() and log() take numbers"
            )


def _check_factors(parsed):
    """Check the syntax tree of every factor that formulaic would evaluate: a second look."""
    for term in parsed:
        for factor in term.factors:
            for node in ast.walk(ast.parse(factor.expr, mode="eval")):
                calls = isinstance(node, ast.Call) and getattr(node.func, "id", "") not in _CALLS
                if calls or not isinstance(node, _NODES) or _is_tower(node):
                    raise GemcontError(f"--covar-formula: {factor.expr!r} is not allowed")


def _is_tower(node):
    """Return whether a node is a power of a power, 9**9**9, which would take for ever."""
    power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
    inside = [n for side in (node.left, node.right) for n in ast.walk(side)] if power else []
    return any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow) for n in inside)
