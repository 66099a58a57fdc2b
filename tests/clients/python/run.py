"""Runs every test_*.py of this folder; the outcome goes to standard output, where `../run.js` reads it."""

import os
import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP on loopback
tests = unittest.defaultTestLoader.discover(pathlib.Path(__file__).parent)
outcome = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
sys.exit(not outcome.wasSuccessful())
