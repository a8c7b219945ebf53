"""`rollout events mcp`."""

import click

from rollout.errors import UsageError
from rollout.events.settings import database_option, database_url, stale_after, way_beyond

NAMES = ("resume", "log_event", "sessions", "tail", "register_instance", "emit_event", "smart_resume_context")


@click.command()
@database_option
def mcp() -> None:
    """Offer the event store to an agent as an MCP server on stdin and stdout.

    \b
    Examples:
      claude mcp add rollout-events -- rollout events mcp
    """
    try:
        from mcp.server.fastmcp import FastMCP
    except ImportError as error:
        raise UsageError("the MCP server needs the extra: pip install 'git-rollout[mcp]'") from error
    from rollout.events.database import connected
    from rollout.events.inferred import patience
    from rollout.events.mcp_tools import Tools
    from rollout.events.spool import spool_folder

    url = database_url()
    tools = Tools(lambda: connected(url), spool_folder(), patience(stale_after()), way_beyond())
    # What an agent starts is heard when something is wrong, not at each request.
    server = FastMCP("rollout-events", log_level="WARNING")
    for name in NAMES:
        server.add_tool(getattr(tools, name), name=name)
    server.run()
