#!/usr/bin/env python3
"""Whether every link in the Markdown files leads somewhere, and the README to every page."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "tests/README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:docs|examples|tests|cmake|include)/[\w./-]*\w)`")
CASE = re.compile(r"`((?:client|engine[\w ]*|sim|wire|lease|backoff|epoch|types|errors|gateway_\w+): [^`]+)`")
LITERALS = re.compile(r'"\s*\n\s*"')  # a string that goes on in the next line


def prose(path):
    """A page without its code blocks."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path):
    """What can follow the # in a link to this page."""
    found = []
    for heading in re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE):
        text = re.sub(r"[^\w\- ]", "", LINK.sub("", heading).lower())
        found.append(text.strip().replace(" ", "-"))
    return found


class PagesTest(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        for page in PAGES:
            for link in LINK.findall(prose(page)):
                with self.subTest(page=page.name, link=link):
                    if re.match(r"https?://", link):
                        continue
                    name, _, anchor = link.partition("#")
                    target = (page.parent / name).resolve() if name else page
                    self.assertTrue(target.exists(), "there is no such file")
                    self.assertTrue(target.is_relative_to(ROOT), "it leads out of the project")
                    if anchor:
                        self.assertIn(anchor, anchors(target))

    def test_every_file_that_is_named_exists(self):
        for page in PAGES:
            for name in PATH.findall(prose(page)):
                with self.subTest(page=page.name, name=name):
                    self.assertTrue((ROOT / name).exists(), "there is no such file")

    def test_every_test_that_is_named_exists(self):
        sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.cpp")]
        text = "\n".join(LITERALS.sub("", source) for source in sources)
        named = 0
        for page in PAGES:
            for name in CASE.findall(prose(page)):
                named += 1
                with self.subTest(page=page.name, name=name):
                    self.assertIn(f'"{name}"', text)
        self.assertGreater(named, 100)

    def test_versions_agree(self):
        def read(name):
            return (ROOT / name).read_text(encoding="utf-8")

        header = read("include/natpmp/version.hpp")
        parts = [re.search(rf"#define NATPMP_VERSION_{part} (\d+)\n", header)[1]
                 for part in ("MAJOR", "MINOR", "PATCH")]
        version = ".".join(parts)
        namespace = f"v{parts[0]}_{parts[1]}"
        self.assertIn(f'#define NATPMP_VERSION_STRING "{version}"\n', header)
        self.assertIn(f"#define NATPMP_ABI_NAMESPACE {namespace}\n", header)
        self.assertIn(f"#define NATPMP_ABI_NAMESPACE {namespace}_boost\n", header)
        self.assertIn(f'"version": "{version}"',
                      read("cmake/packaging/vcpkg/asio-natpmp/vcpkg.json"))
        for name in re.findall(r"asio-natpmp(?:-dev)?[-_/](\d+\.\d+\.\d+)", read("docs/consuming.md")):
            self.assertEqual(name, version)
        self.assertEqual(re.search(r"^## (\S+),", read("docs/CHANGELOG.md"), re.MULTILINE)[1],
                         version)
        self.assertIn(f"`natpmp::{namespace}`", read("docs/versions.md"))

    def test_the_readme_leads_to_every_page(self):
        linked = LINK.findall(prose(ROOT / "README.md"))
        for page in PAGES[1:]:
            self.assertIn(page.relative_to(ROOT).as_posix(), linked)

    def test_headings_are_distinct(self):
        for page in PAGES:
            found = anchors(page)
            self.assertEqual(len(found), len(set(found)), page.name)


if __name__ == "__main__":
    unittest.main()
