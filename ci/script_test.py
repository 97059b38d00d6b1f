#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""For tests of the scripts that publish results: such a script on a copy of part of the tree."""
import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import shutil
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent


class ScriptTest(unittest.TestCase):
    """self.script is the module, self.root the copy; a subclass says which."""
    name = ""    # of the script in ci/
    parts = ()   # folders of the tree that it works on
    folders = () # its variables that name such places

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for part in self.parts:
            shutil.copytree(SOURCE / part, self.root / part)
        loader = importlib.machinery.SourceFileLoader(self.name, str(SOURCE / "ci" / self.name))
        self.script = importlib.util.module_from_spec(
            importlib.util.spec_from_loader(self.name, loader))
        loader.exec_module(self.script)
        for folder in self.folders:
            place = getattr(self.script, folder).relative_to(SOURCE)
            setattr(self.script, folder, self.root / place)

    def quietly(self, function, *arguments):
        with contextlib.redirect_stdout(io.StringIO()):
            return function(*arguments)

    def expect(self, words, function, *arguments):
        with self.assertRaisesRegex(self.script.Wrong, words):
            self.quietly(function, *arguments)
