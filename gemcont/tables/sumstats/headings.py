"""A file's header -> the role of each column: by its program, else by the free-form aliases."""

import logging
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from gemcont.errors import GemcontError
from gemcont.tables.sumstats.dialects import (
    ALIASES,
    BEHIND_DIALECTS,
    DIALECTS,
    EFFECT_BY_CONTROLS,
    HARMONISED,
    ROLES,
)

log = logging.getLogger(__name__)

FREE_FORM = "free-form"
_P_ROLES = {"p_value", "neg_log_10_p_value", "log_10_p_value"}
_ROLE_OF = {alias: role for role, names in ALIASES.items() for alias in names.split()}
_NEXT = "\x1f"  # between a role and the number of its second, third ... column
# What a role of the harmonised columns stands for.
_STANDS_FOR = {"hm_rsid": "variant_id"} | {r: r[3:] for r in HARMONISED if r != "hm_rsid"}
# Where one of two traits, genes or models of a variant is told, for messages.
_TELLING = re.compile("TRAIT|PHENO|GENE|PROBE|MODEL|TEST|TISSUE|EXPOSURE|OUTCOME|PROTEIN")


def plain(name: str) -> str:
    """Return a column's name as it is compared: upper case, no #, _ for every other sign."""
    return re.sub(r"[^A-Z0-9]+", "_", name.strip().lstrip("#").upper())


def base_role(key: str) -> str:
    """Return the role of a key of ``recognise``: of the second column of a role, that role."""
    return key.partition(_NEXT)[0]


def recognise(
    path: str,
    header: Sequence[str],
    explicit: Mapping[str, str | Sequence[str]],
    *,
    firm: Collection[str] = (),
) -> tuple[str, dict[str, str]]:
    """Recognise a header: return the dialect's name, and key -> column of the file.

    Keys are roles, numbered where each row takes the first filled of several columns.

    Args:
        path: the file, for messages.
        header: names of the columns.
        explicit: role -> column named by the user, or several of which the first present one is
            taken; these rule.
        firm: roles of ``explicit`` that may not contradict a recognised dialect.

    Raises:
        GemcontError: an explicit column that is not there, a role that two columns could have, or a
            contradiction.
    """
    by_name: dict[str, list[str]] = {}
    for name in header:
        by_name.setdefault(plain(name), []).append(name)
    dialect = _dialect_of(by_name)
    roles = {} if dialect is None else _of_dialect(dialect, by_name)
    if dialect is not None:
        explicit = _without_contradiction((path, header), explicit, firm, roles, dialect)
    explicit = {role: _first_present(path, header, role, names) for role, names in explicit.items()}
    if dialect is None:
        roles = _of_aliases(path, by_name, explicit)
    roles |= _harmonised(by_name)
    if _P_ROLES & set(explicit):  # a p that is asked for is the only one
        roles = {key: name for key, name in roles.items() if key not in _P_ROLES}
    ruled = {*explicit, *(f"hm_{role}" for role in explicit)}
    roles = {
        key: name
        for key, name in roles.items()
        if name not in explicit.values() and base_role(key) not in ruled
    }
    return (FREE_FORM if dialect is None else dialect.name), roles | explicit


def _dialect_of(by_name):
    for dialect in DIALECTS:
        if {plain(n) for n in dialect.signature.split()} <= set(by_name):
            return dialect
    return None


def _first_present(path, header, role, names):
    names = [names] if isinstance(names, str) else names
    present = [name for name in names if name in header]
    if not present:
        wanted = " or ".join(map(repr, names))
        raise GemcontError(f"{path}: has no column {wanted} for {role}; {shown(header)}")
    return present[0]


