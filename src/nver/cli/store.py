"""``nver store``: what embeddings are kept, whether they are whole, and what may go."""

from __future__ import annotations

from dataclasses import asdict

import typer

from nver.cli.console import AsJson, example, note, print_json

app = typer.Typer(help="List, check and tidy the store of embeddings.", no_args_is_help=True)


@app.command(epilog=example("nver store ls"))
def ls(as_json: AsJson = False) -> None:
    """What the store holds of each encoder."""
    from nver.embeddings import store

    holdings = store.ls(store.Store.default())
    if as_json:
        print_json([asdict(holding) for holding in holdings])
        return
    for held in holdings:
        typer.echo(
            f"{held.encoder:<24} {held.fingerprint[:12]}  {held.dim:>6,} dimensions  {held.n_rows:>9,} rows  "
            f"{held.n_shards:>5,} shards  {held.n_bytes / 1e6:>9,.1f} MB"
        )
    note(f"{store.Store.default().root}: {len(holdings)} encoders")


@app.command(epilog=example("nver store verify"))
def verify(as_json: AsJson = False) -> None:
    """Read every shard and name the damaged ones; exits with 1 if there is any."""
    from nver.embeddings import store

    damages = store.verify(store.Store.default())
    if as_json:
        print_json([{"path": str(damage.path), "reason": damage.reason} for damage in damages])
    else:
        for damage in damages:
            typer.echo(damage.reason)
    if damages:
        note(
            f"{len(damages):,} damaged shards: `nver store gc` removes them, the next run computes them again"
        )
        raise typer.Exit(1)
    note(f"{store.Store.default().root}: no damage found")


@app.command(epilog=example("nver store gc"))
def gc(as_json: AsJson = False) -> None:
    """Remove what no reader needs: leftovers of killed runs, damaged shards, repeated shards."""
    from nver.embeddings import store

    freed = store.gc(store.Store.default())
    if as_json:
        print_json({"paths": [str(path) for path in freed.paths], "n_bytes": freed.n_bytes})
        return
    for path in freed.paths:
        typer.echo(str(path))
    note(f"removed {len(freed.paths):,} files, {freed.n_bytes / 1e6:,.1f} MB")
