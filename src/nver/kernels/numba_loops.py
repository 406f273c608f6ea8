"""The loops of the CPU kernels, compiled by numba: plain functions of arrays that hold no lock.

How they are fast: channels lie side by side in memory, so a block of ``LANES`` channels is scanned together
and each inner loop over ``LANES`` becomes a few vector instructions. The block's state, (N, LANES), is a
few kilobytes and stays in the first-level cache; nothing as large as (L, N) is written for a channel.
``exp`` and ``log`` are polynomials, since a call into the C library would not vectorise.

A caller splits the blocks of all windows among threads: each function does the jobs ``first`` up to ``last``,
where job = window * n_blocks + block.

Channels are indexed as ``np.uintp(c0 + j)``: numba lets a signed index count from the end, and where it
cannot rule that out, neighbours are no longer known to be neighbours and are gathered one by one.

All functions live in this one file on purpose: numba's cache on disk notices when a function's own file
changes and does not notice changes elsewhere. The glossary is in reference.py.
"""

# numba gives these functions their types, from the arrays that come in.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, call-arg"

from __future__ import annotations

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic, overload

LANES = 96
"""Channels scanned together: six AVX-512 registers; 576, 1152 and 2304 channels are whole blocks."""

_AHEAD = 2
"""Steps between asking for a row of input and using it.

The rows of a block lie pages apart, where the processor's own prefetching does not follow; without asking,
a scan waits for memory about as long as it computes.
"""

_LINE = 16
"""Numbers in a cache line."""

_STORED_NUMBERS = 512
"""Steps between two stored states of the backward pass, times N.

What a chunk stores stays in the second-level cache, and a short sequence is one chunk, which need not be
scanned twice.
"""

# Not the flags that promise finite input: a NaN that comes in must come out.
_FAST = {"contract", "reassoc", "nsz", "arcp"}
_loop = numba.njit(fastmath=_FAST, error_model="numpy", nogil=True, cache=True)
_inline = numba.njit(fastmath=_FAST, error_model="numpy", inline="always")

_ONE = np.float32(1.0)
_LOG2_E = np.float32(1.4426950408889634)
_LN_2 = np.float32(0.6931471805599453)


@_inline
def _exp2(u):
    """2**u for u <= 127, to 1.5e-7 of itself and exact at 0; below 2**-125 it stays there.

    The nearest whole number goes into the exponent; a polynomial of least relative error does the rest in
    [-1/2, 1/2]. Its constant is held at 1, since a decay of almost 1 is raised to the power of the length.
    """
    u = np.float32(-125.0) if u < np.float32(-125.0) else u
    whole = np.rint(u)
    r = u - whole
    p = np.float32(0.0013264727193432746)
    p = p * r + np.float32(0.009671512639916773)
    p = p * r + np.float32(0.05550733743264524)
    p = p * r + np.float32(0.24022242085369208)
    p = p * r + np.float32(0.6931469775991551)
    p = p * r + _ONE
    exponent = np.int32(np.int32(whole) << np.int32(23))
    return np.int32(np.float32(p).view(np.int32) + exponent).view(np.float32)


@_inline
def _sigmoid(u):
    v = _exp2(-abs(u) * _LOG2_E)
    return (v if u < 0 else _ONE) / (_ONE + v)


@_inline
def _softplus(u):
    """log(1 + exp(u)) = max(u, 0) + log1p(v), v = exp(-|u|); log1p(v) = 2 artanh(v / (2 + v)) is fitted."""
    v = _exp2(-abs(u) * _LOG2_E)
    s = v / (np.float32(2.0) + v)
    q = s * s
    p = np.float32(0.2801198671126111)
    p = p * q + np.float32(0.280018053024949)
    p = p * q + np.float32(0.40021527236612797)
    p = p * q + np.float32(0.6666641628572756)
    p = p * q + np.float32(2.0)
    return max(u, np.float32(0.0)) + s * p


