"""The exchange with the registry from a shell: `flask registry …`."""

from flask.cli import AppGroup

from miniprogram_api.registry.cli_dead_letters import dead_letters
from miniprogram_api.registry.cli_feed import begin_anew, pull, resync, status
from miniprogram_api.registry.cli_partners import client_commands
from miniprogram_api.registry.cli_reconciling import reconcile

registry_commands = AppGroup("registry", help="The exchange with the core registry.")
registry_commands.add_command(client_commands)
for command in (pull, resync, status, begin_anew):
    registry_commands.add_command(command)
registry_commands.add_command(reconcile)
registry_commands.add_command(dead_letters)
COMMANDS = (registry_commands,)
