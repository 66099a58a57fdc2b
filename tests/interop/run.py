"""Runs every test_*.py of this folder; the outcome goes to standard output, where `cargo xtask test` reads it."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
tests = unittest.defaultTestLoader.discover(pathlib.Path(__file__).parent)
outcome = unittest.TextTestRunner(stream=sys.stdout).run(tests)
sys.exit(not outcome.wasSuccessful())
