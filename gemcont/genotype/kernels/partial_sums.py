"""Inner loop of the product: partial sums looked up by the bits of a .bed, never decoded.

What three genotypes add to a row of columns is one of 64 rows, indexed by their six bits. 64 bits
of a .bed are ten threes and a pair: eleven rows, loaded from a table near the processor and added,
stand for 32 x columns multiply-adds. A load feeds 48 multiply-adds, where a product of decoded
genotypes makes 16 in an instruction of the same width.

Written in LLVM's own vectors, which every processor's registers are cut from: Numba's loops over
arrays lose two thirds of the speed here, to checks of overlap and of negative indices.
"""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

SAMPLES = 32  # in a 64-bit word
RUNS = (3,) * 10 + (2,)  # samples that share a table, from the lowest bits up
ROWS = sum(4**run for run in RUNS)  # of all tables of a word
_STARTS = [sum(4**run for run in RUNS[:i]) for i in range(len(RUNS))]
_INT = ir.IntType(64)


@intrinsic
def fill_tables(typing_context: Any, limbs: Any, stride: Any, tables: Any, lanes: Any) -> Any:
    """Fill the tables of 32 samples: row ``code`` of a run holds the sum of its dosages x columns.

    Codes are those of a .bed; missing adds nothing.

    Args:
        limbs: address of int32 rows, one a sample.
        stride: bytes between the rows.
        tables: address of int32 (ROWS, lanes), aligned to 64 bytes.
        lanes: number of columns that are taken, a literal.
    """

    def _emit(builder, n_lanes, limbs, stride, tables):
        vector = _vector(n_lanes)
        sample = 0
        for run, start in zip(RUNS, _STARTS, strict=True):
            rows = [ir.Constant(vector, [0] * n_lanes)]
            for _ in range(run):
                address = builder.add(limbs, builder.mul(stride, _INT(sample)))
                one = _load(builder, address, vector, 4)
                two = builder.add(one, one)
                # Codes 00 two effect alleles, 01 missing, 10 one, 11 none; later samples higher.
                rows = [
                    *(builder.add(row, two) for row in rows),
                    *rows,
                    *(builder.add(row, one) for row in rows),
                    *rows,
                ]
                sample += 1
            for i, row in enumerate(rows):
                _store(builder, row, builder.add(tables, _INT(4 * n_lanes * (start + i))))

    return _signature(types.int64, types.int64, types.int64, lanes, emit=_emit)


@intrinsic
def add_partial_sums(typing_context: Any, word: Any, tables: Any, sums: Any, lanes: Any) -> Any:
    """Add to a variant's sums what 32 of its samples add.

    Args:
        word: 64 bits of a .bed.
        tables: address of what ``fill_tables`` filled.
        sums: address of int32 (lanes,), aligned.
        lanes: number of columns, a literal.
    """

    def _emit(builder, n_lanes, word, tables, sums):
        vector = _vector(n_lanes)
        parts, shift = [_load(builder, sums, vector)], 0
        for run, start in zip(RUNS, _STARTS, strict=True):
            # the run's 4 or 6 bits
            code = builder.and_(builder.lshr(word, _INT(shift)), _INT(4**run - 1))
            first = builder.add(tables, _INT(4 * n_lanes * start))  # of the run's table
            address = builder.add(first, builder.mul(code, _INT(4 * n_lanes)))
            parts.append(_load(builder, address, vector))
            shift += 2 * run
        while len(parts) > 1:  # a tree: sums of integers have no order
            pairs = zip(parts[::2], parts[1::2], strict=False)
            odd = parts[-1:] if len(parts) % 2 else []
            parts = [*(builder.add(a, b) for a, b in pairs), *odd]
        _store(builder, parts[0], sums)

    return _signature(types.uint64, types.int64, types.int64, lanes, emit=_emit)


@intrinsic
def add_rows(
    typing_context: Any, limbs: Any, stride: Any, listed: Any, count: Any, sums: Any, lanes: Any
) -> Any:
    """Add some samples' rows of columns to a variant's sums.

    Args:
        limbs: address of int32 rows, one a sample.
        stride: bytes between the rows.
        listed: address of int32 (count,), the samples.
        count: number of samples.
        sums: address of int32 (lanes,), aligned.
        lanes: number of columns, a literal.
    """

    def _emit(builder, n_lanes, limbs, stride, listed, count, sums):
        vector, index = _vector(n_lanes), ir.IntType(32).as_pointer()
        starting, before = _load(builder, sums, vector), builder.block
        loop, body = (builder.append_basic_block(name) for name in ("rows", "row"))
        after = builder.append_basic_block("done")
        builder.branch(loop)
        builder.position_at_end(loop)
        i, total = builder.phi(_INT), builder.phi(vector)
        builder.cbranch(builder.icmp_unsigned("<", i, count), body, after)
        builder.position_at_end(body)
        address = builder.add(listed, builder.mul(i, _INT(4)))
        row = builder.zext(builder.load(builder.inttoptr(address, index)), _INT)  # the sample
        values = _load(builder, builder.add(limbs, builder.mul(row, stride)), vector, 4)
        for phi, first, following in (
            (i, _INT(0), builder.add(i, _INT(1))),
            (total, starting, builder.add(total, values)),
        ):
            phi.add_incoming(first, before)
            phi.add_incoming(following, body)
        builder.branch(loop)
        builder.position_at_end(after)
        _store(builder, total, sums)

    return _signature(*(types.int64,) * 5, lanes, emit=_emit)


def _signature(*arguments, emit):
    """Return what ``intrinsic`` wants: types, and the function that writes the code."""
    lanes = arguments[-1]
    if not isinstance(lanes, types.IntegerLiteral):
        return None

    def _generate(context, builder, signature, values):
        emit(builder, lanes.literal_value, *values[:-1])
        return context.get_dummy_value()

    return types.void(*arguments), _generate


def _vector(lanes):
    return ir.VectorType(ir.IntType(32), lanes)


def _load(builder, address, vector, align=None):
    value = builder.load(builder.inttoptr(address, vector.as_pointer()))
    value.align = align or _alignment(vector)
    return value


def _store(builder, value, address):
    builder.store(value, builder.inttoptr(address, value.type.as_pointer())).align = _alignment(
        value.type
    )


def _alignment(vector):
    """Return the bytes that rows are aligned to: a whole row if its length allows it."""
    return 64 if vector.count % 16 == 0 else 32
