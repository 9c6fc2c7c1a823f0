#!/usr/bin/env python3
"""A NAT-PMP gateway that does on schedule what real ones do by chance, and logs every datagram.

It shares no code with the library, so that both cannot be wrong in the same way. The times on the
command line are seconds since the first grant. What is to happen at a time T happens at the first
map request (transmission, answered or not) that comes then or later, before it is answered.

The log has a line for each thing that happened. Its times are seconds on the monotonic clock: first
since the first grant, "-" before it; then since the first datagram.

  TIME TIME request|dropped map|delete tcp|udp INTERNAL EXTERNAL LIFETIME
  TIME TIME request|dropped address
  TIME TIME answer map|delete tcp|udp INTERNAL EXTERNAL LIFETIME RESULT EPOCH
  TIME TIME answer address RESULT EPOCH
  TIME TIME stop|continue PID
  TIME TIME restart
"""

import argparse
import heapq
import os
import select
import signal
import socket
import struct
import time

SUCCESS, NOT_AUTHORIZED = 0, 2
EPOCH_AT_START = 1000  # long ago, so that a restart shows in the epoch


def pair(text):
    """For argparse: two numbers with a colon between them."""
    first, second = text.split(":")
    return float(first), float(second)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="127.0.0.1", help="where to listen")
    parser.add_argument("--port", type=int, default=5351)
    parser.add_argument("--external", default="11.22.33.1", help="the external address it tells")
    parser.add_argument("--lease", type=int, help="grant so many seconds, not what is asked for")
    parser.add_argument("--delay", type=float, default=0, help="answer after so many seconds")
    parser.add_argument("--silent", metavar="FROM:TO", type=pair, action="append", default=[],
                        help="take no notice of what comes then")
    parser.add_argument("--refuse-absent", action="store_true",
                        help="refuse to delete what is not there, with code 2")
    parser.add_argument("--restart", metavar="T", type=float, action="append", default=[],
                        help="start the epoch again and forget the mappings")
    parser.add_argument("--stop", metavar="T:SECONDS", type=pair, action="append", default=[],
                        help="stop a process for so long, by SIGSTOP")
    parser.add_argument("--pid-file", help="has the number of that process")
    return parser.parse_args()


class Gateway:
    def __init__(self, options):
        self.options = options
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((options.address, options.port))
        self.restarts = sorted(options.restart)
        self.stops = sorted(options.stop)
        self.first_datagram = self.first_grant = None
        self.epoch_start = time.monotonic() - EPOCH_AT_START
        self.table = {}  # (opcode, internal port): when the lease ends
        self.plan = []  # a heap of (time, number, action); the number keeps the order
        self.planned = 0

    def run(self):
        print("ready", flush=True)
        while True:
            wait = max(0, self.plan[0][0] - time.monotonic()) if self.plan else None
            readable, _, _ = select.select([self.socket], [], [], wait)
            if readable:
                request, sender = self.socket.recvfrom(1500)
                self.take(request, sender, time.monotonic())
            while self.plan and self.plan[0][0] <= time.monotonic():
                heapq.heappop(self.plan)[2]()

    def at(self, when, action):
        self.planned += 1
        heapq.heappush(self.plan, (when, self.planned, action))

    def log(self, now, *words):
        times = ["-" if start is None else f"{now - start:.3f}"
                 for start in (self.first_grant, self.first_datagram)]
        print(*times, *words, flush=True)

    def take(self, request, sender, now):
        if self.first_datagram is None:
            self.first_datagram = now
        if len(request) < 2 or request[0] != 0 or request[1] > 2:
            return self.log(now, "strange", request.hex())
        opcode = request[1]
        internal = external = lifetime = 0
        words = ("address",)
        if opcode > 0:
            internal, external, lifetime = struct.unpack(">HHI", request[4:12])
            words = ("map" if lifetime else "delete", "udp" if opcode == 1 else "tcp",
                     internal, external, lifetime)
        since = None if self.first_grant is None else now - self.first_grant
        silent = since is not None and any(a <= since < b for a, b in self.options.silent)
        if lifetime and not silent and self.first_grant is None:
            self.first_grant = now
        self.log(now, "dropped" if silent else "request", *words)
        if lifetime and since is not None:
            self.disturb(since, now)
        if not silent:
            self.answer(opcode, internal, external, lifetime, words, sender, now)

    def disturb(self, since, now):
        """What the command line says for this map request."""
        if self.restarts and self.restarts[0] <= since:
            self.restarts.pop(0)
            self.epoch_start = now
            self.table.clear()
            self.log(now, "restart")
        if self.stops and self.stops[0][0] <= since:
            _, seconds = self.stops.pop(0)
            with open(self.options.pid_file, encoding="ascii") as file:
                process = int(file.read())
            os.kill(process, signal.SIGSTOP)
            self.log(now, "stop", process)
            self.at(now + seconds, lambda: self.let_continue(process))

    def let_continue(self, process):
        self.log(time.monotonic(), "continue", process)
        os.kill(process, signal.SIGCONT)

    def answer(self, opcode, internal, external, lifetime, words, sender, now):
        result = SUCCESS
        key = (opcode, internal)
        if lifetime:
            lifetime = self.options.lease or lifetime
            external = external or internal
            self.table[key] = now + lifetime
            words = (*words[:3], external, lifetime)
        elif opcode > 0:
            if self.table.pop(key, now) <= now and self.options.refuse_absent:
                result = NOT_AUTHORIZED
            external = 0

        def send():
            moment = time.monotonic()
            epoch = int(moment - self.epoch_start)
            packet = struct.pack(">BBHI", 0, 0x80 | opcode, result, epoch)
            if opcode == 0:
                packet += socket.inet_aton(self.options.external)
            else:
                packet += struct.pack(">HHI", internal, external, lifetime)
            self.log(moment, "answer", *words, result, epoch)
            self.socket.sendto(packet, sender)

        if self.options.delay:
            self.at(now + self.options.delay, send)
        else:
            send()


if __name__ == "__main__":
    Gateway(parse_arguments()).run()