def _without_contradiction(file, explicit, firm, roles, dialect):
    """Drop firm roles whose column the file lacks and which its dialect fills anyway.

    file: its path and header; roles: what the dialect fills. Raises GemcontError where a firm role
    is given a column that the dialect reads as another role.
    """
    (path, header), kept = file, dict(explicit)
    for role, name in explicit.items():
        own = roles.get(role)
        if role not in firm:
            continue
        if name not in header:
            if own is not None:
                del kept[role]
            continue
        is_of = next((base_role(key) for key, column in roles.items() if column == name), role)
        if is_of != role or own not in (None, name):
            is_now = f"{role} is {own}" if own else f"{name} is {is_of}"
            raise GemcontError(
                f"--columns {role}={name} contradicts {path}, which is read as {dialect.name} "
                f"({is_now} there); say whose column it is: --columns FILE:{role}={name}"
            )
    return kept


def _of_dialect(dialect, by_name):
    roles = {}
    for role, names in dialect.columns.items():
        present = [by_name[plain(n)][0] for n in names if plain(n) in by_name]
        roles |= _keyed(role, present[:1] if role in _P_ROLES else present)
    taken = set(roles.values())
    for role in BEHIND_DIALECTS:
        if role in roles or (role == "variant_id" and "rsid" in roles):
            continue
        columns = [by_name[n][0] for n in ALIASES[role].split() if n in by_name]
        roles |= _keyed(role, [c for c in columns if c not in taken][:1])
    return roles


def _keyed(role, columns):
    """Return key -> column of the columns of one role, in their order."""
    return {role + (f"{_NEXT}{i}" if i else ""): name for i, name in enumerate(columns)}


def _of_aliases(path, by_name, explicit):
    """Return the roles of a header by the free-form aliases, explicit ones aside."""
    claims = {}
    for name, columns in by_name.items():
        role = _ROLE_OF.get(name)
        if role in ROLES and role not in explicit:
            claims.setdefault(role, []).extend(c for c in columns if c not in explicit.values())
    for role, columns in claims.items():
        if len(columns) > 1:
            raise GemcontError(
                f"{path}: columns {' and '.join(columns)} could both be {role}; say which by "
                f"--columns {role}={columns[0]}"
            )
    roles = {role: columns[0] for role, columns in claims.items() if columns}
    return _without_nameless_alt(path, roles, explicit)


def _without_nameless_alt(path, roles, explicit):
    """Leave out the frequency of ALT or REF where no column says which allele that is."""
    if {"ref", "alt"} & {*roles, *explicit} or "effect_allele" not in {*roles, *explicit}:
        return roles
    for role in ("alt_allele_frequency", "ref_allele_frequency"):
        name = roles.pop(role, None)
        if name is not None and "effect_allele_frequency" not in {*roles, *explicit}:
            log.warning(
                "%s: %s is the frequency of an allele that no column names: not used (if it is "
                "that of the effect allele: --columns effect_allele_frequency=%s)",
                path,
                name,
                name,
            )
    return roles


def _harmonised(by_name):
    roles = {}
    for role, names in HARMONISED.items():
        present = [by_name[n][0] for n in names.split() if n in by_name]
        if present:
            roles[role] = present[0]
    return roles


def refuse_columns(columns: Mapping | None) -> None:
    """Raise GemcontError for what is no dict of (FILE:)role -> name, or names, of columns."""
    for key, names in (columns or {}).items():
        role = key.rpartition(":")[2] if isinstance(key, str) else key
        if role not in ROLES:
            raise GemcontError(f"--columns: {role!r} is no role; there are {', '.join(ROLES)}")
        several = names if isinstance(names, (list, tuple)) else [names]
        if not several or not all(isinstance(name, str) for name in several):
            raise GemcontError(f"--columns: {names!r} is no name of a column for {role}")


