"""What the columns of a file are: by its dialect, by free-form aliases, by what is asked for."""

import os

from gemcont._text import number_of
from gemcont.errors import GemcontError
from gemcont.tables.dialects import ALIASES, DIALECTS, KNOWN_NAMES, ROLE_OF, ROLES, plain

_P_ROLES = {"p_value", "neg_log_10_p_value", "log_10_p_value"}
# Roles that any file may fill by the free-form aliases, whatever its dialect.
_EVERYWHERE = ("n", "n_cases", "n_controls", "ci_lower", "ci_upper", "ci")
# Columns of the GWAS Catalog's harmonised files, which rule over the author's of the same row.
_HARMONISED = {
    "HM_RSID": "rsid",
    "HM_CHROM": "chromosome",
    "HM_CHR": "chromosome",
    "HM_POS": "base_pair_location",
    "HM_EFFECT_ALLELE": "effect_allele",
    "HM_OTHER_ALLELE": "other_allele",
    "HM_BETA": "beta",
    "HM_ODDS_RATIO": "odds_ratio",
    "HM_CI_LOWER": "ci_lower",
    "HM_CI_UPPER": "ci_upper",
    "HM_EFFECT_ALLELE_FREQUENCY": "effect_allele_frequency",
}


def recognise(path, header, asked, wanted=ROLES, *, general=None):
    """Return (dialect's name, role -> column of the file) of a header.

    header: names of the columns; asked: role -> column, or several of which the first present
    one is taken, which rule over everything in this file; wanted: roles that matter; general: the
    same as asked of several files at once, which a recognised dialect must not contradict. Raises
    GemcontError for an asked column that is not there, for a wanted role that two columns could
    have, and for what contradicts a dialect.
    """
    by_name = {}
    for name in header:
        by_name.setdefault(plain(name), []).append(name)
    dialect = next((d for d in DIALECTS if _signature(d) <= set(by_name)), None)
    if general and dialect is not None:
        asked = asked | _not_contradicted(path, header, dialect, by_name, general)
    elif general:
        asked = general | asked
    asked = {role: _first_present(path, header, role, names) for role, names in asked.items()}
    if dialect is not None:
        found = _of_dialect(dialect, by_name)
    else:
        found = _of_aliases(path, by_name, asked, wanted)
    if _P_ROLES & set(asked):  # a p that is asked for is the only one
        found = {role: name for role, name in found.items() if role not in _P_ROLES}
    found = {role: name for role, name in found.items() if name not in asked.values()}
    found = {role: name for role, name in (found | asked).items() if role in wanted}
    return ("free-form" if dialect is None else dialect.name), found


def harmonised_columns(header):
    """Return role -> column of a GWAS Catalog file's hm_ columns, {} where it has none."""
    return {_HARMONISED[plain(n)]: n for n in header if plain(n) in _HARMONISED}


def looks_like_header(fields):
    """Return whether a line's fields name columns: two of them known, none a number."""
    known = sum(plain(field) in KNOWN_NAMES for field in fields)
    return known >= 2 and not any(number_of(field) is not None for field in fields)


def columns_of_file(columns, path, name, number, *, alone):
    """Return (asked, general) of ``--columns`` for one of several files, as ``recognise`` takes.

    columns: role -> column for all files, and "FILE:role" -> column for one, FILE being its path,
    its name without folders, the cohort's name or its number from 1; in Python also FILE -> dict.
    alone: whether there is but this file, so that what is general is its own.
    """
    own, general = {}, {}
    names = {str(path), os.path.basename(str(path)), str(name), str(number)}
    for file, role, column in flat_columns(columns):
        if file is None:
            general[role] = column
        elif file in names:
            own[role] = column
    return (general | own, {}) if alone else (own, general)