def _widen(value):
    """A float32 as it is; the bits of a bfloat16 (uint16) as the float32 that they stand for."""
    raise NotImplementedError("only compiled code calls this")


@overload(_widen, inline="always")
def _compile_widen(value):
    if value == numba.types.uint16:
        return lambda value: np.uint32(np.uint32(value) << np.uint32(16)).view(np.float32)
    return lambda value: value


def _store(array, b, t, c, value):
    """array[b, t, c] = value, rounded to the nearest bfloat16 (ties to even) where the array is one."""
    raise NotImplementedError("only compiled code calls this")


@overload(_store, inline="always")
def _compile_store(array, b, t, c, value):
    if array.dtype == numba.types.uint16:

        def store_rounded(array, b, t, c, value):
            bits = np.float32(value).view(np.uint32)
            odd = np.uint32(bits >> np.uint32(16)) & np.uint32(1)
            array[b, t, c] = np.uint16(np.uint32(bits + np.uint32(0x7FFF) + odd) >> np.uint32(16))

        return store_rounded

    def store(array, b, t, c, value):
        array[b, t, c] = value

    return store


@intrinsic
def _prefetch(typing_context, array, index):
    """Ask for the cache line that holds array.flat[index]; the array is contiguous."""
    del typing_context

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        i32, byte = ir.IntType(32), ir.PointerType(ir.IntType(8))
        kind = ir.FunctionType(ir.VoidType(), [byte, i32, i32, i32])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        builder.call(function, [address, i32(0), i32(3), i32(1)])  # to read, into every cache, data
        return context.get_dummy_value()

    return numba.types.void(array, numba.types.int64), generate


