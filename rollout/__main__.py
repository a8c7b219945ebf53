"""`python -m rollout` is `rollout`."""

from rollout.cli.main import main

main()
