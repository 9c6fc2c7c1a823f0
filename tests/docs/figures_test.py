#!/usr/bin/env python3
"""Whether the figures in the documents are those of the code."""

import re
import unittest
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = "include/natpmp/detail/core/"
CLIENT = "include/natpmp/detail/asio_client/client_state.hpp"
UNITS = {"": 1, "ms": Fraction(1, 1000), "s": 1, "second": 1, "seconds": 1, "min": 60, "minutes": 60,
         "h": 3600, "hours": 3600, "bytes": 1, "µs": 1, "KiB": 1}
WORDS = {"three": "3", "five": "5", "nine": "9", "ten": "10"}

# The name of a figure: the file, and a regular expression that captures it there.
FIGURES = {
    "first wait": (CORE + "retransmission.hpp", r"first_wait = (\w+);"),
    "nine": (CORE + "retransmission.hpp", r"nine_transmissions = (\d+)"),
    "five": (CORE + "retransmission.hpp", r"five_transmissions = (\d+)"),
    "three": (CORE + "retransmission.hpp", r"three_transmissions = (\d+)"),
    "least attempt": (CORE + "retransmission.hpp", r"least_attempt = (\w+);"),
    "first pause": (CORE + "retransmission.hpp", r"first = refused \? [^:]*: duration\{(\w+)\}"),
    "most pause": (CORE + "retransmission.hpp", r"most = refused \? [^:]*: duration\{(\w+)\}"),
    "first refused": (CORE + "retransmission.hpp", r"first = refused \? duration\{(\w+)\}"),
    "most refused": (CORE + "retransmission.hpp", r"most = refused \? duration\{(\w+)\}"),
    "request gap": (CORE + "lease.hpp", r"least_request_gap = (\w+);"),
    "renewal gap": (CORE + "lease.hpp", r"least_renewal_gap = (\w+);"),
    "longest lease": (CORE + "lease.hpp", r"uint32_t\{(24 \* 60 \* 60)\}"),
    "epoch share": (CORE + "lease.hpp", r"passed \* (7 / 8)"),
    "epoch tolerance": (CORE + "lease.hpp", r"7 / 8 - duration\{(\w+)\}"),
    "guard": (CORE + "engine_mappings.hpp", r"guard_time = (\w+);"),
    "yield": (CORE + "engine_mappings.hpp", r"yield_wait = (\w+);"),
    "late answer": (CORE + "engine_responses.hpp", r"late_answer_window = (\w+);"),
    "late error": (CORE + "engine_responses.hpp", r"late_error_window = (\w+);"),
    "address interval": (CORE + "engine_responses.hpp", r"address_interval = (\w+);"),
    "fresh address": (CORE + "gateway_status.hpp", r"told_at < (\w+);"),
    "error kept": (CORE + "gateway_status.hpp", r"error_until_ = now \+ duration\{(\w+)\}"),
    "random wait": (CORE + "gateway_status.hpp", r"constexpr duration most = (\w+);"),
    "hints": (CORE + "gateway_status.hpp", r"limit_\{(\d+), \w+\}"),
    "hint pause": (CORE + "gateway_status.hpp", r"limit_\{\d+, (\w+)\}"),
    "changes": (CORE + "gateway_status.hpp", r"changes_\{(\d+), \w+\}"),
    "change pause": (CORE + "gateway_status.hpp", r"changes_\{\d+, (\w+)\}"),
    "settle": (CORE + "gateway_status.hpp", r"routes_settled_at, now \+ duration\{(\w+)\}"),
    "rounds": (CORE + "engine_shutdown.hpp", r"shutdown_rounds = (\d+)"),
    "longest limit": (CORE + "engine_shutdown.hpp", r"has_answered \? duration\{(\w+)\}"),
    "datagrams": (CLIENT, r"most_datagrams = (\d+)"),
    "lifetime": ("include/natpmp/types.hpp", r"seconds lifetime\{(\d\d+)\}"),
    "least storm": ("tests/sim/wire_checks.hpp", r"10'800 : ([\d']+);"),
    "most storm": ("tests/sim/wire_checks.hpp", r"bound = least_lease < 60s \? ([\d']+)"),
    "of an operation": ("tests/sim/wire_checks.hpp", r"- (\d+) \* operations"),
    "CPU": ("tests/bench/engine.cpp", r'"CPU of a renewal", cpu, (\d+)'),
    "heap": ("tests/bench/engine.cpp", r'"heap of a mapping", usable, (\d+)'),
    "cost": ("tests/cost/run.sh", r"most_bytes=\$\(\((\d+) \* 1024"),
}

