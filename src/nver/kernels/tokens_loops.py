"""The loops of the convolution block, compiled by numba: plain functions of arrays that hold no lock.

How they are fast: nothing as large as the output of a convolution is ever written. A few positions are
convolved in registers, pooled while they are in the first-level cache, and forgotten; which of two positions
was the larger is kept in a byte. The backward pass computes the first convolution anew. A row of neighbouring
positions is contiguous, so a convolution is a matrix product on overlapping rows, with no copies: ``_tile``.

Glossary: d embedding dimensions, K kernel size, half = K // 2, C filters of the first convolution, F of the
second, L = d // 2 positions after the first pooling, P = L // 2 after the second, T tokens. Kept: 0 where
ReLU let nothing pass, else which of the two positions passed, 1 or 2.

All functions live in this one file on purpose: numba's cache on disk notices when a function's own file
changes and does not notice changes elsewhere.
"""

# numba gives these functions their types, from the arrays that come in.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, call-arg"

from __future__ import annotations

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
"""Numbers in a vector register (AVX-512; on others LLVM takes two or four registers for one)."""

NARROW, WIDE = 2 * LANES, 4 * LANES
"""Columns of a product that are computed together: C is a multiple of the first, F of the second."""

ROWS = 6
"""Positions that are computed together, even: 6 rows of four vectors fill 24 of 32 registers. A product of 12
rows of two, whose places do not fit into the other registers, takes twice the time."""

_SUMMED_ROWS = 4
"""Rows of a sum that goes on: a divisor of every K * C."""

_BLOCK = 96
"""Positions of a sum that is kept in registers; their rows of both arrays stay in the first-level cache."""

# Not the flags that promise finite input: a NaN that comes in must come out.
_loop = numba.njit(
    fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy", nogil=True, cache=True
)


