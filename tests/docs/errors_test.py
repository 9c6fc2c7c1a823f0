#!/usr/bin/env python3
"""Whether docs/errors.md names every error and every event, with the numbers of the headers."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ERROR_HPP = (ROOT / "include/natpmp/error.hpp").read_text(encoding="utf-8")
EVENT_HPP = (ROOT / "include/natpmp/event.hpp").read_text(encoding="utf-8")
PAGE = (ROOT / "docs/errors.md").read_text(encoding="utf-8")


def enumerators(text, enum):
    """The names of an enumeration and their values."""
    body = re.search(rf"enum class {enum} : [\w:]+\n\{{(.*?)\n\}};", text, re.DOTALL)[1]
    values, following = {}, 0
    for name, value in re.findall(r"^    (\w+)(?: = (\d+))?,?$", body, re.MULTILINE):
        values[name] = int(value) if value else following
        following = values[name] + 1
    return values


def conditions():
    """For each condition the errors that condition_of() gives it."""
    groups = {}
    for body in re.findall(r"inline condition condition_of\(.*?\n\}\n", ERROR_HPP, re.DOTALL):
        for cases, group in re.findall(
            r"((?:    case \w+::\w+:\n)+)        return condition::(\w+);", body
        ):
            groups.setdefault(group, set()).update(re.findall(r"::(\w+):", cases))
    return groups


def section(title):
    """The rows of the tables below a heading, without the head: lists of cells."""
    text = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)[1]
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1:]]


def numbered(title):
    """The names and numbers in the first cells of a section."""
    cells = [re.fullmatch(r"(\d+) `(\w+)`", row[0]) for row in section(title)]
    return {cell[2]: int(cell[1]) for cell in cells if cell}


class ErrorsTest(unittest.TestCase):
    def test_result_codes(self):
        found = numbered("The gateway's answers: `result_code`")
        self.assertEqual(found, enumerators(ERROR_HPP, "result_code"))

    def test_library_errors(self):
        found = numbered("The library's own: `errc`")
        self.assertEqual(found, enumerators(ERROR_HPP, "errc"))

    def test_conditions(self):
        named = {
            row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in section("Conditions")
        }
        self.assertEqual(set(named), set(enumerators(ERROR_HPP, "condition")))
        known = conditions()
        # In the list of result codes, what has no case of its own is refused.
        rest = set(enumerators(ERROR_HPP, "result_code")) - {"success"}
        known["refused"] = known.get("refused", set()) | rest - set().union(*known.values())
        self.assertEqual(named, known)

    def test_what_belongs_to_no_condition(self):
        sentence = re.search(r"An error belongs to one condition at most\.(.*?)belong to none", PAGE,
                             re.DOTALL)[1]
        named = set(re.findall(r"`(\w+)`", sentence)) - {"operation_aborted"}
        everything = set(enumerators(ERROR_HPP, "errc"))
        self.assertEqual(named, everything - set().union(*conditions().values()))

    def test_every_error_says_what_to_do(self):
        for title in ("The gateway's answers: `result_code`", "The library's own: `errc`",
                      "Asio's and the system's"):
            for row in section(title):
                with self.subTest(row[0]):
                    self.assertEqual(len(row), 3)
                    nothing_to_do = "success" in row[0] or row[1] == "none"
                    self.assertTrue(row[1] and (row[2] or nothing_to_do))

    def test_events(self):
        rows = section("Events")
        self.assertEqual([row[0] for row in rows],
                         [f"`{kind}`" for kind in enumerators(EVENT_HPP, "event_kind")])
        for row in rows:
            with self.subTest(row[0]):
                self.assertEqual(len(row), 4)
                self.assertTrue(row[1] and row[2])

    def test_no_other_page_explains_the_events(self):
        kinds = "|".join(enumerators(EVENT_HPP, "event_kind"))
        for page in (ROOT / "docs").glob("*.md"):
            if page.name != "errors.md":
                with self.subTest(page.name):
                    text = page.read_text(encoding="utf-8")
                    self.assertEqual(re.findall(rf"^\| `(?:{kinds})` \|", text, re.MULTILINE), [])


if __name__ == "__main__":
    unittest.main()