def columns_of(
    columns: Mapping[str, str | Sequence[str]] | None,
    path: object,
    name: str,
    number: int,
    *,
    alone: bool = False,
) -> dict[str, Any]:
    """Return the part of ``--columns`` that is one file's, as ``Sumstats`` takes it.

    Args:
        columns: role -> column of all files; "FILE:role" -> column of one, which rules.
        path: the file, by which FILE may name it (a DataFrame has none).
        name: name of the cohort, by which FILE may name it.
        number: number of the cohort from 1, by which FILE may name it.
        alone: whether there is no other cohort, so that what is said of all is said of it.
    """
    shared, own = {}, {}
    known = _names_of(path, name, number)
    for key, column in (columns or {}).items():
        file, colon, role = key.rpartition(":")
        if not colon:
            shared[role] = column
        elif file in known:
            own[role] = column
    return {"columns": shared | own, "firm": () if alone else set(shared) - set(own)}


def refuse_unknown_files(
    columns: Mapping[str, object] | None, paths: Sequence, names: Sequence[str]
) -> None:
    """Raise GemcontError for a FILE of ``columns`` that is none of the cohorts."""
    files = enumerate(zip(paths, names, strict=True), 1)
    known = {key for number, pair in files for key in _names_of(*pair, number)}
    for key in columns or {}:
        file, colon, _ = key.rpartition(":")
        if colon and file not in known:
            raise GemcontError(f"--columns: {file} is none of the files ({', '.join(names)})")


def _names_of(path, name, number):
    """Return what a cohort's file can be called: its name, number, path or the path's last part."""
    names = {name, str(number)}
    if isinstance(path, (str, os.PathLike)):
        names |= {os.fspath(path), os.path.basename(path)}
    return names


def given_roles(keys: Iterable[str]) -> set[str]:
    """Return the roles that columns of these keys can fill, those that follow from others too."""
    roles = {base_role(key) for key in keys}
    roles |= {_STANDS_FOR[role] for role in roles & set(_STANDS_FOR)}
    for makers, made in (
        ({"ref", "alt"}, {"effect_allele", "other_allele"}),
        ({"odds_ratio"}, {"beta"}),
        ({"hazard_ratio"}, {"beta"}),
        ({EFFECT_BY_CONTROLS}, {"beta"}),
        ({"p_value"}, {"neg_log_10_p_value"}),
        ({"log_10_p_value"}, {"neg_log_10_p_value"}),
        ({"ci"}, {"standard_error"}),
        ({"ci_lower", "ci_upper"}, {"standard_error"}),
        ({"rsid"}, {"variant_id"}),
    ):
        if makers <= roles:
            roles |= made
    return roles


def refuse_missing(
    path: str, header: Sequence[str], given: Collection[str], needed: Iterable[str]
) -> None:
    """Raise GemcontError where a needed role has no column.

    Args:
        path: the file, for messages.
        header: names of its columns.
        given: roles that they fill.
        needed: roles without which the file is of no use.
    """
    for role in needed:
        if role in given:
            continue
        if role == "neg_log_10_p_value":
            raise GemcontError(
                f"{path}: no column of p values; name it by --columns p_value=NAME (or "
                f"neg_log_10_p_value=NAME if it holds -log10 p): {shown(header)}"
            )
        hint, way = "", ""
        if role.endswith("allele") and "ALLELE1" in map(plain, header):
            hint = " (Allele1 alone does not say whether it is the effect allele)"
        if role == "standard_error" and {"beta", "neg_log_10_p_value"} <= set(given):
            way = ", or take it from the effect and its p by --se-from-p"
        if role in ("chromosome", "base_pair_location") and "variant_id" in given:
            way = ", or match by ids with --match id"
        raise GemcontError(
            f"{path}: no column for {role}{hint}; say which by --columns {role}=NAME{way}: "
            f"{shown(header)}"
        )


def telling_columns(header: Sequence[str], used: Collection[str]) -> list[str]:
    """Return the columns that may say which trait, gene or model a row is of."""
    return [name for name in header if name not in used and _TELLING.search(plain(name))]


def shown(header: Sequence[str], most: int = 20) -> str:
    """Return a header for a message."""
    return f"its header is {' '.join(header[:most])}{' ...' if len(header) > most else ''}"
