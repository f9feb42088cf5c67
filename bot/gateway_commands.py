"""The commands about gateways: the simulated one, and the probe of a real one."""

from __future__ import annotations

import contextlib
import datetime as dt  # noqa: TC003 - typer reads the annotations
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, Literal

import typer

from bot.command_line import EXIT_FAULT, HERE, ProjectOption, reported


def gateway(  # noqa: PLR0913 - one parameter for each option
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 4002,
    scenario: Annotated[
        str,
        typer.Option(help="calm, grind-down, spike, crash-and-recover, or seasons: one a quarter."),
    ] = "spike",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the synthetic market.")] = 7,
    sessions: Annotated[
        int, typer.Option(min=1, max=20_000, help="Sessions until its market ends.")
    ] = 250,
    chains: Annotated[Path | None, typer.Option(help="Folder of recorded chains.")] = None,
    history: Annotated[Path | None, typer.Option(help="Folder of daily histories.")] = None,
    first: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First recorded session.")
    ] = None,
    last: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last recorded session.")
    ] = None,
    account: Annotated[str, typer.Option(help="Account id that it offers.")] = "DU1234567",
    speed: Annotated[
        float, typer.Option(min=0, help="Simulated seconds in a real one; 0 is stepped.")
    ] = 0.0,
    server_version: Annotated[
        int, typer.Option(min=157, max=176, help="Version of the protocol that it speaks.")
    ] = 176,
    limits: Annotated[
        Literal["none", "real"],
        typer.Option(help="real: 50 messages a second, 100 lines, ticks after 0.5 s."),
    ] = "none",
    messages_per_second: Annotated[
        int | None, typer.Option(min=0, help="0 is no limit; else as --limits.")
    ] = None,
    tick_latency: Annotated[
        float | None, typer.Option(min=0, help="Seconds to the first tick; else as --limits.")
    ] = None,
    provenance: Annotated[
        Path | None, typer.Option(help="File for the notes on what was modelled.")
    ] = None,
    fault: Annotated[
        Path | None, typer.Option(help="Script of the faults to provoke: docs/faults.md.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Answer from a recording that `steward probe` wrote.")
    ] = None,
    quirk: Annotated[
        list[str] | None, typer.Option(help="A way to differ from what is assumed; repeatable.")
    ] = None,
) -> None:
    """Run the simulated gateway on 127.0.0.1; prints one JSON line with its port."""
    import json

    from bot.data.wire_recording import read_recording
    from bot.markets import choose_market, known_quirks
    from bot.simulator.faults.reading import load_script
    from bot.simulator.gateway import serve
    from bot.simulator.limits import NO_LIMITS, REAL_LIMITS
    from bot.simulator.settings import GatewaySettings

    def ready(bound: int) -> None:
        print(json.dumps({"port": bound}), flush=True)  # noqa: T201 - read by other programs

    if limits == "real" and speed != 1:
        raise typer.BadParameter("--limits real is of real time: it needs --speed 1")
    ration = REAL_LIMITS if limits == "real" else NO_LIMITS
    with reported(), contextlib.suppress(KeyboardInterrupt):
        market = choose_market(
            scenario=scenario,
            seed=seed,
            sessions=sessions,
            chains=chains,
            history=history,
            first=first.date() if first else None,
            last=last.date() if last else None,
        )
        recording = read_recording(replay) if replay else None
        settings = GatewaySettings(
            port=port,
            accounts=(account,),
            server_version=recording.server_version if recording else server_version,
            speed=speed,
            messages_per_second=(
                ration.messages_per_second if messages_per_second is None else messages_per_second
            ),
            tick_latency_seconds=(
                ration.tick_latency_seconds if tick_latency is None else tick_latency
            ),
            lines=ration.lines,
            provenance_path=provenance,
            faults=load_script(fault) if fault else None,
            quirks=known_quirks(quirk or ()),
            replay=recording,
        )
        serve(market, settings, ready=ready)


def probe(  # noqa: PLR0913 - one parameter for each option
    project: ProjectOption = HERE,
    *,
    no_orders: Annotated[
        bool, typer.Option("--no-orders", help="Leave out the order that cannot fill.")
    ] = False,
    record: Annotated[
        Path | None, typer.Option(help="New file for the conversation, account ids replaced.")
    ] = None,
    redact: Annotated[
        list[str] | None, typer.Option(help="A further word to hide in the recording; repeatable.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Stable keys, for programs.")] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="Print what is assumed, as Markdown, and end.")
    ] = False,
) -> None:
    """Test on a paper account what the code assumes of a gateway; stop the bot first."""
    import asyncio
    import logging

    from bot.data.wire_recording import ensure_new, write_recording
    from bot.probe.assumptions import assumptions_document
    from bot.probe.report import report_json, report_lines
    from bot.probe.runner import probe_until_stopped
    from bot.project import load_project

    if listed:
        typer.echo(assumptions_document(), nl=False)
        return
    # What the client library would print about a refusal is among the findings.
    logging.getLogger().addHandler(logging.NullHandler())
    with reported():
        loaded = load_project(project)
        if record is not None:
            ensure_new(record)
        try:
            report = asyncio.run(
                probe_until_stopped(loaded, with_orders=not no_orders, hide=redact or ())
            )
        except asyncio.CancelledError:
            typer.secho("stopped; no order of the probe is open", fg="yellow", err=True)
            raise typer.Exit(EXIT_FAULT) from None
        if record is not None:
            write_recording(record, report.recording)
        typer.echo(report_json(report) if as_json else "\n".join(report_lines(report)))
        if not report.all_hold:
            raise typer.Exit(EXIT_FAULT)
