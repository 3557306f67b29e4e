"""Run by test_reproduce_command in a process of its own: `riemgn` with the claims of the cases."""

import sys

import reproduction_cases

import riemgn.reproduction
from riemgn.cli import main

if __name__ == "__main__":
    riemgn.reproduction.CLAIMS = reproduction_cases.registered(reproduction_cases.CLAIMS)
    sys.exit(main())