@_loop
def causal_conv_silu(first, last, n_pieces, x, before, weight, bias, y):
    """Depthwise convolution over this and the last K - 1 steps, then SiLU; a job is a stretch of a window.

    x, y: (batch, L, E); before: (batch, K - 1, E), the steps before the first; weight: (K, E), the last row
    for the present; bias: (E,).
    """
    _, L, E = x.shape
    K = weight.shape[0]
    acc = np.empty(E, np.float32)
    for job in range(first, last):
        b = job // n_pieces
        piece = job % n_pieces
        for t in range(piece * L // n_pieces, (piece + 1) * L // n_pieces):
            for c in range(E):
                acc[c] = bias[c]
            for k in range(K):
                s = t + k - (K - 1)
                row = x[b, s] if s >= 0 else before[b, s + K - 1]
                for c in range(E):
                    acc[c] += weight[k, c] * _widen(row[c])
            for c in range(E):
                acc[c] *= _sigmoid(acc[c])
            for c in range(E):  # by itself: rounding and the sigmoid in one loop do not vectorise
                _store(y, b, t, c, acc[c])


@_loop
def causal_conv_silu_backward(first, last, x, weight, bias, gy, gx, gweight, gbias):
    """Gradients of ``causal_conv_silu`` for the windows ``first`` up to ``last``.

    As there, and: gy: (batch, L, E), gradient of y. Written: gx like x; gweight: (batch, K, E); gbias:
    (batch, E); still to be summed over the windows.
    """
    _, L, E = x.shape
    K = weight.shape[0]
    acc = np.zeros(E, np.float32)
    for b in range(first, last):
        for c in range(E):
            gbias[b, c] = 0.0
        for k in range(K):
            for c in range(E):
                gweight[b, k, c] = 0.0
        for t in range(L):
            for c in range(E):
                gx[b, t, c] = 0.0
        for t in range(L):
            for c in range(E):
                acc[c] = bias[c]
            k0 = max(0, K - 1 - t)
            for k in range(k0, K):
                past = np.uintp(t + k - (K - 1))
                for c in range(E):
                    acc[c] += weight[k, c] * x[b, past, c]
            for c in range(E):  # from here on the gradient of the sum
                open_ = _sigmoid(acc[c])
                acc[c] = gy[b, t, c] * open_ * (_ONE + acc[c] * (_ONE - open_))
            for c in range(E):
                gbias[b, c] += acc[c]
            for k in range(k0, K):
                past = np.uintp(t + k - (K - 1))
                for c in range(E):
                    gweight[b, k, c] += acc[c] * x[b, past, c]
                for c in range(E):
                    gx[b, past, c] += acc[c] * weight[k, c]


@_loop
def scan_forward(first, last, x, dt, bias, A2, B, C, D, z, gated, state, y):
    """The scan of the channel blocks ``first`` up to ``last``.

    x, dt, z, y: (batch, L, E); bias, D: (E,); A2: (N, E), A in base 2; B, C: (batch, L, N);
    state: (batch, N, E), the state before on entry and the state after on return.
    """
    _, L, E = x.shape
    N = A2.shape[0]
    n_blocks = (E + LANES - 1) // LANES
    a2 = np.zeros((N, LANES), np.float32)
    h = np.zeros((N, LANES), np.float32)
    xs = np.zeros(LANES, np.float32)
    step = np.zeros(LANES, np.float32)
    entering = np.zeros(LANES, np.float32)
    gate = np.zeros(LANES, np.float32)
    out = np.zeros(LANES, np.float32)
    for job in range(first, last):
        b = job // n_blocks
        c0 = (job % n_blocks) * LANES
        width = min(LANES, E - c0)
        for n in range(N):
            for j in range(width):
                a2[n, j] = A2[n, np.uintp(c0 + j)]
                h[n, j] = state[b, n, np.uintp(c0 + j)]
        for t in range(L):
            soon = (b * L + min(t + _AHEAD, L - 1)) * E + c0
            for j in range(0, width, _LINE):
                _prefetch(x, soon + j)
                _prefetch(dt, soon + j)
                _prefetch(z, soon + j)
                _prefetch(y, soon + j)
            for j in range(width):
                xs[j] = _widen(x[b, t, np.uintp(c0 + j)])
                step[j] = _widen(dt[b, t, np.uintp(c0 + j)]) + bias[np.uintp(c0 + j)]
                out[j] = D[np.uintp(c0 + j)] * xs[j]
            for j in range(LANES):
                step[j] = _softplus(step[j])
                entering[j] = step[j] * xs[j]
            for n in range(N):
                b_n = _widen(B[b, t, n])
                c_n = _widen(C[b, t, n])
                for j in range(LANES):
                    h_n = _exp2(step[j] * a2[n, j]) * h[n, j] + entering[j] * b_n
                    h[n, j] = h_n
                    out[j] += h_n * c_n
            if gated:
                for j in range(width):
                    gate[j] = _widen(z[b, t, np.uintp(c0 + j)])
                for j in range(LANES):
                    out[j] *= gate[j] * _sigmoid(gate[j])
            for j in range(width):
                _store(y, b, t, np.uintp(c0 + j), out[j])
        for n in range(N):
            for j in range(width):
                state[b, n, np.uintp(c0 + j)] = h[n, j]


@_loop
def scan_backward(
    first, last, x, dt, bias, A2, B, C, D, z, gated, h0, gy, gh, gx, gdt, gbias, gA, gB, gC, gD, gz
):
    """Gradients of the channel blocks ``first`` up to ``last``.

    As in ``scan_forward``, and: h0: (batch, N, E), the state before; gy: (batch, L, E), gradient of y; gh:
    (batch, N, E), gradient of the state after on entry and of the state before on return. Written: gx, gdt,
    gz like x; gbias, gD: (batch, E); gA: (batch, N, E); gB, gC: (batch, n_blocks, L, N); still to be summed
    over the windows or, for gB and gC, over the blocks.

    A state is stored every ``n_steps_stored`` steps on the way forward; each such chunk is scanned again on
    the way back. Each loop over lanes writes one array: LLVM vectorises no loop over many that might overlap.
    """
    _, L, E = x.shape
    N = A2.shape[0]
    n_blocks = (E + LANES - 1) // LANES
    n_steps_stored = min(L, max(16, _STORED_NUMBERS // N))
    n_chunks = (L + n_steps_stored - 1) // n_steps_stored
    a2 = np.zeros((N, LANES), np.float32)
    h = np.zeros((N, LANES), np.float32)
    g = np.zeros((N, LANES), np.float32)
    ga = np.zeros((N, LANES), np.float32)
    stored = np.zeros((n_chunks, N, LANES), np.float32)
    hs = np.zeros((n_steps_stored + 1, N, LANES), np.float32)
    decays = np.zeros((n_steps_stored, N, LANES), np.float32)
    raw = np.zeros((n_steps_stored, LANES), np.float32)
    xs = np.zeros((n_steps_stored, LANES), np.float32)
    steps = np.zeros((n_steps_stored, LANES), np.float32)
    entering = np.zeros((n_steps_stored, LANES), np.float32)
    outs = np.zeros((n_steps_stored, LANES), np.float32)
    skip = np.zeros(LANES, np.float32)
    gate = np.zeros(LANES, np.float32)
    g_out = np.zeros(LANES, np.float32)
    g_gate = np.zeros(LANES, np.float32)
    g_step = np.zeros(LANES, np.float32)
    g_entering = np.zeros(LANES, np.float32)
    g_x = np.zeros(LANES, np.float32)
    g_bias = np.zeros(LANES, np.float32)
    g_skip = np.zeros(LANES, np.float32)
    for job in range(first, last):
        b = job // n_blocks
        block = job % n_blocks
        c0 = block * LANES
        width = min(LANES, E - c0)
        g_bias[:] = 0.0
        g_skip[:] = 0.0
        ga[:] = 0.0
        if width < LANES:  # lanes without a channel must add nothing to gB and gC
            skip[:] = 0.0
            a2[:] = 0.0
            h[:] = 0.0
            g[:] = 0.0
            xs[:] = 0.0
            raw[:] = 0.0
            gate[:] = 0.0
            g_out[:] = 0.0
        for j in range(width):
            skip[j] = D[np.uintp(c0 + j)]
        for n in range(N):
            for j in range(width):
                a2[n, j] = A2[n, np.uintp(c0 + j)]
                h[n, j] = h0[b, n, np.uintp(c0 + j)]
                g[n, j] = gh[b, n, np.uintp(c0 + j)]
        for t in range((n_chunks - 1) * n_steps_stored):
            if t % n_steps_stored == 0:
                stored[t // n_steps_stored] = h
            soon = (b * L + min(t + _AHEAD, L - 1)) * E + c0
            for j in range(0, width, _LINE):
                _prefetch(x, soon + j)
                _prefetch(dt, soon + j)
            for j in range(width):
                xs[0, j] = x[b, t, np.uintp(c0 + j)]
                raw[0, j] = dt[b, t, np.uintp(c0 + j)] + bias[np.uintp(c0 + j)]
            for j in range(LANES):
                steps[0, j] = _softplus(raw[0, j])
                entering[0, j] = steps[0, j] * xs[0, j]
            for n in range(N):
                b_n = B[b, t, n]
                for j in range(LANES):
                    h[n, j] = _exp2(steps[0, j] * a2[n, j]) * h[n, j] + entering[0, j] * b_n
        stored[n_chunks - 1] = h
        for chunk in range(n_chunks - 1, -1, -1):
            t0 = chunk * n_steps_stored
            n_steps = min(n_steps_stored, L - t0)
            hs[0] = stored[chunk]
            for i in range(n_steps):
                t = t0 + i
                soon = (b * L + min(t + _AHEAD, L - 1)) * E + c0
                for j in range(0, width, _LINE):
                    _prefetch(x, soon + j)
                    _prefetch(dt, soon + j)
                    _prefetch(gy, soon + j)
                    _prefetch(z, soon + j)
                for j in range(width):
                    xs[i, j] = x[b, t, np.uintp(c0 + j)]
                    raw[i, j] = dt[b, t, np.uintp(c0 + j)] + bias[np.uintp(c0 + j)]
                for j in range(LANES):
                    steps[i, j] = _softplus(raw[i, j])
                    outs[i, j] = skip[j] * xs[i, j]
                for j in range(LANES):
                    entering[i, j] = steps[i, j] * xs[i, j]
                for n in range(N):
                    b_n = B[b, t, n]
                    c_n = C[b, t, n]
                    for j in range(LANES):
                        decays[i, n, j] = _exp2(steps[i, j] * a2[n, j])
                    for j in range(LANES):
                        hs[i + 1, n, j] = decays[i, n, j] * hs[i, n, j] + entering[i, j] * b_n
                    for j in range(LANES):
                        outs[i, j] += hs[i + 1, n, j] * c_n
            for i in range(n_steps - 1, -1, -1):
                t = t0 + i
                soon = (b * L + max(t - _AHEAD, 0)) * E + c0
                for j in range(0, width, _LINE):
                    _prefetch(gx, soon + j)
                    _prefetch(gdt, soon + j)
                    _prefetch(gz, soon + j)
                for j in range(width):
                    g_out[j] = gy[b, t, np.uintp(c0 + j)]
                if gated:
                    for j in range(width):
                        gate[j] = z[b, t, np.uintp(c0 + j)]
                    for j in range(LANES):
                        open_ = _sigmoid(gate[j])
                        slope = open_ * (_ONE + gate[j] * (_ONE - open_))
                        g_gate[j] = g_out[j] * outs[i, j] * slope
                        g_out[j] *= gate[j] * open_
                    for j in range(width):
                        gz[b, t, np.uintp(c0 + j)] = g_gate[j]
                for j in range(LANES):
                    g_step[j] = 0.0
                    g_entering[j] = 0.0
                for n in range(N):
                    b_n = B[b, t, n]
                    c_n = C[b, t, n]
                    gb_n = np.float32(0.0)
                    gc_n = np.float32(0.0)
                    for j in range(LANES):
                        g[n, j] += g_out[j] * c_n
                    for j in range(LANES):
                        gb_n += g[n, j] * entering[i, j]
                        gc_n += g_out[j] * hs[i + 1, n, j]
                    for j in range(LANES):
                        g_entering[j] += g[n, j] * b_n
                    for j in range(LANES):
                        g[n, j] *= decays[i, n, j]
                    for j in range(LANES):
                        ga[n, j] += g[n, j] * hs[i, n, j] * steps[i, j]
                    for j in range(LANES):
                        g_step[j] += g[n, j] * hs[i, n, j] * a2[n, j]
                    gB[b, block, t, n] = gb_n
                    gC[b, block, t, n] = gc_n
                for j in range(LANES):
                    g_skip[j] += g_out[j] * xs[i, j]
                    g_x[j] = skip[j] * g_out[j] + steps[i, j] * g_entering[j]
                    g_step[j] = (g_step[j] * _LN_2 + xs[i, j] * g_entering[j]) * _sigmoid(raw[i, j])
                    g_bias[j] += g_step[j]
                for j in range(width):
                    gx[b, t, np.uintp(c0 + j)] = g_x[j]
                    gdt[b, t, np.uintp(c0 + j)] = g_step[j]
        for n in range(N):
            for j in range(width):
                gA[b, n, np.uintp(c0 + j)] = ga[n, j]
                gh[b, n, np.uintp(c0 + j)] = g[n, j]
        for j in range(width):
            gbias[b, np.uintp(c0 + j)] = g_bias[j]
            gD[b, np.uintp(c0 + j)] = g_skip[j]