def refuse_unknown_files(columns, paths, names):
    """Raise GemcontError where ``--columns`` names a file that is none of those given."""
    known = set()
    for number, (path, name) in enumerate(zip(paths, names, strict=True), 1):
        known |= {str(path), os.path.basename(str(path)), str(name), str(number)}
    for file, role, column in flat_columns(columns):
        if file is not None and file not in known:
            raise GemcontError(
                f"--columns {file}:{role}={column}: {file} is no file or cohort here (nor a number "
                f"from 1 to {len(paths)})"
            )


def flat_columns(columns):
    """Return (file or None, role, column) of every entry of ``--columns``; GemcontError if none."""
    found = []
    for key, value in (columns or {}).items():
        if isinstance(value, dict):
            found += [(str(key), role, column) for role, column in value.items()]
        else:
            file, colon, role = str(key).rpartition(":")
            found.append((file if colon else None, role, value))
    for _, role, _ in found:
        if role not in ROLES:
            raise GemcontError(f"--columns: {role!r} is no role; they are {', '.join(ROLES)}")
    return found


def _signature(dialect):
    return {plain(name) for name in dialect.signature.split()}


def _not_contradicted(path, header, dialect, by_name, general):
    """Of columns asked of all files, those that a file of a dialect has and knows no role for."""
    theirs, added = _of_dialect(dialect, by_name), {}
    for role, names in general.items():
        present = [n for n in ([names] if isinstance(names, str) else names) if n in header]
        if present and role in theirs and theirs[role] != present[0]:
            raise GemcontError(
                f"--columns {role}={present[0]}: {path} is a file of {dialect.name}, whose {role} "
                f"is {theirs[role]}; say which file it is meant for: --columns FILE:{role}=NAME"
            )
        if present and role not in theirs:
            added[role] = present[0]
    return added


def _first_present(path, header, role, names):
    names = [names] if isinstance(names, str) else names
    present = [name for name in names if name in header]
    if not present:
        wanted = " or ".join(map(repr, names))
        raise GemcontError(f"{path}: has no column {wanted} for {role}; {shown(header)}")
    return present[0]


def refuse_missing(path, header, found, needed):
    """Raise GemcontError where a needed role has no column."""
    for role in needed:
        if role in found:
            continue
        if role == "neg_log_10_p_value":
            raise GemcontError(
                f"{path}: no column of p values; name it by --columns p_value=NAME (or "
                f"neg_log_10_p_value=NAME if it holds -log10 p): {shown(header)}"
            )
        hint = ""
        if role.endswith("allele") and "ALLELE1" in map(plain, header):
            hint = " (Allele1 alone does not say whether it is the effect allele)"
        raise GemcontError(
            f"{path}: no column for {role}{hint}; say which by --columns {role}=NAME: "
            f"{shown(header)}"
        )


def shown(header, most=20):
    """A header for a message."""
    return f"its header is {' '.join(header[:most])}{' ...' if len(header) > most else ''}"


def _of_dialect(dialect, by_name):
    found = {}
    for role, names in dialect.columns.items():
        present = [by_name[plain(n)][0] for n in names if plain(n) in by_name]
        if present:
            found[role] = present[0]
    taken = set(found.values())
    for role in _EVERYWHERE:
        present = [by_name[n][0] for n in ALIASES[role].split() if n in by_name]
        if role not in found and present and present[0] not in taken:
            found[role] = present[0]
    return found


def _of_aliases(path, by_name, asked, wanted):
    """Roles of a header by the free-form aliases, asked ones aside."""
    claims = {}
    for name, columns in by_name.items():
        role = ROLE_OF.get(name)
        if role in wanted and role not in asked:
            claims.setdefault(role, []).extend(c for c in columns if c not in asked.values())
    for role, columns in claims.items():
        if len(columns) > 1:
            raise GemcontError(
                f"{path}: columns {' and '.join(columns)} could both be {role}; say which by "
                f"--columns {role}={columns[0]}"
            )
    return {role: columns[0] for role, columns in claims.items() if columns}
