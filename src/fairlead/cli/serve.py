"""`fairlead serve`: run the gateway."""

from pathlib import Path
from typing import Annotated

import typer

from fairlead.observe.log import setup
from fairlead.server.app import serve as run
from fairlead.server.config import load

__all__ = ["serve"]


def serve(
    config: Annotated[
        Path | None,
        typer.Option(help="TOML file. Default: $FAIRLEAD_CONFIG, then ./fairlead.toml, then none."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Overrides server.host.")] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, metavar="PORT", help="Overrides server.port; 0 chooses one."
        ),
    ] = None,
) -> None:
    """Run the gateway: one endpoint, each request routed, answered and accounted for."""
    log = load(config).settings.log
    setup(log.level, log.format)
    run(config, host, port)