# A page, a piece of a sentence in it, with "@" for a figure, and the figure's name; its unit, if the
# page leaves it out. "schedule" stands for all waits of so many transmissions, added up for several.
QUOTES = [
    ("design.md", "at most @ datagrams from each", "datagrams"),
    ("design.md", "no sooner than @ (transmission)", "first wait"),
    ("design.md", "(transmission), @ (map request)", "request gap"),
    ("design.md", "or @ (failing renewal)", "renewal gap"),
    ("design.md", "never less than @ after its last transmission", "first wait"),
    ("design.md", "its answer is awaited for @,", "yield"),
    ("design.md", "ends @ after it began", "least attempt"),
    ("design.md", "`errc::invalid_grant` @ after", "least attempt"),
    ("design.md", "less than @ after an unanswered delete", "late error"),
    ("design.md", "asked for once more, @ after its map request", "request gap"),
    ("design.md", "within @ of the last delete", "late answer"),
    ("design.md", "up to @ after the last map request", "guard"),
    ("design.md", "@ transmissions in 1.75 s are enough", "three"),
    ("design.md", "transmissions in @ are enough", "schedule three"),
    ("design.md", "with @ transmissions in 7.75 s", "five"),
    ("design.md", "transmissions in @: a gateway", "schedule five"),
    ("design.md", "the completion by @.", "schedule nine"),
    ("design.md", "good for @;", "fresh address"),
    ("design.md", "after @ in any case", "address interval"),
    ("design.md", "sends @ times within 7.75 s", "five"),
    ("design.md", "times within @. The RFC", "schedule five"),
    ("design.md", "are sent @ times within 1.75 s", "three"),
    ("design.md", "sent 3 times within @.", "schedule three"),
    ("design.md", "one share to be answered, @ at most", "yield"),
        ("design.md", "not up: for @, doubling", "first pause"),
    ("design.md", "doubling to @. After the pause", "most pause"),
    ("design.md", "its pause is longer, @, doubling", "first refused"),
    ("design.md", "doubling to @, since", "most refused", "min"),
    ("design.md", "counts as @ at most, or as what", "longest lease"),
    ("design.md", "start at least @ apart", "request gap"),
    ("design.md", "plus @ of the time since", "epoch share"),
    ("design.md", "since, less @ (RFC", "epoch tolerance"),
    ("design.md", "a random wait of up to @.", "random wait"),
    ("design.md", "@ recoveries may follow", "hints"),
    ("design.md", "@ such hints may follow", "hints"),
    ("design.md", "there is one in @", "hint pause"),
    ("design.md", "looked up @ after the first", "settle"),
    ("design.md", "@ changes in a row", "changes"),
    ("design.md", "after that, one in @.", "change pause"),
    ("design.md", "at most @ datagrams in an hour", "least storm"),
    ("design.md", "60 s or more, and @ if", "most storm"),
    ("design.md", "of the application may add @.", "of an operation"),
    ("cancellation.md", "waits up to @ for the answer", "yield"),
    ("cancellation.md", "is sent @ times at most", "three"),
    ("errors.md", "any transmission: @ after the first", "schedule nine"),
    ("errors.md", "so @ after the call", "schedule nine three"),
    ("errors.md", "for `async_unmap_port` after @ ", "schedule five"),
    ("errors.md", "New ones fail for the next @,", "error kept"),
    ("getting-started.md", "less than @ ago", "fresh address"),
    ("getting-started.md", "nine times in @ for a map request", "schedule nine"),
    ("getting-started.md", "`errc::gateway_silent` after @.", "schedule nine three"),
    ("getting-started.md", "With the @ of the delete", "schedule three"),
    ("getting-started.md", "the default is @ ", "lifetime"),
    ("lifetime-and-shutdown.md", "up to @ later if a map request", "guard"),
    ("lifetime-and-shutdown.md", "and @ at most, within 1.75 s", "rounds"),
    ("lifetime-and-shutdown.md", "at most, within @ or its share", "schedule three"),
    ("lifetime-and-shutdown.md", "A limit above @ counts", "longest limit"),
    ("security.md", "limited: @ in a row, then one", "hints"),
    ("security.md", "in a row, then one in @ |", "hint pause"),
    ("security.md", "after @ with the next renewal", "fresh address"),
    ("security.md", "renewal, after @ otherwise", "address interval"),
    ("security.md", "new ones for @.", "error kept"),
    ("rfc6886.md", "`gateway_silent` at @;", "schedule nine"),
    ("rfc6886.md", "first wait @;", "first wait"),
    ("rfc6886.md", "kept for @ and ends", "error kept"),
    ("rfc6886.md", "uniform in 0..@,", "random wait"),
    ("routers-and-platforms.md", "completes the mapping after @,", "schedule five"),
    ("routers-and-platforms.md", "added lines or @;", "cost"),
    ("coming-from-other-libraries.md", "`errc::gateway_silent` (@ for a request)", "schedule nine"),
    ("../README.md", "`errc::gateway_silent` after @.", "schedule nine three"),
    ("../README.md", "and @ for the map request", "schedule nine"),
    ("../README.md", "That is @ for the delete", "schedule three"),
    ("performance.md", "with 10 to 10,000 mappings | @ |", "CPU"),
    ("performance.md", "beyond a client with one | @ |", "heap"),
]


