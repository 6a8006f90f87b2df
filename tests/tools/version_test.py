#!/usr/bin/env python3
"""What cmake/FaultlineVersion.cmake calls a tree: with and without git, tags, changes and history.

    version_test.py CMAKE
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "cmake" / "FaultlineVersion.cmake"
CMAKE = "cmake"


class Version(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.tree = self.root / "a tree"
        self.tree.mkdir()
        self.output = self.root / "version.cpp"
        # Neither the user's configuration nor a caller's repository (a hook sets GIT_DIR) has a say.
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self.environment.update(
            HOME=directory.name, GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@example.org",
            GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@example.org")

    def run_in(self, directory, *command):
        done = subprocess.run(command, cwd=directory, env=self.environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def git(self, *arguments):
        return self.run_in(self.tree, "git", *arguments)

    def commit(self, text):
        (self.tree / "file").write_text(text)
        self.git("add", "file")
        self.git("commit", "--quiet", "--message", text)

    def version(self, tree=None):
        self.run_in(self.root, CMAKE, f"-DSOURCE_DIR={tree or self.tree}", "-DPROJECT_VERSION=0.1.0",
                    f"-DOUTPUT={self.output}", "-P", str(SCRIPT))
        return re.search('return "(.*)"', self.output.read_text()).group(1)

    def test_without_git_it_is_the_projects(self):
        self.assertEqual(self.version(), "0.1.0")
        self.git("init", "--quiet")
        self.assertEqual(self.version(), "0.1.0", "a repository without a commit")

    def test_without_a_tag_it_names_the_commit(self):
        self.git("init", "--quiet")
        self.commit("one")
        one = self.version()
        self.assertEqual(one, "0.1.0-g" + self.git("rev-parse", "HEAD")[:12])
        self.commit("two")
        self.assertNotEqual(self.version(), one)

    def test_with_a_tag_it_counts_from_it(self):
        self.git("init", "--quiet")
        self.commit("one")
        self.git("tag", "v0.2.0")
        self.git("tag", "other")
        self.assertEqual(self.version(), "v0.2.0")
        self.commit("two")
        self.git("tag", "later")
        self.assertEqual(self.version(), "v0.2.0-1-g" + self.git("rev-parse", "HEAD")[:12])

    def test_changes_of_tracked_files_are_marked(self):
        self.git("init", "--quiet")
        self.commit("one")
        clean = self.version()
        (self.tree / "untracked").write_text("a run's output")
        self.assertEqual(self.version(), clean)
        (self.tree / "file").write_text("changed")
        self.assertEqual(self.version(), clean + "-dirty")

    def test_a_shallow_clone_has_the_same_name(self):
        self.git("init", "--quiet")
        self.commit("one")
        self.commit("two")
        clone = self.root / "clone"
        self.git("clone", "--quiet", "--depth=1", self.tree.as_uri(), str(clone))
        self.assertEqual(self.version(clone), self.version())

    def test_an_archive_inside_another_repository_is_not_that_one(self):
        self.git("init", "--quiet")
        self.commit("one")
        inner = self.tree / "inner"
        inner.mkdir()
        self.assertEqual(self.version(inner), "0.1.0")

    def test_the_source_is_written_only_when_the_text_changes(self):
        self.git("init", "--quiet")
        self.commit("one")
        self.version()
        os.utime(self.output, (1, 1))
        self.version()
        self.assertEqual(self.output.stat().st_mtime, 1)
        self.commit("two")
        self.version()
        self.assertNotEqual(self.output.stat().st_mtime, 1)


if __name__ == "__main__":
    CMAKE = sys.argv.pop(1)
    unittest.main()
