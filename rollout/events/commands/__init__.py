"""The subcommands of `rollout events`: each reads its arguments, calls, prints and exits."""
