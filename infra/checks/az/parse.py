"""Says of command lines whether the Azure CLI takes them.

Reads one JSON array of arguments a line, and answers each with a line of JSON: null, or why it was refused. Loads the
CLI's own table of commands and its argument parser, and executes nothing: no command, no sign-in, no network.
"""

import contextlib
import io
import json
import os
import sys
import tempfile

os.environ["AZURE_CORE_COLLECT_TELEMETRY"] = "no"
os.environ["AZURE_EXTENSION_USE_DYNAMIC_INSTALL"] = "no"  # a command that is not built in is refused


def refusal(arguments):
    """Why the parser refuses the arguments; None when it takes them."""
    from azure.cli.core import get_default_cli
    from azure.cli.core.commands import _expand_file_prefixed_files
    from knack.util import CLIError

    cli = get_default_cli()
    cli.invocation = cli.invocation_cls(
        cli_ctx=cli, parser_cls=cli.parser_cls, commands_loader_cls=cli.commands_loader_cls, help_cls=cli.help_cls
    )
    loader, parser = cli.invocation.commands_loader, cli.invocation.parser
    # The steps of AzCliCommandInvoker.execute up to the parsed arguments.
    loader.load_command_table(arguments)
    command = cli.invocation._rudimentary_get_command(arguments)
    cli.invocation.data["command_string"] = command
    if command not in loader.command_table:
        return f"there is no command {command or ' '.join(arguments)}"
    loader.command_table = {command: loader.command_table[command]}
    loader.command_name = command
    loader.load_arguments(command)
    parser.cli_ctx = cli
    parser.load_command_table(loader)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            parser.parse_args(_expand_file_prefixed_files(arguments))
    except CLIError as error:  # of a value: a file that is not there, JSON that is none
        return str(error)
    except SystemExit as end:
        return said.getvalue().strip().splitlines()[0] if said.getvalue().strip() else f"exit {end.code}"
    return None


with tempfile.TemporaryDirectory() as home:
    os.environ["AZURE_CONFIG_DIR"] = home
    for line in filter(str.strip, sys.stdin):
        print(json.dumps(refusal(json.loads(line))), flush=True)
