#!/usr/bin/env python3
"""plot.py DATA FOLDER: draws the figures that run.sh wrote to DATA as small SVG files."""

import csv
import math
import pathlib
import sys

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 60, 620, 50, 310
BLUE, ORANGE, GREY = "#1f5fa8", "#d9822b", "#777777"


def read(path):
    """The rows of a file of tab-separated columns."""
    with open(path, encoding="utf-8") as lines:
        return list(csv.reader((line for line in lines if not line.startswith("#")), delimiter="\t"))


def step_for(top):
    """A round distance between the lines of a grid."""
    power = 10 ** math.floor(math.log10(top))
    return next(power * share for share in (0.2, 0.5, 1, 2) if top / (power * share) <= 6)


class Figure:
    """Axes, and what is drawn between them. across() and up() give places for values."""

    def __init__(self, title, unit, top):
        self.parts = []
        self.names = 0
        self.top = top
        self.text(LEFT, 18, title, anchor="start", size=14)
        self.text(LEFT, 36, unit, anchor="start")
        step = step_for(top)
        for count in range(int(top / step) + 1):
            height = self.up(count * step)
            self.line([(LEFT, height), (RIGHT, height)], "#dddddd", 1)
            self.text(LEFT - 8, height + 4, f"{count * step:g}", anchor="end")

    def up(self, value):
        return BOTTOM - (BOTTOM - TOP) * value / self.top

    def text(self, x, y, text, anchor="middle", size=12, colour="#333333"):
        self.parts.append(f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" '
                          f'font-size="{size}" fill="{colour}">{text}</text>')

    def line(self, points, colour, width=2, dashed=False):
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(f'<polyline points="{places}" fill="none" stroke="{colour}" '
                          f'stroke-width="{width}"{dashes}/>')

    def dots(self, points, colour):
        self.parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
                       for x, y in points]

    def bar(self, x, width, value, colour):
        self.parts.append(f'<rect x="{x:.1f}" y="{self.up(value):.1f}" width="{width:.1f}" '
                          f'height="{BOTTOM - self.up(value):.1f}" fill="{colour}"/>')
        self.text(x + width / 2, self.up(value) - 4, f"{value:.2f}", size=11)

    def name(self, text, colour):
        """Names a colour, in the top right corner."""
        self.text(RIGHT, 18 + 16 * self.names, text, anchor="end", colour=colour)
        self.names += 1

    def save(self, path):
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'font-family="sans-serif">\n<rect width="100%" height="100%" fill="white"/>\n'
            + "\n".join(self.parts) + "\n</svg>\n", encoding="utf-8")


def by_mappings(figure, sizes):
    """A logarithmic axis with the numbers of mappings; returns the place of each."""
    last = math.log10(max(sizes))
    places = [LEFT + 15 + (RIGHT - LEFT - 45) * (math.log10(size) - 1) / (last - 1) for size in sizes]
    for place, size in zip(places, sizes):
        high = size not in (10 ** power for power in range(7)) # too near to its neighbour
        figure.text(place, BOTTOM + (34 if high else 18), f"{size:,}")
    figure.text((LEFT + RIGHT) / 2, HEIGHT - 2, "mappings")
    return places


def draw_scale(data, folder):
    rows = [[float(value) for value in row] for row in read(data / "engine.tsv")]
    sizes = [int(row[0]) for row in rows]

    growth = [rows[0][1] * math.log(size) / math.log(10) for size in sizes]
    figure = Figure("Processor time of a renewal in the engine", "µs", max(growth) * 1.1)
    places = by_mappings(figure, sizes)
    figure.line([(x, figure.up(value)) for x, value in zip(places, growth)], GREY, 1, dashed=True)
    for x, row in zip(places, rows):
        figure.line([(x, figure.up(row[2])), (x, figure.up(row[3]))], BLUE, 1)
    points = [(x, figure.up(row[1])) for x, row in zip(places, rows)]
    figure.line(points, BLUE)
    figure.dots(points, BLUE)
    figure.name("median, and 10 % to 90 % of the batches", BLUE)
    figure.name("growth with log n", GREY)
    figure.save(folder / "cpu.svg")

    figure = Figure("Heap of a mapping", "bytes", max(128, *(row[5] for row in rows)) * 1.1)
    places = by_mappings(figure, sizes)
    figure.line([(LEFT, figure.up(128)), (RIGHT, figure.up(128))], GREY, 1, dashed=True)
    for column, colour, name in ((5, BLUE, "as malloc gives it"), (4, ORANGE, "as asked for")):
        points = [(x, figure.up(row[column])) for x, row in zip(places, rows)]
        figure.line(points, colour)
        figure.dots(points, colour)
        figure.name(name, colour)
    figure.name("limit", GREY)
    figure.save(folder / "heap.svg")


def draw_latency(data, folder):
    rows = read(data / "latency.tsv")
    figure = Figure("Time for as many round trips", "times the bare loop's",
                    max(1.4, *(float(row[6]) for row in rows)) * 1.1)
    group = (RIGHT - LEFT) / len(rows)
    for number, row in enumerate(rows):
        start = LEFT + group * number
        figure.bar(start + group * 0.15, group * 0.35, float(row[5]), ORANGE)
        figure.bar(start + group * 0.5, group * 0.35, float(row[6]), BLUE)
        for line, part in enumerate(row[0].split(", ")):
            figure.text(start + group / 2, BOTTOM + 18 + 14 * line, part, size=11)
    figure.line([(LEFT, figure.up(1.3)), (RIGHT, figure.up(1.3))], GREY, 1, dashed=True)
    figure.name("client", BLUE)
    figure.name("bare loop on Asio", ORANGE)
    figure.name("limit", GREY)
    figure.save(folder / "latency.svg")

    rows = [[float(value) for value in row] for row in read(data / "latency_spread.tsv")]
    middle = next(row for row in rows if row[0] == 0.5)
    least, most = min(row[1] for row in rows) * 0.9, middle[3] * 1.8
    figure = Figure("1 mapping: from the first datagram to mapped", "share of the rounds", 1)
    across = lambda value: LEFT + (RIGHT - LEFT) * (value - least) / (most - least)
    step = step_for(most - least)
    for count in range(math.ceil(least / step), int(most / step) + 1):
        figure.text(across(count * step), BOTTOM + 18, f"{count * step:g}")
    figure.text((LEFT + RIGHT) / 2, HEIGHT - 12, "µs")
    for column, colour, name in ((1, GREY, "bare loop"), (2, ORANGE, "bare loop on Asio"),
                                 (3, BLUE, "client")):
        figure.line([(across(row[column]), figure.up(row[0])) for row in rows
                     if row[column] <= most], colour)
        figure.name(name, colour)
    figure.save(folder / "spread.svg")


def main(data, folder):
    folder.mkdir(parents=True, exist_ok=True)
    draw_scale(data, folder)
    draw_latency(data, folder)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
