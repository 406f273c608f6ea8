"""The loops of the CUDA kernels, in Triton: a program scans a tile of channels of one window.

The state of the tile, (CHANNELS, STATE), stays in registers from the first step to the last. Arithmetic is
in float32 whatever the type of the tensors. STATE is N rounded up to a power of two; what is beyond N or E
is masked, and zero. All tensors are contiguous. The glossary is in reference.py.
"""

# Triton's language has no types that mypy knows.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, no-any-return, misc"

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _softplus(s):
    """log(1 + exp(s)), with the rounding of 1 + v divided out where v = exp(-|s|) is small."""
    v = tl.exp(-tl.abs(s))
    u = 1.0 + v
    log1p = tl.where(u == 1.0, v, tl.log(u) * (v / tl.where(u == 1.0, 1.0, u - 1.0)))
    return tl.maximum(s, 0.0) + log1p


@triton.jit
def scan_forward(
    x, dt, bias, A, B, C, D, z, h0, y, h_last, stored, L, E, N, n_chunks,
    GATED: tl.constexpr, STORE: tl.constexpr,
    CHUNK: tl.constexpr, CHANNELS: tl.constexpr, STATE: tl.constexpr,
):  # fmt: skip
    """The scan; stored: (batch, n_chunks, E, N), the state before each chunk of CHUNK steps."""
    b = tl.program_id(0).to(tl.int64)
    e = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    n = tl.arange(0, STATE)
    in_e, in_n = e < E, n < N
    tile = e[:, None] * N + n[None, :]
    in_tile = in_e[:, None] & in_n[None, :]
    a = tl.load(A + tile, in_tile, other=0.0).to(tl.float32)
    skip = tl.load(D + e, in_e, other=0.0).to(tl.float32)
    offset = tl.load(bias + e, in_e, other=0.0).to(tl.float32)
    h = tl.load(h0 + b * E * N + tile, in_tile, other=0.0).to(tl.float32)
    for t in range(L):
        if STORE:  # noqa: SIM102 - known when compiling, and the other is not
            if t % CHUNK == 0:
                tl.store(stored + (b * n_chunks + t // CHUNK) * E * N + tile, h, in_tile)
        at_e = (b * L + t) * E + e
        at_n = (b * L + t) * N + n
        x_t = tl.load(x + at_e, in_e, other=0.0).to(tl.float32)
        step = _softplus(tl.load(dt + at_e, in_e, other=0.0).to(tl.float32) + offset)
        b_t = tl.load(B + at_n, in_n, other=0.0).to(tl.float32)
        c_t = tl.load(C + at_n, in_n, other=0.0).to(tl.float32)
        h = tl.exp(step[:, None] * a) * h + (step * x_t)[:, None] * b_t[None, :]
        y_t = tl.sum(h * c_t[None, :], axis=1) + skip * x_t
        if GATED:
            gate = tl.load(z + at_e, in_e, other=0.0).to(tl.float32)
            y_t = y_t * gate * tl.sigmoid(gate)
        tl.store(y + at_e, y_t, in_e)
    tl.store(h_last + b * E * N + tile, h, in_tile)


@triton.jit
def scan_backward(
    x, dt, bias, A, B, C, D, z, stored, gy, g_last, before, gx, gdt, gbias, gA, gB, gC, gD, gz, gh0, L, E,
    N, n_chunks, GATED: tl.constexpr, CHUNK: tl.constexpr, CHANNELS: tl.constexpr, STATE: tl.constexpr,
):  # fmt: skip
    """Gradients; before: (batch, CHUNK, E, N), the state before each step of the chunk in hand.

    gx, gdt, gz: like x; gbias, gD: (batch, E); gA, gh0: (batch, E, N); gB, gC: (batch, tiles, L, N), still
    to be summed over windows or over tiles.
    """
    b = tl.program_id(0).to(tl.int64)
    part = tl.program_id(1)
    e = part * CHANNELS + tl.arange(0, CHANNELS)
    n = tl.arange(0, STATE)
    in_e, in_n = e < E, n < N
    tile = e[:, None] * N + n[None, :]
    in_tile = in_e[:, None] & in_n[None, :]
    a = tl.load(A + tile, in_tile, other=0.0).to(tl.float32)
    skip = tl.load(D + e, in_e, other=0.0).to(tl.float32)
    offset = tl.load(bias + e, in_e, other=0.0).to(tl.float32)
    g = tl.load(g_last + b * E * N + tile, in_tile, other=0.0).to(tl.float32)
    g_a = tl.zeros((CHANNELS, STATE), tl.float32)
    g_skip = tl.zeros((CHANNELS,), tl.float32)
    g_offset = tl.zeros((CHANNELS,), tl.float32)
    for back in range(n_chunks):
        chunk = n_chunks - 1 - back
        t0 = chunk * CHUNK
        n_steps = tl.minimum(CHUNK, L - t0)
        h = tl.load(stored + (b * n_chunks + chunk) * E * N + tile, in_tile, other=0.0)
        for i in range(n_steps):
            tl.store(before + (b * CHUNK + i) * E * N + tile, h, in_tile)
            at_e = (b * L + t0 + i) * E + e
            x_t = tl.load(x + at_e, in_e, other=0.0).to(tl.float32)
            step = _softplus(tl.load(dt + at_e, in_e, other=0.0).to(tl.float32) + offset)
            b_t = tl.load(B + (b * L + t0 + i) * N + n, in_n, other=0.0).to(tl.float32)
            h = tl.exp(step[:, None] * a) * h + (step * x_t)[:, None] * b_t[None, :]
        tl.debug_barrier()  # what one thread stored, another may load
        for j in range(n_steps):
            i = n_steps - 1 - j
            at_e = (b * L + t0 + i) * E + e
            at_n = (b * L + t0 + i) * N + n
            x_t = tl.load(x + at_e, in_e, other=0.0).to(tl.float32)
            raw = tl.load(dt + at_e, in_e, other=0.0).to(tl.float32) + offset
            step = _softplus(raw)
            b_t = tl.load(B + at_n, in_n, other=0.0).to(tl.float32)
            c_t = tl.load(C + at_n, in_n, other=0.0).to(tl.float32)
            g_out = tl.load(gy + at_e, in_e, other=0.0).to(tl.float32)
            h_before = tl.load(before + (b * CHUNK + i) * E * N + tile, in_tile, other=0.0)
            decay = tl.exp(step[:, None] * a)
            h = decay * h_before + (step * x_t)[:, None] * b_t[None, :]
            if GATED:
                gate = tl.load(z + at_e, in_e, other=0.0).to(tl.float32)
                is_open = tl.sigmoid(gate)
                out = tl.sum(h * c_t[None, :], axis=1) + skip * x_t
                tl.store(gz + at_e, g_out * out * is_open * (1.0 + gate * (1.0 - is_open)), in_e)
                g_out = g_out * gate * is_open
            g += g_out[:, None] * c_t[None, :]
            at_part = ((b * tl.num_programs(1) + part) * L + t0 + i) * N + n
            tl.store(gB + at_part, tl.sum(g * (step * x_t)[:, None], axis=0), in_n)
            tl.store(gC + at_part, tl.sum(h * g_out[:, None], axis=0), in_n)
            g_entering = tl.sum(g * b_t[None, :], axis=1)
            g *= decay
            g_exponent = g * h_before
            g_step = tl.sum(g_exponent * a, axis=1) + x_t * g_entering
            g_a += g_exponent * step[:, None]
            g_raw = g_step * tl.sigmoid(raw)
            g_offset += g_raw
            g_skip += g_out * x_t
            tl.store(gx + at_e, skip * g_out + step * g_entering, in_e)
            tl.store(gdt + at_e, g_raw, in_e)
        tl.debug_barrier()  # the next chunk overwrites what this one still loads
    tl.store(gA + b * E * N + tile, g_a, in_tile)
    tl.store(gh0 + b * E * N + tile, g, in_tile)
    tl.store(gbias + b * E + e, g_offset, in_e)
    tl.store(gD + b * E + e, g_skip, in_e)