def read(name):
    """A file, with every run of white space as one space."""
    return " ".join((ROOT / name).read_text(encoding="utf-8").split())


def value(text, unit=""):
    """A figure such as 24 * 60 * 60, 250ms, 10'800, 7/8 or nine, in seconds if it is a time."""
    number, own_unit = re.fullmatch(r"([\d.*/ ]+?) ?([A-Za-zµ]*)", re.sub(r"[',]", "", text)).groups()
    result = Fraction(1)
    for operator, operand in re.findall(r"([*/]?) ?([\d.]+)", number):
        result = result / Fraction(operand) if operator == "/" else result * Fraction(operand)
    return result * UNITS[own_unit or unit]


def figure(name):
    """The value of a figure in the code."""
    if name.startswith("schedule "):
        return sum(figure("first wait") * (2 ** int(figure(count)) - 1) for count in name.split()[1:])
    path, pattern = FIGURES[name]
    return value(re.search(pattern, read(path))[1])


class FiguresTest(unittest.TestCase):
    def test_every_figure_is_in_the_code(self):
        for name, (path, pattern) in FIGURES.items():
            with self.subTest(name):
                self.assertEqual(len(set(re.findall(pattern, read(path)))), 1, path)

    def test_every_figure_is_quoted(self):
        quoted = {name.removeprefix("schedule ") for _, _, name, *_ in QUOTES}
        self.assertEqual(set(FIGURES) - quoted, set())

    def test_pages_say_what_the_code_does(self):
        words = "|".join(WORDS)
        for page, sentence, name, *unit in QUOTES:
            with self.subTest(page=page, sentence=sentence):
                amount = rf"((?i:{words})|\d[\d.,/]*\d|\d)((?: (?:{'|'.join(filter(None, UNITS))})\b)?)"
                found = re.findall(re.escape(sentence).replace("@", amount), read("docs/" + page))
                self.assertTrue(found, "the page does not say this")
                for number, own_unit in found:
                    text = WORDS.get(number.lower(), number) + own_unit.strip()
                    self.assertEqual(value(text, *unit), figure(name))

    def test_the_waits_of_the_schedule_agree(self):
        self.assertEqual(figure("least attempt"), figure("first wait") * (2**4 - 1))


if __name__ == "__main__":
    unittest.main()