def _tile(rows, columns, *, goes_on):
    """A function that computes a ``rows`` x ``columns`` tile of a product, its sums in registers.

    ``tile(a, a_at, a_row, a_step, b, b_at, b_step, c, c_at, c_row, n)`` sets ``c[c_at + r * c_row + j]``, on
    flat arrays, to the sum over k below n of ``a[a_at + r * a_row + k * a_step] * b[b_at + k * b_step + j]``,
    or adds the sum to it if it ``goes_on``. From loops LLVM does not make this: it keeps the sums in memory.
    """

    @intrinsic
    def tile(typing_context, a, a_at, a_row, a_step, b, b_at, b_step, c, c_at, c_row, n):
        del typing_context, a_at, a_row, a_step, b_at, b_step, c_at, c_row, n
        size = numba.types.intp
        kind = numba.types.void(a, size, size, size, b, size, size, c, size, size, size)

        def generate(context, builder, signature, arguments):
            def start_of(array, at):
                made = context.make_array(signature.args[array])(context, builder, arguments[array])
                return builder.gep(made.data, [arguments[at]])

            a, b, c = start_of(0, 1), start_of(4, 5), start_of(7, 8)
            a_row, a_step, b_step, c_row, n = (arguments[i] for i in (2, 3, 6, 9, 10))
            number, index = ir.FloatType(), n.type
            vector = ir.VectorType(number, LANES)
            fma = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{LANES}f32"
            )
            splat = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
            nothing = ir.Constant(vector, ir.Undefined)

            def load(pointer, what):
                found = builder.load(builder.bitcast(pointer, what.as_pointer()), typ=what)
                found.align = 4
                return found

            def times(value, constant):
                return builder.mul(value, ir.Constant(index, constant))

            cells = [(r, v) for r in range(rows) for v in range(columns // LANES)]
            target = {
                (r, v): builder.gep(c, [builder.add(times(c_row, r), ir.Constant(index, v * LANES))])
                for r, v in cells
            }
            zero = ir.Constant(vector, [0.0] * LANES)
            first = {cell: load(target[cell], vector) if goes_on else zero for cell in cells}
            a_rows = [builder.gep(a, [times(a_row, r)]) for r in range(rows)]
            before, body, after = (
                builder.block,
                builder.append_basic_block("tile"),
                builder.append_basic_block("tile.end"),
            )
            builder.branch(body)

            builder.position_at_end(body)
            k = builder.phi(index)
            k.add_incoming(ir.Constant(index, 0), before)
            sums = {cell: builder.phi(vector) for cell in cells}
            b_k = builder.gep(b, [builder.mul(k, b_step)])
            b_vectors = [
                load(builder.gep(b_k, [ir.Constant(index, v * LANES)]), vector)
                for v in range(columns // LANES)
            ]
            added = {}
            for r in range(rows):
                one = load(builder.gep(a_rows[r], [builder.mul(k, a_step)]), number)
                wide = builder.insert_element(nothing, one, ir.Constant(ir.IntType(32), 0))
                wide = builder.shuffle_vector(wide, nothing, splat)
                for v, b_vector in enumerate(b_vectors):
                    added[r, v] = builder.call(fma, [wide, b_vector, sums[r, v]])
            next_k = builder.add(k, ir.Constant(index, 1))
            k.add_incoming(next_k, body)
            for cell in cells:
                sums[cell].add_incoming(first[cell], before)
                sums[cell].add_incoming(added[cell], body)
            builder.cbranch(builder.icmp_signed("<", next_k, n), body, after)

            builder.position_at_end(after)
            for cell in cells:
                stored = builder.store(added[cell], builder.bitcast(target[cell], vector.as_pointer()))
                stored.align = 4
            return context.get_dummy_value()

        return kind, generate

    return tile


_narrow_product = _tile(ROWS, NARROW, goes_on=False)
_wide_product = _tile(ROWS, WIDE, goes_on=False)
_wide_sum = _tile(_SUMMED_ROWS, WIDE, goes_on=True)


@_loop
def _pad(x, half, padded):
    """One embedding with zeros around it."""
    padded[:] = 0.0
    for i in range(x.size):
        padded[half + i] = x[i]


@_loop
def _first(padded, w1, b1, half, L, tile, h, kept):
    """The first convolution, pooled and rectified: h[half : half + L]; what lies beyond is zero.

    padded: (d + K - 1 + slack,); w1: (K, C); tile: (ROWS, C); h: (L + K - 1 + slack, C); kept: (L, C).
    """
    K, C = w1.shape
    h[:half] = 0.0
    h[half + L :] = 0.0
    for p in range(0, 2 * L, ROWS):
        for c in range(0, C, NARROW):
            _narrow_product(padded, p, 1, 1, w1, c, C, tile, c, C, K)
        for q in range(p // 2, min(p // 2 + ROWS // 2, L)):
            row = 2 * q - p
            for c in range(C):
                left, right = tile[row, c] + b1[c], tile[row + 1, c] + b1[c]
                is_right = right > left
                larger = right if is_right else left
                is_off = larger <= 0.0
                h[half + q, c] = np.float32(0.0) if is_off else larger
                kept[q, c] = 0 if is_off else (2 if is_right else 1)


@_loop
def tokens_forward(x, w1, b1, w2, b2, kept, tokens):
    """Convolution, pooling and ReLU, twice, then means over T stretches.

    x: (n, d); w1: (K, C); b1: (C,); w2: (K, C, F); b2: (F,); kept: (n, P, F) int8; tokens: (n, T, F).
    """
    n, d = x.shape
    K, C, F = w2.shape
    L, (P, T) = d // 2, (kept.shape[1], tokens.shape[1])
    half = K // 2
    padded = np.empty(d + K + ROWS, np.float32)
    h, h_kept = np.empty((L + K + ROWS, C), np.float32), np.empty((L, C), np.int8)
    narrow, tile = np.empty((ROWS, C), np.float32), np.empty((ROWS, F), np.float32)
    z = np.empty((P, F), np.float32)
    for i in range(n):
        _pad(x[i], half, padded)
        _first(padded, w1, b1, half, L, narrow, h, h_kept)
        for p in range(0, 2 * P, ROWS):
            for f in range(0, F, WIDE):
                _wide_product(h, p * C, C, 1, w2, f, F, tile, f, F, K * C)
            for q in range(p // 2, min(p // 2 + ROWS // 2, P)):
                row = 2 * q - p
                for f in range(F):
                    left, right = tile[row, f] + b2[f], tile[row + 1, f] + b2[f]
                    is_right = right > left
                    larger = right if is_right else left
                    is_off = larger <= 0.0
                    z[q, f] = np.float32(0.0) if is_off else larger
                    kept[i, q, f] = 0 if is_off else (2 if is_right else 1)
        for t in range(T):
            start, end = t * P // T, ((t + 1) * P + T - 1) // T
            tokens[i, t] = 0.0
            for q in range(start, end):
                for f in range(F):
                    tokens[i, t, f] += z[q, f]
            for f in range(F):
                tokens[i, t, f] /= np.float32(end - start)


@_loop
def tokens_backward(x, w1, b1, w2_turned, kept, g_tokens, g_w1, g_b1, g_w2, g_b2):
    """Gradients of weights and biases, added to g_w1 (K, C), g_b1 (C,), g_w2 (K, C, F), g_b2 (F,).

    w2_turned: (K, F, C), the second convolution's weights with K reversed; g_tokens: (n, T, F).
    """
    n, d = x.shape
    K, C, F = g_w2.shape
    L, (P, T) = d // 2, (kept.shape[1], g_tokens.shape[1])
    half = K // 2
    padded = np.empty(d + K + ROWS, np.float32)
    h, h_kept = np.empty((L + K + ROWS, C), np.float32), np.empty((L, C), np.int8)
    narrow = np.empty((ROWS, C), np.float32)
    both = np.empty((2, C), np.float32)
    g_z = np.empty((P, F), np.float32)
    g_y = np.zeros((L + K + ROWS, F), np.float32)
    for i in range(n):
        _pad(x[i], half, padded)
        _first(padded, w1, b1, half, L, narrow, h, h_kept)
        g_z[:] = 0.0
        for t in range(T):
            start, end = t * P // T, ((t + 1) * P + T - 1) // T
            share = np.float32(1.0) / np.float32(end - start)
            for q in range(start, end):
                for f in range(F):
                    g_z[q, f] += g_tokens[i, t, f] * share
        for q in range(P):
            for f in range(F):
                which, g = kept[i, q, f], g_z[q, f]
                g_y[half + 2 * q, f] = g if which == 1 else np.float32(0.0)
                g_y[half + 2 * q + 1, f] = g if which == 2 else np.float32(0.0)
                g_b2[f] += g if which != 0 else np.float32(0.0)
        for p in range(0, 2 * P, _BLOCK):
            for r in range(0, K * C, _SUMMED_ROWS):
                for f in range(0, F, WIDE):
                    _wide_sum(
                        h,
                        p * C + r,
                        1,
                        C,
                        g_y,
                        (half + p) * F + f,
                        F,
                        g_w2,
                        r * F + f,
                        F,
                        min(_BLOCK, 2 * P - p),
                    )
        for p in range(0, L, ROWS):
            for c in range(0, C, NARROW):
                _narrow_product(g_y, p * F, F, 1, w2_turned, c, C, narrow, c, C, K * F)
            for q in range(p, min(p + ROWS, L)):
                for c in range(C):
                    which, g = h_kept[q, c], narrow[q - p, c]
                    both[0, c] = g if which == 1 else np.float32(0.0)
                    both[1, c] = g if which == 2 else np.float32(0.0)
                    g_b1[c] += g if which != 0 else np.float32(0.0)
                for k in range(K):
                    left, right = padded[2 * q + k], padded[2 * q + 1 + k]
                    for c in range(C):
                        g_w1[k, c] += both[0, c] * left + both[1, c] * right
