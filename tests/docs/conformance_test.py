#!/usr/bin/env python3
"""Whether docs/rfc6886.md names every clause once, and only files and tests that there are."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLAUSES = {
    "A": 6, "T": 9, "Q": 4, "V": 10, "C": 7, "X0": 4, "M": 17, "N": 8, "D": 10,
    "E": 9, "R": 8, "B": 10, "H": 5, "W": 2, "S": 2, "X": 9,
}
LITERALS = re.compile(r'"\s*\n\s*"')  # a string that goes on in the next line


def rows():
    """The cells of each row: clause, level, what, where, test; once for each clause of several."""
    for line in (ROOT / "docs/rfc6886.md").read_text(encoding="utf-8").splitlines():
        if re.match(r"\| [A-Z]", line):
            clauses, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            for clause in clauses.split(", "):
                yield [clause, *cells]


def in_backticks(cell):
    """What a cell names; None if there is anything else in it."""
    if cell == "-":
        return []
    names = re.findall(r"`([^`]+)`", cell)
    return names if cell == ", ".join(f"`{name}`" for name in names) else None


class ConformanceTest(unittest.TestCase):
    def test_every_clause_once_and_in_order(self):
        expected = [f"{key}-{i}" for key, count in CLAUSES.items() for i in range(1, count + 1)]
        self.assertEqual([row[0] for row in rows()], expected)

    def test_every_row_is_whole(self):
        levels = ("MUST", "SHOULD", "MAY", "plain", "gateway's", "silent")
        for row in rows():
            with self.subTest(row[0]):
                self.assertEqual(len(row), 5)
                self.assertTrue(all(row))
                self.assertTrue(row[1].startswith(levels))

    def test_every_file_exists(self):
        for clause, _, what, where, _ in rows():
            with self.subTest(clause):
                names = in_backticks(where)
                self.assertIsNotNone(names)
                excused = what.startswith(("decided:", "does not apply:"))
                self.assertTrue(names or excused, "no file is named")
                for name in names:
                    self.assertTrue((ROOT / "include/natpmp" / name).is_file(), name)

    def test_every_test_exists(self):
        sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.cpp")]
        text = "\n".join(LITERALS.sub("", source) for source in sources)
        for clause, _, what, _, tests in rows():
            with self.subTest(clause):
                names = in_backticks(tests)
                self.assertIsNotNone(names)
                excused = what.startswith(("decided:", "does not apply:"))
                self.assertTrue(names or excused, "no test is named")
                for name in names:
                    script = name.endswith(".sh") and (ROOT / "tests/gateway" / name).is_file()
                    self.assertTrue(script or f'"{name}"' in text, name)


if __name__ == "__main__":
    unittest.main()
